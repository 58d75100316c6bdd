import { DAY, MINUTE, SECOND } from '../../lambdas/core/duration.ts';
import type { CaRequest } from '../sandbox/ca/authority.ts';
import type { Order } from '../sandbox/ca/registry.ts';
import type { Fault } from '../sandbox/faults.ts';
import { tagsOf } from '../sandbox/inspect.ts';
import { type Invariant, mayChangeSecrets } from './invariant.ts';
import { holderOf, livePair, sameSet, specOf, validityOf } from './pairs.ts';
import { secretOf, type World } from './world.ts';

/** What an order works for: a certificate, and in words the live version that it replaces, the spec's version, and whose it is. */
interface Purpose {
  readonly certificate: string;
  readonly text: string;
}

function purposeOf({ sandbox, scenario }: World, order: Order): Purpose | undefined {
  for (const { name } of scenario.fleet) {
    const spec = specOf({ sandbox }, name);
    if (!spec || !sameSet(spec.domainNames, order.names)) continue;
    const { AWSCURRENT, ACME_SPEC, ACME_REVOKED } = sandbox.secretsManager.secret(secretOf(name))?.stages ?? {};
    const purpose = `${name}, which replaces ${AWSCURRENT} for spec ${ACME_SPEC}, by account ${order.account.id}`;
    // The live key may be used again, but not once it is among those that are revoked.
    const text = spec.reuseKey && ACME_REVOKED ? `${purpose}, without the keys of ${ACME_REVOKED}` : purpose;
    return { certificate: name, text };
  }
  return undefined;
}

/** Differences of clocks, and what passes between a decision and its order. */
const SLACK = 10 * MINUTE;

/**
 * Whether an order may be given up that the CA has been working on since `finalized` (decision 7): after a week; after a day, or an
 * eighth of the live certificate's lifetime, where nothing is live, the last quarter has begun, or somebody has forced it.
 */
function mayBeGivenUp(world: World, certificate: string, finalized: number): boolean {
  const now = world.sandbox.clock.now() + SLACK;
  const pair = livePair(world, certificate);
  const { notBefore, notAfter } = pair ? validityOf(pair) : { notBefore: now - 8 * DAY, notAfter: now };
  const lifetime = notAfter - notBefore;
  const isForced = world.forced.some((each) => each.certificate === certificate && each.at >= finalized);
  const isUrgent = isForced || notAfter - now <= lifetime / 4;
  return now - finalized >= (isUrgent ? Math.min(DAY, lifetime / 8) : 7 * DAY);
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
 * An order that the CA has failed or that has ended is none, nor is one whose certificate it has sent wrong, one of a spec that
 * has changed meanwhile, or one that has been `processing` for so long that it may be given up.
 */
export const oneFinalizedOrder: Invariant = (world) => {
  const { orders } = world.sandbox.ca;
  const counted = new Map<number, number>(orders.filter(({ finalized }) => finalized).map(({ id }) => [id, 0]));
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
        counted.set(order.id, world.sandbox.clock.now());
        const purpose = purposeOf(world, order);
        if (purpose === undefined) continue;
        const { certificate, text } = purpose;
        const before = byPurpose.get(text) ?? [];
        byPurpose.set(text, [...before, order.id]);
        const lost = world.forgotten.at(-1) ?? 0;
        const good = world.sandbox.ca.orders.filter(
          ({ id, status, created }) =>
            before.includes(id) &&
            !disowned.has(id) &&
            !world.wronged.has(id) &&
            status !== 'invalid' &&
            !(status === 'processing' && mayBeGivenUp(world, certificate, counted.get(id) ?? 0)) &&
            created > lost,
        );
        if (good.length > 0) return `order ${order.id} and order ${good[0]?.id} were both finalized for ${text}`;
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
 * ends soon, the CA has failed or forgotten it or has not issued it for so long that it may be given up, or the spec has changed; or
 * when another account is asked.
 */
export const oneOpenOrder: Invariant = (world) => {
  const { sandbox } = world;
  const excused = new Set<number>();
  const stored = new Set<number>();
  /** When requests get through that were held up, on the way to an order: the attempt may have ended meanwhile. */
  const late: number[] = [];
  /** Requests that are delivered twice: what comes back of a newOrder is not the answer with the order. */
  const repeated = new Set<unknown>();
  const purposes = new Map<number, Purpose | undefined>();
  const finalized = new Map<number, number>();
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
      if (operation === 'acme:finalize')
        for (const { id } of sandbox.ca.finalizedOrders())
          if (!finalized.has(id)) finalized.set(id, sandbox.clock.now());
      if (operation !== 'acme:newOrder' || sandbox.ca.orders.length === known) return undefined;
      known = sandbox.ca.orders.length;
      const newest = sandbox.ca.orders.at(-1);
      if (!newest) return undefined;
      const now = sandbox.clock.now();
      const isLate = late.some((at) => at <= now && at > now - SECOND);
      if (isLate || repeated.has(request)) excused.add(newest.id);
      const purpose = purposeOf(world, newest);
      purposes.set(newest.id, purpose);
      // Another attempt may have placed one while the request for this one was under way.
      if (!purpose || isLate) return undefined;
      const open = sandbox.ca.orders.find(
        (order) =>
          order.id !== newest.id &&
          !excused.has(order.id) &&
          order.created > (world.forgotten.at(-1) ?? 0) &&
          purposes.get(order.id)?.text === purpose.text &&
          ['pending', 'ready', 'processing'].includes(order.status) &&
          !(order.status === 'processing' && mayBeGivenUp(world, purpose.certificate, finalized.get(order.id) ?? 0)) &&
          order.expires - sandbox.clock.now() > LONG_ENOUGH,
      );
      return open && `order ${newest.id} was placed while order ${open.id} is ${open.status}, for ${purpose.text}`;
    },
  };
};
