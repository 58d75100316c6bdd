import { DAY, HOUR, MINUTE } from './duration.ts';

/** What a CA suggests (RFC 9773, section 4.2); milliseconds since the epoch. */
export interface RenewalWindow {
  readonly start: number;
  readonly end: number;
}

/** From the selected moment to an order: the schedule's next hour, and the start of a renewal. */
const REACTION = HOUR + 10 * MINUTE;

/**
 * The moment in the window at which to renew (RFC 9773, section 4.2, step 2: uniformly random). `fraction` (0 to 1) has
 * to be the same for the same certificate and window: drawing again at every look would favour early moments.
 *
 * Not so late that the hourly schedule would come after the window (section 4.2, step 5): a CA exempts from its limits
 * what is ordered inside.
 */
export function selectedInstant({ start, end }: RenewalWindow, fraction: number): number {
  return Math.floor(start + Math.max(0, end - start - REACTION) * fraction);
}

/**
 * When to ask again: the CA's Retry-After, within a minute and a day; six hours after no or no usable answer (RFC
 * 9773, section 4.3.3).
 */
export function nextRenewalInfoCheck(now: number, retryAfterMilliseconds: number | undefined): number {
  return now + Math.min(Math.max(retryAfterMilliseconds ?? 6 * HOUR, MINUTE), DAY);
}
