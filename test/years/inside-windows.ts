import { expect, it } from '@jest/globals';
import { DAY } from '../../lambdas/core/duration.ts';
import { type Profile, simulateYears } from '../sandbox/simulated-years.ts';

/** Hundreds of invocations for each certificate: a busy machine is no failure. Milliseconds of real time. */
const TIME_OUT = 600_000;

/**
 * Declares a test: one certificate of each profile for so many days, by the deployed `scan` and `renew`. Every renewal is
 * inside of its window, and none is one too many.
 */
export function itRenewsInsideWindows(
  what: string,
  fleet: {
    readonly days: number;
    /** By profile: how many there are, or what matches their number. */
    readonly renewals: Readonly<Partial<Record<Profile, unknown>>>;
    /** The share of a lifetime that is always left. */
    readonly left: number;
  },
): void {
  const { days, renewals, left } = fleet;
  it(
    `in ${what}`,
    async () => {
      const certificates = Object.fromEntries(Object.keys(renewals).map((profile) => [profile, 1]));
      // As seldom as evercert lets a CA ask for it.
      const years = await simulateYears({ certificates, days, renewalInfoRetryAfter: DAY, preApproved: true });
      expect(years.failedAttempts).toBe(0);
      expect(Object.fromEntries(years.profiles.map((each) => [each.profile, each.renewals]))).toEqual(renewals);
      for (const each of years.profiles) {
        expect(each.insideWindow).toBe(each.renewals);
        expect(each.orders).toBe(1 + each.renewals);
        // At random moments of the windows: each renewal may come a window (2 % of a lifetime) before the last moment.
        expect(each.orders).toBeLessThanOrEqual(Math.ceil(each.fewestPossible * 1.05));
        expect(each.lowestLeft).toBeGreaterThan(left);
      }
    },
    TIME_OUT,
  );
}
