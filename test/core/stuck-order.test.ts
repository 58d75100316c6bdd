import { describe, expect, it } from '@jest/globals';
import { DAY, HOUR } from '../../lambdas/core/duration.ts';
import { isSlow, isStuck } from '../../lambdas/core/stuck-order.ts';

const since = Date.parse('2026-11-01T00:00:00Z');
/** In its last quarter at `since`. */
const ending = { notBefore: since - 70 * DAY, notAfter: since + 20 * DAY };
/** Due, and not yet in its last quarter. */
const due = { notBefore: since - 60 * DAY, notAfter: since + 30 * DAY };

describe('an order that stays `processing`', () => {
  const isGivenUp = (waited: number, live: typeof due | undefined, force = false) =>
    isStuck(since, { now: since + waited, live, force });

  it.each([
    ['nothing is live', undefined, false],
    ['the live certificate is in its last quarter', ending, false],
    ['somebody forces it', due, true],
  ])('is given up after a day when %s', (_when, live, force) => {
    expect([isGivenUp(DAY - 1, live, force), isGivenUp(DAY, live, force)]).toEqual([false, true]);
  });

  it('is given up when the last quarter begins, and after a week in any case', () => {
    const later = { notBefore: since - 60 * DAY, notAfter: since + 34 * DAY };
    expect([isGivenUp(6 * DAY, due), isGivenUp(7 * DAY - 1, later), isGivenUp(7 * DAY, later)]).toEqual([
      false,
      false,
      true,
    ]);
    const earlier = { notBefore: since - 65 * DAY, notAfter: since + 25 * DAY };
    expect([isGivenUp(2 * DAY, earlier), isGivenUp(2.5 * DAY, earlier)]).toEqual([false, true]);
  });

  it('is given up after an eighth of a short lifetime', () => {
    const short = { notBefore: since - 18 * HOUR, notAfter: since + 6 * HOUR };
    expect([isGivenUp(3 * HOUR - 1, short), isGivenUp(3 * HOUR, short)]).toEqual([false, true]);
    expect(isGivenUp(HOUR, short, true)).toBe(false);
  });

  it('is gone on with when nobody knows since when', () => {
    expect(isStuck(undefined, { now: since, live: undefined, force: true })).toBe(false);
  });
});

describe('the issuer of an order that was given up', () => {
  it('is slow for a week, while nothing is live', () => {
    const isLast = (waited: number) => isSlow(since, { now: since + waited, live: undefined });
    expect([isLast(0), isLast(7 * DAY - 1), isLast(7 * DAY)]).toEqual([true, true, false]);
  });

  it('is slow in the last quarter of the live certificate only', () => {
    const isLast = (live: typeof due) => isSlow(since, { now: since + DAY, live });
    expect([isLast(due), isLast(ending)]).toEqual([false, true]);
  });
});
