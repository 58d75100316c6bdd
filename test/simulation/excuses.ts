import { DAY, HOUR, MINUTE } from '../../lambdas/core/duration.ts';
import { isForOneRequest } from './draw-scenario.ts';
import type { Hits } from './faults-in-world.ts';

/** A span of the scenario's time in which something failed. */
export interface Trouble {
  readonly from: number;
  readonly until: number;
}

/** The lease of an attempt that died, the scan after it, and the attempt itself. */
const ONE_WAY = 15 * MINUTE + HOUR + 15 * MINUTE;

/** A renewal goes live before anything is imported: what ACM does is no reason for a live pair to expire. */
export function isNoExcuse(operation: string): boolean {
  return operation.startsWith('acm:');
}

/** The planned faults that have hit something: a storm or an outage counts from its beginning to its end. */
export function troubleOf(hits: Hits): readonly Trouble[] {
  return [...hits.keys()]
    .filter((planned) => !isForOneRequest(planned))
    .filter((planned) => planned.hits !== 'requests' || !isNoExcuse(planned.fault.operation))
    .map(({ from, until }) => ({ from, until }));
}

/**
 * The first span between `due` and the end of a certificate in which nothing failed and which was long enough to renew it;
 * `undefined` when there was none: then it had to expire. Long enough is the longest back-off that a failure right before
 * the span leaves (a tenth of what is left, from an hour to a day), and after it `ONE_WAY`.
 */
export function hasOtherWay(troubles: readonly Trouble[], window: Trouble, lifetime: number): Trouble | undefined {
  const sorted = troubles.filter(({ until }) => until > window.from).toSorted((a, b) => a.from - b.from);
  let clean = window.from;
  const needed = (at: number) => Math.min(DAY, Math.max(HOUR, Math.min(lifetime, window.until - at) / 10)) + ONE_WAY;
  for (const { from, until } of [...sorted, { from: window.until, until: window.until }]) {
    const end = Math.min(from, window.until);
    if (end - clean >= needed(clean)) return { from: clean, until: end };
    clean = Math.max(clean, until);
  }
  return undefined;
}
