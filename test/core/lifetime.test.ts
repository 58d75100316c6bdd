import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { DAY, HOUR, parseRenewBefore, SECOND } from '../../lambdas/core/duration.ts';
import { isRenewBeforeTooLong, latestRenewal, lifetimeRenewal } from '../../lambdas/core/lifetime.ts';

const start = Date.parse('2026-11-01T00:00:00Z');
const lasting = (milliseconds: number) => ({ notBefore: start, notAfter: start + milliseconds });

describe('lifetimeRenewal', () => {
  it.each([
    ['90 days', 90 * DAY, 60 * DAY],
    ['45 days', 45 * DAY, 30 * DAY],
    ['ten days', 10 * DAY, Math.floor((10 * DAY * 2) / 3 / SECOND) * SECOND],
    ['160 hours', 160 * HOUR, 80 * HOUR],
    ['ten years', 3650 * DAY, Math.floor((3650 * DAY * 2) / 3 / SECOND) * SECOND],
  ])('renews a certificate of %s after two thirds, or half when it is short', (_what, lifetime, after) => {
    expect(lifetimeRenewal(lasting(lifetime))).toBe(start + after);
  });

  it.each([
    ['30d', 60 * DAY],
    ['36h', 90 * DAY - 36 * HOUR],
    ['33%', Math.floor((90 * DAY * 0.67) / SECOND) * SECOND],
    ['99%', Math.floor((90 * DAY * 0.01) / SECOND) * SECOND],
  ])('renews %s before the end', (text, after) => {
    expect(lifetimeRenewal(lasting(90 * DAY), parseRenewBefore(text))).toBe(start + after);
  });

  it('disregards a renewBefore that is as long as the lifetime, which would renew for ever', () => {
    const renewBefore = { milliseconds: 6 * DAY };
    expect(isRenewBeforeTooLong(lasting(6 * DAY), renewBefore)).toBe(true);
    expect(lifetimeRenewal(lasting(6 * DAY), renewBefore)).toBe(start + 3 * DAY);
  });

  it('is a whole second within the lifetime, and before the last moment, for every lifetime', () => {
    fc.assert(
      fc.property(fc.integer({ min: 3600, max: 20 * 365 * 86_400 }), (seconds) => {
        const validity = lasting(seconds * SECOND);
        const at = lifetimeRenewal(validity);
        expect(at % SECOND).toBe(0);
        expect(at).toBeGreaterThan(validity.notBefore);
        expect(at).toBeLessThan(latestRenewal(validity));
        expect(latestRenewal(validity)).toBeLessThan(validity.notAfter);
      }),
    );
  });
});
