import { DAY, HOUR } from './duration.ts';
import { lastEighth, lastQuarter } from './fall-back.ts';
import type { Validity } from './lifetime.ts';

/** Let's Encrypt's limits (https://letsencrypt.org/docs/rate-limits/) less what is left for hands, for lost counts, and for what would end. */
const PER_EXACT_SET = { window: 7 * DAY, limit: 5, bySchedule: 4 } as const;
const NEW_ORDERS = { window: 3 * HOUR, limit: 300, bySchedule: 250 } as const;

/** As many instants as a tag holds. */
const MOST_KEPT = 8;

/** Whether a URL, of a directory or of an order, is of the one CA that has these limits: those of its staging are far higher. */
export function hasKnownLimits(url: string): boolean {
  return URL.canParse(url) && new URL(url).hostname === 'acme-v02.api.letsencrypt.org';
}

/** What is kept of issuances for the same names, the newest last, each once; milliseconds since the epoch. */
export function withIssuance(before: readonly number[], issuedAt: number): readonly number[] {
  return [...new Set([...countedIssuances(before, issuedAt), issuedAt])].toSorted((a, b) => a - b).slice(-MOST_KEPT);
}

/** What is kept of orders of one certificate. */
export function withOrder(before: readonly number[], now: number): readonly number[] {
  return [...recent(before, now, NEW_ORDERS.window), now].slice(-MOST_KEPT);
}

/** The issuances that the CA still counts. */
export function countedIssuances(issued: readonly number[], now: number): readonly number[] {
  return recent(issued, now, PER_EXACT_SET.window);
}

/** What one more certificate is for. */
export interface Wanted {
  /** Somebody forces it, or has the live one revoked. */
  readonly byHand: boolean;
  /** The one that it replaces. */
  readonly live: Validity | undefined;
  /** Whether no further issuer is asked after this one. */
  readonly isLast: boolean;
}

/** When one more certificate for the same names may be ordered; `undefined`: now. The fifth of a week is the last one that the CA allows. */
export function nextIssuance(issued: readonly number[], now: number, wanted: Wanted): number | undefined {
  const counted = countedIssuances(issued, now);
  const fewerThan = (limit: number) => (counted.at(-limit) ?? Number.NEGATIVE_INFINITY) + PER_EXACT_SET.window;
  const weekEnds = fewerThan(PER_EXACT_SET.bySchedule);
  const at = Math.min(weekEnds, Math.max(fewerThan(PER_EXACT_SET.limit), fifthFrom(wanted, weekEnds)));
  return at > now ? at : undefined;
}

/** For hands at any time; else only where the live one could hardly wait for the week's end. Further issuers are asked first. */
function fifthFrom({ byHand, live, isLast }: Wanted, weekEnds: number): number {
  if (byHand) return Number.NEGATIVE_INFINITY;
  if (!live || weekEnds <= lastEighth(live)) return Number.POSITIVE_INFINITY;
  return isLast ? lastQuarter(live) : lastEighth(live);
}

/** How many orders a scan may start, given all certificates' orders. */
export function ordersLeft(ordered: readonly number[], now: number): number {
  return Math.max(0, NEW_ORDERS.bySchedule - recent(ordered, now, NEW_ORDERS.window).length);
}

function recent(instants: readonly number[], now: number, window: number): readonly number[] {
  return instants.filter((instant) => instant > now - window);
}
