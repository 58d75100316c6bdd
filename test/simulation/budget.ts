import { DAY, HOUR } from '../../lambdas/core/duration.ts';
import type { Validity } from '../../lambdas/core/lifetime.ts';
import type { Trouble } from './excuses.ts';
import { livePair, sameSet, specOf, validityOf } from './pairs.ts';
import type { World } from './world.ts';

const WINDOW = 7 * DAY;
/** What Let's Encrypt allows, and what evercert takes of it unless the week ends too late for the live one (decision 7). */
const AT_MOST = 5;
const BY_THE_SCHEDULE = 4;

/** The spans, in the scenario's time, in which evercert orders nothing for a certificate by itself so that the CA's limit is kept. */
export function heldBackByBudget(world: World, name: string): readonly Trouble[] {
  const { sandbox, scenario, begin } = world;
  if (!scenario.isLetsEncrypt) return [];
  const { domainNames = [] } = specOf(world, name) ?? {};
  // The CA dates them back by an hour.
  const issued = sandbox.ca.certificates.flatMap(({ names, notBefore }) =>
    sameSet(names, domainNames) ? [notBefore + HOUR] : [],
  );
  const pair = livePair(world, name);
  const spans = heldBack(issued, pair && validityOf(pair));
  return spans.map(({ from, until }) => ({ from: from - begin, until: until - begin }));
}

/** For names that certificates were issued for at some instants, while one is live. */
export function heldBack(issued: readonly number[], live: Validity | undefined): readonly Trouble[] {
  const beforeEnd = (share: number) => (live ? live.notAfter - (live.notAfter - live.notBefore) * share : Infinity);
  const ofFour = weeksOf(BY_THE_SCHEDULE, issued).map(({ from, until }) =>
    until > beforeEnd(1 / 8) ? { from, until: Math.min(until, beforeEnd(1 / 4)) } : { from, until },
  );
  return [...ofFour, ...weeksOf(AT_MOST, issued)].filter(({ from, until }) => from < until);
}

/** From each instant at which there are so many until the first of them is a week old. */
function weeksOf(limit: number, instants: readonly number[]): readonly Trouble[] {
  const sorted = instants.toSorted((a, b) => a - b);
  return sorted.slice(limit - 1).map((from, index) => ({ from, until: (sorted[index] ?? from) + WINDOW }));
}
