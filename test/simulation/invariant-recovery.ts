import { DAY, HOUR } from '../../lambdas/core/duration.ts';
import { tagsOf } from '../sandbox/inspect.ts';
import { lifetimeOf } from './draw-scenario.ts';
import { elapsed } from './event-log.ts';
import { hasOtherWay, isNoExcuse, type Trouble, troubleOf } from './excuses.ts';
import type { Invariant } from './invariant.ts';
import { isInOrder, livePair, notAfterOf, sameSet, specOf, validityOf } from './pairs.ts';
import type { World } from './world.ts';

/** The longest back-off is a day, a CA's Retry-After less; then the lease of a dead attempt, and a scan that is skipped. */
const HOURS_TO_RECOVER = 24 + 3;

/** What Let's Encrypt allows in a week for the same names; evercert keeps the last one for hands and for the last quarter. */
const A_WEEK = 5;

/** Whether evercert waits at an instant until the week is over in which so many certificates have been issued for these names. */
function isBudgetUsedUp({ sandbox, scenario }: World, name: string, budget: number, at: number): boolean {
  const { domainNames = [] } = specOf({ sandbox }, name) ?? {};
  // The CA dates them back by an hour.
  const issued = sandbox.ca.certificates.filter(
    ({ names, notBefore }) => sameSet(names, domainNames) && notBefore + HOUR > at - 7 * DAY && notBefore + HOUR <= at,
  );
  return scenario.isLetsEncrypt && issued.length >= budget;
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
    const now = world.sandbox.clock.now();
    const late = world.scenario.fleet
      .map(({ name }) => name)
      .filter(
        (name) =>
          !isInOrder(world, name) &&
          !isBudgetUsedUp(world, name, A_WEEK - 1, now) &&
          !isRevocationOrphaned(world, name),
      );
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
        const quarter = end - lifetime / 4;
        const due = isBudgetUsedUp(world, name, A_WEEK - 1, quarter)
          ? quarter
          : end - lifetime * (scenario.profile === 'shortlived' ? 1 / 2 : 1 / 3);
        const way = hasOtherWay([...troubleOf(hits), ...moments], { from: due - begin, until: end - begin }, lifetime);
        if (way && !isBudgetUsedUp(world, name, A_WEEK, end))
          return `${name} has expired although nothing failed from ${elapsed(way.from)} to ${elapsed(way.until)}`;
        world.events.note(`${name} has expired, and there was no other way`);
      }
      return undefined;
    },
  };
};
