import { HOUR } from '../../lambdas/core/duration.ts';
import { tagsOf } from '../sandbox/inspect.ts';
import { heldBackByBudget } from './budget.ts';
import { lifetimeOf } from './draw-scenario.ts';
import { elapsed } from './event-log.ts';
import { hasOtherWay, isNoExcuse, type Trouble, troubleOf } from './excuses.ts';
import type { Invariant } from './invariant.ts';
import { isInOrder, livePair, notAfterOf, validityOf } from './pairs.ts';
import type { World } from './world.ts';

/** The longest back-off is a day, a CA's Retry-After less; then the lease of a dead attempt, and a scan that is skipped. */
const HOURS_TO_RECOVER = 24 + 3;

/** After a week that the CA's limit made evercert wait for: the next scan, a skipped one, and the renewal. */
const AFTER_BUDGET = 3 * HOUR;

/** Whether evercert waits until fewer certificates count against the CA's limit for these names, or has just done so. */
function waitsForBudget(world: World, name: string): boolean {
  if (tagsOf(world.sandbox, name).failure !== 'budget-used-up') return false;
  const at = world.sandbox.clock.now() - world.begin;
  return heldBackByBudget(world, name).some(({ from, until }) => from <= at && at < until + AFTER_BUDGET);
}

/**
 * Whether a revocation waits for the account that was registered after the CA had forgotten the one that could: it may revoke
 * when it has proven the names, with the next renewal (RFC 8555, section 7.6).
 */
function isRevocationOrphaned(world: World, name: string): boolean {
  const lost = world.forgotten.at(-1);
  const pair = livePair(world, name);
  if (lost === undefined || !pair || tagsOf(world.sandbox, name).failure !== 'revocation-refused') return false;
  return validityOf(pair).notBefore < lost;
}

/** All certificates are in order in time once nothing fails any more. */
export const validAgain: Invariant = (world) => ({
  late: (hours) => {
    if (hours < HOURS_TO_RECOVER) return undefined;
    const late = world.scenario.fleet
      .map(({ name }) => name)
      .filter((name) => !isInOrder(world, name) && !waitsForBudget(world, name) && !isRevocationOrphaned(world, name));
    return late.length === 0 ? undefined : `${late.join(', ')} not in order ${hours} hours after the last fault`;
  },
});

/** A certificate has expired only if the faults left no other way; see `excuses.ts`. */
export const expiredWithReason: Invariant = (world, hits) => {
  const { sandbox, scenario, begin } = world;
  const judged = new Set<string>();
  const moments: Trouble[] = [];
  return {
    hit: (operation, fault) => {
      if (isNoExcuse(operation)) return;
      const at = sandbox.clock.now() - begin;
      const retryAfter = Number(fault.error?.headers?.['Retry-After'] ?? 0) * 1_000;
      moments.push({ from: at, until: at + (fault.delay ?? 0) + retryAfter });
    },
    look: () => {
      for (const { name } of scenario.fleet) {
        const pair = livePair(world, name);
        const end = pair && notAfterOf(pair);
        if (end === undefined || end > sandbox.clock.now() || judged.has(`${name} ${end}`)) continue;
        judged.add(`${name} ${end}`);
        const lifetime = lifetimeOf(scenario.profile);
        const due = end - lifetime * (scenario.profile === 'shortlived' ? 1 / 2 : 1 / 3);
        const span = { from: due - begin, until: end - begin };
        const troubles = [...troubleOf(hits), ...moments];
        const way = hasOtherWay([...troubles, ...heldBackByBudget(world, name)], span, lifetime);
        if (way)
          return `${name} has expired although nothing failed from ${elapsed(way.from)} to ${elapsed(way.until)}`;
        const because = hasOtherWay(troubles, span, lifetime) ? 'limit' : 'faults';
        world.expired.push({ certificate: name, because });
        world.events.note(`${name} has expired, and there was no other way: ${because}`);
      }
      return undefined;
    },
  };
};
