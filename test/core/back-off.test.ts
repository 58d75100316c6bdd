import { describe, expect, it } from '@jest/globals';
import { nextAttemptAt } from '../../lambdas/core/back-off.ts';
import { DAY, HOUR, MINUTE } from '../../lambdas/core/duration.ts';

describe('nextAttemptAt', () => {
  const now = Date.parse('2026-11-01T00:00:00Z');
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
