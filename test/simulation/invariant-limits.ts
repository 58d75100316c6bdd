import * as z from 'zod/mini';
import { DAY, HOUR, MINUTE, SECOND } from '../../lambdas/core/duration.ts';
import type { CaRequest } from '../sandbox/ca/authority.ts';
import type { ServedRun } from '../sandbox/virtual-clock.ts';
import type { Invariant } from './invariant.ts';
import { isRevoked, livePair, notAfterOf, sameSet, specOf } from './pairs.ts';
import type { World } from './world.ts';

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
  /** A newOrder that is held up is one until it gets through: by then nobody may listen to what the CA answers. */
  const troubles: { readonly from: number; readonly until: number }[] = [];
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
    // What was not heard, or could not be written down, can't be obeyed, and a hand may ask all the same.
    if (troubles.some(({ from, until }) => until >= ignored.from && from <= ignored.from + UNDER_WAY)) return undefined;
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
      if (fault.kill || fault.delay || isLost || /^(secretsmanager|lambda):/.test(operation))
        troubles.push({ from: now, until: now + (operation === 'acme:newOrder' ? (fault.delay ?? 0) : 0) });
    },
    effect: (operation, request) =>
      refused ?? (operation === 'acme:newOrder' ? (tooEarly(request) ?? needless(request)) : undefined),
    end: () => refused ?? limitExceeded(world),
  };
};

/** Whether a run may not know yet what another one was told: it was under way, and asks once. */
function mayAsk({ from, run: first, others }: Told, now: number, run: ServedRun | undefined): boolean {
  if (run === undefined) return true;
  const isRepeated = run.number === first || others.has(run.number);
  others.add(run.number);
  return !isRepeated && now <= from + UNDER_WAY && run.began <= from + WRITTEN_DOWN;
}

/**
 * The limit of a week is watched where evercert keeps to it by itself: at a CA that is not known to have one, each certificate that
 * a fault keeps from being published costs another order.
 */
function limitExceeded({ sandbox, scenario }: World): string | undefined {
  const { authorizations, orders } = sandbox.ca;
  const failed = authorizations.flatMap(({ name, challenges }) =>
    challenges.flatMap(({ status, validated = 0 }) =>
      status === 'invalid' ? [{ what: `failed validations of ${name}`, at: validated }] : [],
    ),
  );
  const duplicates = orders.flatMap(({ names, certificate, replaces, created }) =>
    scenario.isLetsEncrypt && certificate && !replaces ? [{ what: `certificates for ${names}`, at: created }] : [],
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
