import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { pollAfterMilliseconds, retryAfterMilliseconds, retryAt } from '../../lambdas/acme/retry-after.ts';
import { DAY } from '../../lambdas/core/duration.ts';

const NOW = Date.UTC(2026, 10, 24, 12);

describe('Retry-After', () => {
  it.each([
    ['120', 120_000],
    [' 3 ', 3_000],
    ['0', 0],
    ['Tue, 24 Nov 2026 12:01:00 GMT', 60_000],
    ['Tuesday, 24-Nov-26 12:01:00 GMT', 60_000],
    ['Tue Nov 24 12:01:00 2026', 60_000],
    ['Tue, 24 Nov 2026 11:00:00 GMT', 0],
  ])('reads %s', (header, milliseconds) => {
    expect(retryAfterMilliseconds(header, NOW)).toBe(milliseconds);
  });

  it.each([
    [undefined],
    [''],
    ['soon'],
    ['-5'],
    ['1.5'],
    ['2026-11-24T12:01:00Z'],
    ['Tue, nonsense'],
    ['9'.repeat(40)],
  ])('is unknown for %s', (header) => {
    expect(retryAfterMilliseconds(header, NOW)).toBeUndefined();
  });

  it('is obeyed for two days, and for seven at most', () => {
    expect(retryAt('172800', NOW)).toBe(NOW + 2 * DAY);
    expect(retryAt('31536000', NOW)).toBe(NOW + 7 * DAY);
    expect(retryAt('Fri, 31 Dec 9999 23:59:59 GMT', NOW)).toBe(NOW + 7 * DAY);
  });

  it('makes polls no hot loop, and no wait for a day', () => {
    expect([pollAfterMilliseconds('0', NOW), pollAfterMilliseconds('86400', NOW)]).toEqual([1_000, 300_000]);
  });

  it('is a sane number or unknown, whatever the header is', () => {
    const header = fc.oneof(
      fc.string(),
      fc.nat().map(String),
      fc.bigInt().map(String),
      fc.date({ noInvalidDate: true }).map((date) => date.toUTCString()),
    );
    fc.assert(
      fc.property(header, (text) => {
        const pause = retryAfterMilliseconds(text, NOW) ?? 0;
        expect(Number.isFinite(pause) && pause >= 0).toBe(true);
        const at = retryAt(text, NOW) ?? NOW;
        expect(at >= NOW && at <= NOW + 7 * DAY).toBe(true);
      }),
    );
  });
});
