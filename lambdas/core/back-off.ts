import { DAY, HOUR } from './duration.ts';

/** How often what only took too long is gone on with an hour later; what takes longer than that counts as failed. */
const HOURLY_AT_FIRST = 6;

/**
 * When to try again after a failure, in milliseconds since the epoch: 1 h, 2 h, 4 h … up to a day, but at most a
 * tenth of what is left of the live certificate, and at least an hour. `notBefore`, when the server's Retry-After ends, wins when
 * it is later.
 *
 * `failures` counts this failure too. `notAfter` is the live certificate's, if there is one. `slow`: nothing was refused,
 * only the time was up; the first six are an hour apart.
 */
export function nextAttemptAt(failure: {
  readonly now: number;
  readonly failures: number;
  readonly notAfter?: number;
  readonly notBefore?: number;
  readonly slow?: boolean;
}): number {
  const counted = failure.slow ? Math.max(1, failure.failures - HOURLY_AT_FIRST + 1) : failure.failures;
  const doubling = HOUR * 2 ** Math.min(counted - 1, 10);
  const tenthOfRest = failure.notAfter === undefined ? DAY : (failure.notAfter - failure.now) / 10;
  const pause = Math.max(HOUR, Math.min(doubling, DAY, tenthOfRest));
  return Math.max(failure.now + pause, failure.notBefore ?? 0);
}
