import { DAY, HOUR } from './duration.ts';

/**
 * When to try again after a failure, in milliseconds since the epoch: 1 h, 2 h, 4 h … up to a day, but at most a
 * tenth of what is left of the live certificate, and at least an hour. The server's own Retry-After wins when it is
 * later.
 *
 * `failures` counts this failure too. `notAfter` is the live certificate's, if there is one.
 */
export function retryAt(failure: {
  readonly now: number;
  readonly failures: number;
  readonly notAfter?: number;
  readonly retryAfter?: number;
}): number {
  const doubling = HOUR * 2 ** Math.min(failure.failures - 1, 10);
  const tenthOfRest = failure.notAfter === undefined ? DAY : (failure.notAfter - failure.now) / 10;
  const pause = Math.max(HOUR, Math.min(doubling, DAY, tenthOfRest));
  return Math.max(failure.now + pause, failure.retryAfter ?? 0);
}
