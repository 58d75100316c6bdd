import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { DAY, HOUR, MINUTE, SECOND } from '../../lambdas/core/duration.ts';
import { nextRenewalInfoCheck, selectedInstant } from '../../lambdas/core/renewal-window.ts';

const start = Date.parse('2026-11-01T00:00:00Z');

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
