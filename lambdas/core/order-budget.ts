import { DAY, HOUR } from './duration.ts';

/** Let's Encrypt's limits (https://letsencrypt.org/docs/rate-limits/) less what is left for hands, lost counts and last quarters. */
const PER_EXACT_SET = { window: 7 * DAY, limit: 5, bySchedule: 4 } as const;
const NEW_ORDERS = { window: 3 * HOUR, limit: 300, bySchedule: 250 } as const;

/** As many instants as a tag holds. */
const MOST_KEPT = 8;

/** The one directory that has these limits: those of staging are far higher. */
export function hasKnownLimits(url: string): boolean {
  return URL.canParse(url) && new URL(url).hostname === 'acme-v02.api.letsencrypt.org';
}

/** What is kept of issuances of one certificate, the newest last; milliseconds since the epoch. */
export function withIssuance(before: readonly number[], now: number): readonly number[] {
  return [...countedIssuances(before, now), now].slice(-MOST_KEPT);
}

/** What is kept of orders of one certificate. */
export function withOrder(before: readonly number[], now: number): readonly number[] {
  return [...recent(before, now, NEW_ORDERS.window), now].slice(-MOST_KEPT);
}

/** The issuances that the CA still counts. */
export function countedIssuances(issued: readonly number[], now: number): readonly number[] {
  return recent(issued, now, PER_EXACT_SET.window);
}

/**
 * When one more certificate for the same names may be ordered: four in a week at any time, and the fifth, which is the last one
 * that the CA allows, from an instant on. `undefined`: now.
 */
export function nextIssuance(issued: readonly number[], now: number, fifthFrom: number): number | undefined {
  const counted = countedIssuances(issued, now);
  const fewerThan = (limit: number) => (counted.at(-limit) ?? Number.NEGATIVE_INFINITY) + PER_EXACT_SET.window;
  const at = Math.min(fewerThan(PER_EXACT_SET.bySchedule), Math.max(fewerThan(PER_EXACT_SET.limit), fifthFrom));
  return at > now ? at : undefined;
}

/** How many orders a scan may start, given all certificates' orders. */
export function ordersLeft(ordered: readonly number[], now: number): number {
  return Math.max(0, NEW_ORDERS.bySchedule - recent(ordered, now, NEW_ORDERS.window).length);
}

function recent(instants: readonly number[], now: number, window: number): readonly number[] {
  return instants.filter((instant) => instant > now - window);
}
