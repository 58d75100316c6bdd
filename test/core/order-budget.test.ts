import { describe, expect, it } from '@jest/globals';
import { DAY, HOUR, MINUTE } from '../../lambdas/core/duration.ts';
import {
  countedIssuances,
  hasKnownLimits,
  nextIssuance,
  ordersLeft,
  type Wanted,
  withIssuance,
  withOrder,
} from '../../lambdas/core/order-budget.ts';

const now = Date.parse('2026-11-24T00:00:00Z');
/** Days ago. */
const issued = (...days: readonly number[]) => days.map((ago) => now - ago * DAY);

/** By the schedule, for a certificate that is far from its end. */
const early: Wanted = {
  byHand: false,
  live: { notBefore: now - 30 * DAY, notAfter: now + 60 * DAY },
  isLast: true,
};

describe('the budget', () => {
  it("is Let's Encrypt's; staging and other CAs have other limits", () => {
    expect(hasKnownLimits('https://acme-v02.api.letsencrypt.org/directory')).toBe(true);
    for (const url of [
      'https://acme-staging-v02.api.letsencrypt.org/directory',
      'https://ca.example/acme-v02.api.letsencrypt.org',
      'https://acme-v02.api.letsencrypt.org.example/',
      'no URL',
    ]) {
      expect(hasKnownLimits(url)).toBe(false);
    }
  });

  it('allows four certificates a week for the same names', () => {
    expect(nextIssuance(issued(6, 5, 4), now, early)).toBeUndefined();
    expect(nextIssuance(issued(6, 5, 4, 3), now, early)).toBe(now + DAY);
    expect(nextIssuance(issued(7, 6, 5, 4), now, early)).toBeUndefined();
    expect(nextIssuance(issued(6, 5, 4, 3), now, { ...early, live: undefined })).toBe(now + DAY);
  });

  it('allows hands a fifth at any time', () => {
    const byHand = { ...early, byHand: true };
    expect(nextIssuance(issued(6, 5, 4, 3), now, byHand)).toBeUndefined();
    expect(nextIssuance(issued(6, 5, 4, 3, 2), now, byHand)).toBe(now + DAY);
  });

  it('allows a certificate that would end a fifth in its last quarter, or eighth where other issuers follow', () => {
    // Of 160 hours, issued 20 hours ago: the last quarter begins in 100 hours, the last eighth in 120.
    const live = { notBefore: now - 20 * HOUR, notAfter: now + 140 * HOUR };
    const week = [20, 19, 18, 17].map((ago) => now - ago * HOUR);
    expect(nextIssuance(week, now, { ...early, live })).toBe(now + 100 * HOUR);
    expect(nextIssuance(week, now + 100 * HOUR, { ...early, live })).toBeUndefined();
    expect(nextIssuance(week, now, { ...early, live, isLast: false })).toBe(now + 120 * HOUR);
    expect(nextIssuance(week, now + 120 * HOUR, { ...early, live, isLast: false })).toBeUndefined();
  });

  it('leaves the fifth to hands where the week ends before that eighth begins', () => {
    // Of 90 days: the last quarter has begun a day ago, and the last eighth is ten days away.
    const live = { notBefore: now - 68.5 * DAY, notAfter: now + 21.5 * DAY };
    expect(nextIssuance(issued(1, 0.9, 0.8, 0.7), now, { ...early, live })).toBe(now + 6 * DAY);
    const later = now + 9 * DAY;
    const then = issued(-8, -8.1, -8.2, -8.3);
    expect(nextIssuance(then, later, { ...early, live })).toBeUndefined();
  });

  it('leaves the fifth to hands where the week ends as that eighth begins, and not a millisecond later', () => {
    const live = { notBefore: now - 70 * DAY, notAfter: now + 10 * DAY };
    const week = Array<number>(4).fill(live.notAfter - 17 * DAY);
    expect(nextIssuance(week, now - 1, { ...early, live })).toBe(now);
    expect(
      nextIssuance(
        week.map((at) => at + 1),
        now - 1,
        { ...early, live },
      ),
    ).toBeUndefined();
  });

  it('allows no sixth, however near the end is', () => {
    const ended = { ...early, live: { notBefore: now - 7 * DAY, notAfter: now - HOUR } };
    expect(nextIssuance(issued(6, 5, 4, 3), now, ended)).toBeUndefined();
    expect(nextIssuance(issued(6, 5, 4, 3, 2), now, ended)).toBe(now + DAY);
  });

  it('counts each certificate once, however often it is obtained', () => {
    expect(withIssuance(issued(2, 1), now - 2 * DAY)).toEqual(issued(2, 1));
    expect(withIssuance(issued(2), now)).toEqual(issued(2, 0));
  });

  it('counts what was issued within a week, and is told of more', () => {
    expect(countedIssuances(issued(9, 7, 6, 1), now)).toEqual(issued(6, 1));
  });

  it('never lets five be issued by themselves in any week, however often somebody asks', () => {
    let kept: readonly number[] = [];
    const at: number[] = [];
    for (let time = now; time < now + 30 * DAY; time += HOUR) {
      if (nextIssuance(kept, time, early) !== undefined) continue;
      kept = withIssuance(kept, time);
      at.push(time);
    }
    const mostInAWeek = Math.max(...at.map((start) => at.filter((t) => t >= start && t < start + 7 * DAY).length));
    expect(mostInAWeek).toBe(4);
    expect(kept.length).toBeLessThanOrEqual(8);
  });

  it('counts the orders of three hours', () => {
    expect(ordersLeft([], now)).toBe(250);
    expect(ordersLeft([now - MINUTE, now - 3 * HOUR], now)).toBe(249);
    expect(ordersLeft(Array(400).fill(now), now)).toBe(0);
    expect(withOrder([now - 4 * HOUR, now - HOUR], now)).toEqual([now - HOUR, now]);
  });
});
