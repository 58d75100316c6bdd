import { DAY, HOUR } from '../../lambdas/core/duration.ts';
import { lastEighth, lastQuarter } from '../../lambdas/core/fall-back.ts';
import type { Validity } from '../../lambdas/core/lifetime.ts';
import { tagsOf } from '../sandbox/inspect.ts';
import type { Trouble } from './excuses.ts';
import { livePair, sameSet, specOf, validityOf } from './pairs.ts';
import type { World } from './world.ts';

const WINDOW = 7 * DAY;
/** Of what Let's Encrypt allows, evercert keeps the last one for hands and for what would end before the week does (decision 7). */
const AT_ANY_TIME = 4;
const IN_THE_LAST_QUARTER = 5;

/** The spans, in the scenario's time, in which evercert orders nothing for a certificate by itself so that the CA's limit is kept. */
export function heldBackByBudget(world: World, name: string): readonly Trouble[] {
  const { sandbox, scenario, begin } = world;
  if (!scenario.isLetsEncrypt) return [];
  const { domainNames = [] } = specOf(world, name) ?? {};
  // The CA dates them back by an hour.
  const issued = sandbox.ca.certificates.flatMap(({ names, notBefore }) =>
    sameSet(names, domainNames) ? [notBefore + HOUR] : [],
  );
  // evercert counts from when it has stored one; an outage may lie between.
  const noted = tagsOf(sandbox, name).issued?.at ?? [];
  const pair = livePair(world, name);
  return [issued, noted.length <= issued.length ? noted : []]
    .flatMap((instants) => heldBack(instants, pair && validityOf(pair)))
    .map(({ from, until }) => ({ from: from - begin, until: until - begin }));
}

/** For names that certificates were issued for at some instants, while one is live. */
export function heldBack(issued: readonly number[], live: Validity | undefined): readonly Trouble[] {
  const before = weeksOf(AT_ANY_TIME, issued).map(({ from, until }) =>
    live && until > lastEighth(live) ? { from, until: Math.min(until, lastQuarter(live)) } : { from, until },
  );
  return [...before, ...weeksOf(IN_THE_LAST_QUARTER, issued)].filter(({ from, until }) => from < until);
}

/** From each instant at which there are so many until the first of them is a week old. */
function weeksOf(limit: number, instants: readonly number[]): readonly Trouble[] {
  const sorted = instants.toSorted((a, b) => a - b);
  return sorted.slice(limit - 1).map((from, index) => ({ from, until: (sorted[index] ?? from) + WINDOW }));
}
