import { MINUTE, SECOND } from '../../lambdas/core/duration.ts';
import type { CaRequest } from '../sandbox/ca/authority.ts';
import type { Order } from '../sandbox/ca/registry.ts';
import type { Fault } from '../sandbox/faults.ts';
import { tagsOf } from '../sandbox/inspect.ts';
import { type Invariant, mayChangeSecrets } from './invariant.ts';
import { holderOf, sameSet, specOf } from './pairs.ts';
import { secretOf, type World } from './world.ts';

/** What an order works for: a certificate, the live version that it replaces, the spec's version, and whose it is. */
function purposeOf({ sandbox, scenario }: World, order: Order): string | undefined {
  for (const { name } of scenario.fleet) {
    const spec = specOf({ sandbox }, name);
    if (!spec || !sameSet(spec.domainNames, order.names)) continue;
    const { AWSCURRENT, ACME_SPEC, ACME_REVOKED } = sandbox.secretsManager.secret(secretOf(name))?.stages ?? {};
    const purpose = `${name}, which replaces ${AWSCURRENT} for spec ${ACME_SPEC}, by account ${order.account.id}`;
    // The live key may be used again, but not once it is among those that are revoked.
    return spec.reuseKey && ACME_REVOKED ? `${purpose}, without the keys of ${ACME_REVOKED}` : purpose;
  }
  return undefined;
}

/** The CA's ways to say that there is no such order, or that it is another account's: there is nothing to resume. */
const GONE = new Set(['accountDoesNotExist', 'malformed', 'unauthorized']);
/** From so many failures in a row on, any error is taken for that. */
const PATIENCE = 3;
/** Orders count from 1. */
const NONE = 0;

/** The order that a fault makes evercert believe not to exist: one that it asks about before it goes on with it. */
function disownedBy(world: World, operation: string, { error }: Fault, request: unknown): number {
  if (operation !== 'acme:order' || !error) return NONE;
  const isGivenUp = world.scenario.fleet.some(({ name }) => (tagsOf(world.sandbox, name).failures ?? 0) >= PATIENCE);
  return isGivenUp || GONE.has(error.name) ? Number((request as CaRequest).parameters[1]) : NONE;
}

/**
 * An order that the CA has failed or that has ended is none, nor is one whose certificate it has sent wrong, or one of a spec that
 * has changed meanwhile.
 */
export const oneFinalizedOrder: Invariant = (world) => {
  const { orders } = world.sandbox.ca;
  const counted = new Set(orders.filter(({ finalized }) => finalized).map(({ id }) => id));
  const byPurpose = new Map<string, number[]>();
  const disowned = new Set<number>();
  return {
    hit: (operation, fault, request) => {
      disowned.add(disownedBy(world, operation, fault, request));
    },
    effect: (operation) => {
      if (operation !== 'acme:finalize') return undefined;
      for (const order of world.sandbox.ca.finalizedOrders()) {
        if (counted.has(order.id)) continue;
        counted.add(order.id);
        const purpose = purposeOf(world, order);
        if (purpose === undefined) continue;
        const before = byPurpose.get(purpose) ?? [];
        byPurpose.set(purpose, [...before, order.id]);
        const lost = world.forgotten.at(-1) ?? 0;
        const good = world.sandbox.ca.orders.filter(
          ({ id, status, created }) =>
            before.includes(id) &&
            !disowned.has(id) &&
            !world.wronged.has(id) &&
            status !== 'invalid' &&
            created > lost,
        );
        if (good.length > 0) return `order ${order.id} and order ${good[0]?.id} were both finalized for ${purpose}`;
      }
      return undefined;
    },
  };
};

/** What comes between an order and the tag or the pending version that has its URL. */
const UNTIL_STORED =
  /^(acme:newOrder|lambda:|secretsmanager:(TagResource|PutSecretValue|DescribeSecret|GetSecretValue))/;
/** What newOrder waits for: a nonce that is late makes a late order. */
const UNTIL_ORDERED = /^acme:(directory|newNonce|newOrder)$/;
/** An order that ends sooner is not gone on with. */
const LONG_ENOUGH = 11 * MINUTE;

/**
 * A second order is placed only when the first one can't be gone on with: its URL was lost on the way into the secret, it
 * ends soon, the CA has failed or forgotten it, or the spec has changed; or when another account is asked.
 */
export const oneOpenOrder: Invariant = (world) => {
  const { sandbox } = world;
  const excused = new Set<number>();
  const stored = new Set<number>();
  /** When requests get through that were held up, on the way to an order: the attempt may have ended meanwhile. */
  const late: number[] = [];
  /** Requests that are delivered twice: what comes back of a newOrder is not the answer with the order. */
  const repeated = new Set<unknown>();
  const purposes = new Map<number, string | undefined>();
  let known = sandbox.ca.orders.length;
  return {
    hit: (operation, fault, request) => {
      if (UNTIL_ORDERED.test(operation) && fault.delay) late.push(sandbox.clock.now() + fault.delay);
      if (fault.repeat) repeated.add(request);
      if (UNTIL_STORED.test(operation)) for (const { id } of sandbox.ca.orders) if (!stored.has(id)) excused.add(id);
      excused.add(disownedBy(world, operation, fault, request));
    },
    effect: (operation, request) => {
      if (mayChangeSecrets(operation))
        for (const { id, url } of sandbox.ca.orders) if (!stored.has(id) && holderOf(world, url)) stored.add(id);
      if (operation !== 'acme:newOrder' || sandbox.ca.orders.length === known) return undefined;
      known = sandbox.ca.orders.length;
      const newest = sandbox.ca.orders.at(-1);
      if (!newest) return undefined;
      const now = sandbox.clock.now();
      if (late.some((at) => at <= now && at > now - SECOND) || repeated.has(request)) excused.add(newest.id);
      purposes.set(newest.id, purposeOf(world, newest));
      const open = sandbox.ca.orders.find(
        (order) =>
          order.id !== newest.id &&
          !excused.has(order.id) &&
          order.created > (world.forgotten.at(-1) ?? 0) &&
          purposes.get(order.id) !== undefined &&
          purposes.get(order.id) === purposes.get(newest.id) &&
          ['pending', 'ready', 'processing'].includes(order.status) &&
          order.expires - sandbox.clock.now() > LONG_ENOUGH,
      );
      return (
        open && `order ${newest.id} was placed while order ${open.id} is ${open.status}, for ${purposes.get(open.id)}`
      );
    },
  };
};
