import { DAY, HOUR, MINUTE } from './duration.ts';

/** What a CA suggests (RFC 9773, section 4.2); milliseconds since the epoch. */
export interface RenewalWindow {
  readonly start: number;
  readonly end: number;
}

/**
 * The moment in the window at which to renew (RFC 9773, section 4.2, step 2: uniformly random). `fraction` (0 to 1) has
 * to be the same for the same certificate and window: drawing again at every look would favour early moments.
 */
export function selectedInstant(window: RenewalWindow, fraction: number): number {
  return Math.floor(window.start + (window.end - window.start) * fraction);
}

/**
 * When to ask again: the CA's Retry-After, within a minute and a day; six hours after no or no usable answer (RFC
 * 9773, section 4.3.3).
 */
export function nextRenewalInfoCheck(now: number, retryAfterMilliseconds: number | undefined): number {
  return now + Math.min(Math.max(retryAfterMilliseconds ?? 6 * HOUR, MINUTE), DAY);
}
