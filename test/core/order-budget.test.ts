import { describe, expect, it } from '@jest/globals';
import { DAY, HOUR, MINUTE } from '../../lambdas/core/duration.ts';
import {
  countedIssuances,
  hasKnownLimits,
  nextIssuance,
  ordersLeft,
  withIssuance,
  withOrder,
} from '../../lambdas/core/order-budget.ts';

const now = Date.parse('2026-11-24T00:00:00Z');
/** Days ago. */
const issued = (...days: readonly number[]) => days.map((ago) => now - ago * DAY);

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

  it('allows four certificates a week for the same names, and a fifth from an instant on', () => {
    const never = Number.POSITIVE_INFINITY;
    expect(nextIssuance(issued(6, 5, 4), now, never)).toBeUndefined();
    expect(nextIssuance(issued(6, 5, 4, 3), now, never)).toBe(now + DAY);
    expect(nextIssuance(issued(7, 6, 5, 4), now, never)).toBeUndefined();
    expect(nextIssuance(issued(6, 5, 4, 3), now, now)).toBeUndefined();
    expect(nextIssuance(issued(6, 5, 4, 3), now, now + HOUR)).toBe(now + HOUR);
    expect(nextIssuance(issued(6, 5, 4, 3), now, now + 2 * DAY)).toBe(now + DAY);
  });

  it('allows no sixth, from whatever instant on', () => {
    expect(nextIssuance(issued(6, 5, 4, 3, 2), now, now)).toBe(now + DAY);
    expect(nextIssuance(issued(6, 5, 4, 3, 2), now, now + 1.5 * DAY)).toBe(now + 1.5 * DAY);
    expect(nextIssuance(issued(6, 5, 4, 3, 2), now, now + 3 * DAY)).toBe(now + 2 * DAY);
  });

  it('counts what was issued within a week, and is told of more', () => {
    expect(countedIssuances(issued(9, 7, 6, 1), now)).toEqual(issued(6, 1));
  });

  it('never lets five be issued by themselves in any week, however often somebody asks', () => {
    let kept: readonly number[] = [];
    const at: number[] = [];
    for (let time = now; time < now + 30 * DAY; time += HOUR) {
      if (nextIssuance(kept, time, Number.POSITIVE_INFINITY) !== undefined) continue;
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
