import * as z from 'zod/mini';
import { DAY, HOUR, MINUTE, SECOND } from '../../lambdas/core/duration.ts';
import type { CaRequest } from '../sandbox/ca/authority.ts';
import type { SandboxCa } from '../sandbox/ca/ca.ts';
import type { Order } from '../sandbox/ca/registry.ts';
import type { Fault } from '../sandbox/faults.ts';
import { tagsOf } from '../sandbox/inspect.ts';
import type { ServedRun } from '../sandbox/virtual-clock.ts';
import { type Invariant, mayChangeSecrets } from './invariant.ts';
import { holderOf, isRevoked, livePair, notAfterOf, sameSet, specOf } from './pairs.ts';
import { secretOf, type World } from './world.ts';

/** What an order works for: a certificate, the live version that it replaces, the spec's version, and whose it is. */
function purposeOf({ sandbox, scenario }: World, order: Order): string | undefined {
  for (const { name } of scenario.fleet) {
    const spec = specOf({ sandbox }, name);
    if (!spec || !sameSet(spec.domainNames, order.names)) continue;
    const { AWSCURRENT, ACME_SPEC } = sandbox.secretsManager.secret(secretOf(name))?.stages ?? {};
    return `${name}, which replaces ${AWSCURRENT} for spec ${ACME_SPEC}, by account ${order.account.id}`;
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
  /** When newOrder requests get through that were held up: whoever sent them may have been ended meanwhile. */
  const late: number[] = [];
  /** Requests that are delivered twice: what comes back of a newOrder is not the answer with the order. */
  const repeated = new Set<unknown>();
  const purposes = new Map<number, string | undefined>();
  let known = sandbox.ca.orders.length;
  return {
    hit: (operation, fault, request) => {
      if (operation === 'acme:newOrder' && fault.delay) late.push(sandbox.clock.now() + fault.delay);
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
      if (late.includes(sandbox.clock.now()) || repeated.has(request)) excused.add(newest.id);
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

/** https://letsencrypt.org/docs/rate-limits/ */
const FAILED_VALIDATIONS_AN_HOUR = 5;
const CERTIFICATES_A_WEEK = 5;
/** The CA's window begins at half of the lifetime at the earliest, less a hundredth; a clock may be ahead. */
const EARLIEST = 0.48;
/** A run that has begun before the CA said so may still ask, once. */
const UNDER_WAY = 16 * MINUTE;
/** What a run has been told is written down by then, unless a fault keeps it from that. */
const WRITTEN_DOWN = MINUTE;

/** A Retry-After that a CA has answered newOrder with. */
interface Told {
  readonly from: number;
  readonly until: number;
  readonly account: number | undefined;
  /** The number of the run that was told. */
  readonly run: number | undefined;
  /** Runs that have asked again since. */
  readonly others: Set<number>;
}

/** Let's Encrypt's limits, and no newOrder before the CA's own Retry-After is over, unless a hand forces it. */
export const caLimits: Invariant = (world) => {
  const { sandbox } = world;
  const told: Told[] = [];
  const troubles: number[] = [];
  /** Until when a request was held up: meanwhile another run may have done what it is for. */
  const held: number[] = [];
  let refused: string | undefined;
  const tooEarly = (request: unknown) => {
    const now = sandbox.clock.now();
    const account = accountOf(request);
    const run = sandbox.clock.served();
    const ignored = told.find(
      (each) =>
        each.account === account && now < each.until - 2 * world.scenario.skew - SECOND && !mayAsk(each, now, run),
    );
    if (!ignored) return undefined;
    // What could not be written down can't be obeyed, and a hand may ask all the same.
    if (troubles.some((at) => at >= ignored.from && at <= ignored.from + UNDER_WAY)) return undefined;
    const certificate = certificateOf(world, request);
    if (wasForced(world, certificate, now - 2 * UNDER_WAY)) return undefined;
    return `newOrder was sent ${Math.round((ignored.until - now) / MINUTE)} minutes before the end of the CA's Retry-After`;
  };
  const needless = (request: unknown) => {
    const isHeld = held.some((until) => until >= sandbox.clock.now() - UNDER_WAY);
    return isHeld ? undefined : withoutNeed(world, request);
  };
  return {
    hit: (operation, fault, request) => {
      const retryAfter = Number(fault.error?.headers?.['Retry-After']);
      const now = sandbox.clock.now();
      if (operation === 'acme:newOrder' && retryAfter > 0) {
        refused ??= tooEarly(request);
        const until = now + retryAfter * SECOND;
        told.push({
          from: now,
          until,
          account: accountOf(request),
          run: sandbox.clock.served()?.number,
          others: new Set(),
        });
      }
      if (fault.delay) held.push(now + fault.delay);
      const isLost = operation === 'acme:newOrder' && (fault.drop || fault.repeat);
      if (fault.kill || fault.delay || isLost || /^(secretsmanager|lambda):/.test(operation)) troubles.push(now);
    },
    effect: (operation, request) =>
      refused ?? (operation === 'acme:newOrder' ? (tooEarly(request) ?? needless(request)) : undefined),
    end: () => refused ?? limitExceeded(sandbox.ca),
  };
};

/** Whether a run may not know yet what another one was told: it was under way, and asks once. */
function mayAsk({ from, run: first, others }: Told, now: number, run: ServedRun | undefined): boolean {
  if (run === undefined) return true;
  const isRepeated = run.number === first || others.has(run.number);
  others.add(run.number);
  return !isRepeated && now <= from + UNDER_WAY && run.began <= from + WRITTEN_DOWN;
}

function limitExceeded({ authorizations, orders }: Pick<SandboxCa, 'authorizations' | 'orders'>): string | undefined {
  const failed = authorizations
    .filter(({ status }) => status === 'invalid')
    .map(({ name, expires }) => ({ what: `failed validations of ${name}`, at: expires }));
  const duplicates = orders.flatMap(({ names, certificate, replaces, created }) =>
    certificate && !replaces ? [{ what: `certificates for ${names}`, at: created }] : [],
  );
  return most(failed, HOUR, FAILED_VALIDATIONS_AN_HOUR) ?? most(duplicates, 7 * DAY, CERTIFICATES_A_WEEK);
}

/** Whether somebody has asked for it by hand since then. */
function wasForced({ forced }: World, certificate: string | undefined, since: number): boolean {
  return forced.some((each) => each.certificate === certificate && each.at >= since);
}

/** The certificate that a newOrder is for, unless its spec is another one by now. */
function certificateOf(world: World, request: unknown): string | undefined {
  const { identifiers } = newOrderSchema.parse((request as CaRequest).payload);
  const names = identifiers.map(({ value }) => value);
  return world.scenario.fleet.find(({ name }) => sameSet(specOf(world, name)?.domainNames ?? [], names))?.name;
}

/**
 * A renewal long before the middle of a lifetime that nobody asked for. The CA exempts renewals from its limits (RFC 9773), so
 * that it would not stop one that is repeated with every scan.
 */
function withoutNeed(world: World, request: unknown): string | undefined {
  const { sandbox } = world;
  const name = certificateOf(world, request);
  const pair = name === undefined ? undefined : livePair(world, name);
  if (!pair || isRevoked(sandbox, pair)) return undefined;
  const begin = Date.parse(pair.issued.notBefore);
  const passed = (sandbox.clock.now() - begin) / (notAfterOf(pair) - begin);
  if (passed > EARLIEST || wasForced(world, name, begin)) return undefined;
  return `an order was placed for ${name}, whose certificate has ${Math.round((1 - passed) * 100)} % of its lifetime left`;
}

const newOrderSchema = z.object({ identifiers: z.array(z.object({ value: z.string() })) });

function accountOf(request: unknown): number | undefined {
  return (request as Partial<CaRequest>).account?.id;
}

function most(
  events: readonly { readonly what: string; readonly at: number }[],
  window: number,
  limit: number,
): string | undefined {
  for (const [what, group] of Map.groupBy(events, (event) => event.what))
    for (const { at } of group) {
      const count = group.filter((other) => other.at >= at && other.at < at + window).length;
      if (count > limit) return `${count} ${what} within ${window / HOUR} hours; the limit is ${limit}`;
    }
  return undefined;
}
