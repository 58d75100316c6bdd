import { expect, it } from '@jest/globals';
import { concernsNamesAlone } from '../../lambdas/core/rate-limit.ts';

const problem = (detail: string) => ({ type: 'urn:ietf:params:acme:error:rateLimited', status: 429, detail, url: '' });
const see = (heading: string) =>
  problem(`too many, retry after 2026-10-09 04:49:31 UTC: see https://letsencrypt.org/docs/rate-limits/#${heading}`);

it.each([
  'new-certificates-per-exact-set-of-identifiers',
  'new-certificates-per-exact-set-of-hostnames',
  'new-certificates-per-registered-domain',
  'authorization-failures-per-identifier-per-account',
])("A limit is one of the names when it is Let's Encrypt's %s", (heading) => {
  expect(concernsNamesAlone(see(heading))).toBe(true);
});

it.each([
  see('new-orders-per-account'),
  see('new-registrations-per-ip-address'),
  problem('Service busy; retry later.'),
  problem('too many certificates already issued'),
])('A limit counts for the account when it says %j', (limit) => {
  expect(concernsNamesAlone(limit)).toBe(false);
});

it('A limit is one of the names when each of its parts names one', () => {
  const part = { type: 'urn:ietf:params:acme:error:rateLimited', detail: 'too many' };
  const compound = (subproblems: readonly (typeof part & { identifier?: string })[]) =>
    concernsNamesAlone({ ...problem('several'), subproblems });
  expect(compound([{ ...part, identifier: 'leane.dev' }])).toBe(true);
  expect(compound([{ ...part, identifier: 'leane.dev' }, part])).toBe(false);
});
