import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { nextAttemptAt } from '../../lambdas/core/back-off.ts';
import { DAY, HOUR, MINUTE, parseRenewBefore, SECOND } from '../../lambdas/core/duration.ts';
import { isRenewBeforeTooLong, latestRenewal, lifetimeRenewal } from '../../lambdas/core/lifetime.ts';
import { nextRenewalInfoCheck, selectedInstant } from '../../lambdas/core/renewal-window.ts';

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

describe('parseRenewBefore', () => {
  it.each(['', '0d', '30', '100%', '0%', '-1d', '1.5d', '30 d', 'd', '9999999d'])('refuses %j', (text) => {
    expect(parseRenewBefore(text)).toBeUndefined();
  });
});

describe('nextAttemptAt', () => {
  const now = start;
  const inHours = (failures: number, left?: number) =>
    (nextAttemptAt({ now, failures, ...(left === undefined ? {} : { notAfter: now + left }) }) - now) / HOUR;

  it('doubles from an hour to a day', () => {
    expect([1, 2, 3, 4, 5, 6, 1000].map((failures) => inHours(failures))).toEqual([1, 2, 4, 8, 16, 24, 24]);
  });

  it('waits at most a tenth of what is left, and at least an hour even when nothing is', () => {
    expect(inHours(6, 3 * DAY)).toBeCloseTo(7.2);
    expect(inHours(6, HOUR)).toBe(1);
    expect(inHours(6, -DAY)).toBe(1);
  });

  it('obeys a Retry-After that is later, and its own pause when that is later', () => {
    expect(nextAttemptAt({ now, failures: 1, notBefore: now + 2 * DAY })).toBe(now + 2 * DAY);
    expect(nextAttemptAt({ now, failures: 1, notBefore: now + MINUTE })).toBe(now + HOUR);
  });

  it('begins later when nothing was refused and only the time was up, and begins all the same', () => {
    const slow = [1, 6, 7, 8, 20].map((failures) => (nextAttemptAt({ now, failures, slow: true }) - now) / HOUR);
    expect(slow).toEqual([1, 1, 2, 4, 24]);
  });
});

describe('renewal windows', () => {
  it('selects a moment within the window', () => {
    fc.assert(
      fc.property(
        fc.integer(),
        fc.nat(),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (from, length, fraction) => {
          const at = selectedInstant({ start: from, end: from + length }, fraction);
          expect(at).toBeGreaterThanOrEqual(from);
          expect(at).toBeLessThanOrEqual(from + length);
        },
      ),
    );
  });

  it('selects moments all over the window, but for its end, where the hourly schedule would come too late', () => {
    const window = { start, end: start + 3.2 * HOUR };
    const fractions = Array.from({ length: 1_000 }, (_, index) => index / 1_000);
    const selected = fractions.map((fraction) => selectedInstant(window, fraction) - start);
    expect(Math.min(...selected)).toBe(0);
    expect(Math.max(...selected) + HOUR).toBeLessThan(3.2 * HOUR);
    const early = selected.filter((at) => at < HOUR).length;
    expect(Math.abs(early / 1_000 - HOUR / (3.2 * HOUR - 70 * MINUTE))).toBeLessThan(0.01);
    expect(selectedInstant({ start, end: start + MINUTE }, 0.9)).toBe(start);
  });

  it.each([
    ['a second', SECOND, MINUTE],
    ['six hours', 6 * HOUR, 6 * HOUR],
    ['60 days', 60 * DAY, DAY],
    ['nothing', undefined, 6 * HOUR],
  ])('asks again after %s, clamped to a minute and a day', (_what, retryAfter, wait) => {
    expect(nextRenewalInfoCheck(start, retryAfter) - start).toBe(wait);
  });
});
