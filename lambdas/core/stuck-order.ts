import { DAY } from './duration.ts';
import { lastQuarter } from './fall-back.ts';
import type { Validity } from './lifetime.ts';

/** RFC 8555 has no limit for `processing` (7.1.3 asks for `expires` in `pending` and `valid` alone); CAs have taken hours. */
const PATIENCE = DAY;
/** Half of the last quarter: a second order fits into the other half, also where a day is a whole lifetime. */
const SHARE = 1 / 8;
/** Nothing is waited for longer than that: Let's Encrypt's orders end by then. */
const LONGEST = 7 * DAY;

/**
 * Whether an order that has been `processing` since an instant is given up, so that another one is placed: after a day, or an eighth of
 * the live certificate's lifetime, where waiting may cost the certificate (nothing is live, or its last quarter has begun) or
 * somebody forces it; after a week in any case. `undefined`: nobody has seen it `processing` yet.
 */
export function isStuck(
  since: number | undefined,
  { now, live, force }: { readonly now: number; readonly live: Validity | undefined; readonly force: boolean },
): boolean {
  if (since === undefined) return false;
  const patience = Math.min(PATIENCE, live === undefined ? PATIENCE : (live.notAfter - live.notBefore) * SHARE);
  const isUrgent = force || now >= lastQuarter(live);
  return now - since >= (isUrgent ? patience : LONGEST);
}

/**
 * Whether the issuer of an order that was given up is asked last: for a week, where the next issuer may be asked at all (nothing is
 * live, or the last quarter has begun). After that it has its turn again: what the others fail with may not pass.
 */
export function isSlow(
  givenUpAt: number,
  { now, live }: { readonly now: number; readonly live: Validity | undefined },
): boolean {
  return now >= lastQuarter(live) && now - givenUpAt < LONGEST;
}
