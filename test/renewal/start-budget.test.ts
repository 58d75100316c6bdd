import { expect, it } from '@jest/globals';
import type { CertificateTags } from '../../lambdas/core/certificate-tags.ts';
import { countedOrders, startBudget } from '../../lambdas/renewal/scan/start-budget.ts';

const now = Date.parse('2026-11-24T00:00:00Z');
const LETS_ENCRYPT = 'https://acme-v02.api.letsencrypt.org/acme/renewal-info';

const startsOf = (budget: ReturnType<typeof startBudget>, tags: Partial<CertificateTags>) =>
  Array.from({ length: 300 }, () => budget.take({ acm: {}, ...tags })).filter(Boolean).length;

it('A scan starts what Let’s Encrypt allows in three hours, less what was ordered already', () => {
  const tags = { acm: {}, renewalInfo: LETS_ENCRYPT, ordered: [now - 60_000, now] };
  const ordered = Array.from({ length: 40 }, () => countedOrders(tags)).flat();
  expect(startsOf(startBudget(ordered, now), { renewalInfo: LETS_ENCRYPT })).toBe(170);
  expect(startsOf(startBudget([], now), { renewalInfo: LETS_ENCRYPT })).toBe(250);
});

it('A certificate that nothing is known of counts; one of another CA does not', () => {
  expect(startsOf(startBudget([], now), {})).toBe(250);
  expect(startsOf(startBudget([], now), { renewalInfo: 'https://ca.example/ari' })).toBe(300);
  expect(startsOf(startBudget([], now), { issuer: 'private' })).toBe(300);
});

it('Orders at another CA do not count', () => {
  expect(countedOrders({ acm: {}, renewalInfo: 'https://ca.example/ari', ordered: [now] })).toEqual([]);
});
