import { DAY, HOUR } from '../../lambdas/core/duration.ts';
import { lifetimeOf } from './draw-scenario.ts';
import type { Trouble } from './excuses.ts';
import { livePair, notAfterOf, sameSet, specOf } from './pairs.ts';
import type { World } from './world.ts';

const WINDOW = 7 * DAY;
/** Of what Let's Encrypt allows, evercert keeps the last one for hands and for the last quarter of a lifetime (decision 7). */
const AT_ANY_TIME = 4;
const IN_THE_LAST_QUARTER = 5;

/** The spans, in the scenario's time, in which evercert orders nothing for a certificate by itself so that the CA's limit is kept. */
export function heldBackByBudget(world: World, name: string): readonly Trouble[] {
  const { sandbox, scenario, begin } = world;
  if (!scenario.isLetsEncrypt) return [];
  const { domainNames = [] } = specOf(world, name) ?? {};
  // The CA dates them back by an hour.
  const issued = sandbox.ca.certificates.flatMap(({ names, notBefore }) =>
    sameSet(names, domainNames) ? [notBefore + HOUR - begin] : [],
  );
  const pair = livePair(world, name);
  const end = pair ? notAfterOf(pair) - begin : Number.POSITIVE_INFINITY;
  return heldBack(issued, end - lifetimeOf(scenario.profile) / 4);
}

/** For names that certificates were issued for at some instants, of which the live one's last quarter begins at another. */
export function heldBack(issued: readonly number[], lastQuarter: number): readonly Trouble[] {
  const before = weeksOf(AT_ANY_TIME, issued).map(({ from, until }) => ({ from, until: Math.min(until, lastQuarter) }));
  return [...before, ...weeksOf(IN_THE_LAST_QUARTER, issued)].filter(({ from, until }) => from < until);
}

/** From each instant at which there are so many until the first of them is a week old. */
function weeksOf(limit: number, instants: readonly number[]): readonly Trouble[] {
  const sorted = instants.toSorted((a, b) => a - b);
  return sorted.slice(limit - 1).map((from, index) => ({ from, until: (sorted[index] ?? from) + WINDOW }));
}
