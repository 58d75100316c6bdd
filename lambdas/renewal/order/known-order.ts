import { problemOfUrl } from '../../acme/acme-url.ts';
import type { Order } from '../../acme/order.ts';
import { problemType } from '../../acme/problem.ts';
import { sameNames } from '../../core/domain-name.ts';
import { MINUTE } from '../../core/duration.ts';
import { isRenewalFailure, type RenewalFailure } from '../../core/failure.ts';
import { isStuck } from '../../core/stuck-order.ts';
import type { Attempt } from '../attempt.ts';
import { knownPending } from '../claim/claim.ts';
import type { OpenIssuer } from '../issuer/issuer.ts';
import type { Run } from '../run.ts';
import { freshOrder } from './orders.ts';

/** An order that ends sooner is not worth resuming: validation and finalization have to fit. */
const LONG_ENOUGH = 10 * MINUTE;

const GONE: ReadonlySet<string | undefined> = new Set(['accountDoesNotExist', 'malformed', 'unauthorized']);

/** After so many failures in a row it doesn't pass: an order that can't be read, and is not known to be `processing`, is given up. */
const PATIENCE = 3;

/** What the pending version remembers of an order. */
export function orderOf(
  order: { readonly url: string },
  issuer: OpenIssuer,
): { url: string; directoryUrl: string; accountUrl: string } {
  return { url: order.url, directoryUrl: issuer.settings.directoryUrl, accountUrl: issuer.accountUrl };
}

/** The order that an earlier attempt of this generation placed with this issuer, if anything can still be made of it. */
export async function knownOrder(attempt: Attempt, issuer: OpenIssuer, run: Run): Promise<Order | undefined> {
  const { order } = await knownPending(attempt.claim, run);
  // An order that needed no challenge is in the tag alone: the pending version may still have one from before it.
  const urls = new Set([order?.url, attempt.knownOrder].filter((url) => url !== undefined));
  if (order && !isOf(issuer, order)) urls.delete(order.url);
  for (const url of urls) {
    const known = await usableOrder(url, attempt, issuer, run);
    if (known) return known;
  }
  return undefined;
}

function isOf({ settings, accountUrl }: OpenIssuer, order: ReturnType<typeof orderOf>): boolean {
  return order.directoryUrl === settings.directoryUrl && order.accountUrl === accountUrl;
}

/** `undefined` for an order that can't be gone on with, or is given up (decision 7). */
export async function usableOrder(
  url: string,
  attempt: Attempt,
  issuer: OpenIssuer,
  run: Run,
): Promise<Order | undefined> {
  // Of another CA: the issuer has changed.
  if (problemOfUrl(url, issuer.session.connection) !== undefined) return undefined;
  const since = await processingSince(url, attempt, run);
  const isLate = isStuck(since, { now: run.clock.now(), live: attempt.live, force: attempt.force });
  try {
    const known = await freshOrder(url, issuer, run);
    if (!isUsable(known, attempt, run.clock.now())) return undefined;
    if (known.status === 'processing' && isLate) {
      run.log.warn('the CA does not get on with an order; it is given up', { certificate: attempt.name, order: url });
      return undefined;
    }
    run.log.info('order resumed', { certificate: attempt.name, order: url, status: known.status });
    return known;
  } catch (error) {
    if (!isRenewalFailure(error) || (error.code !== 'ca-refused' && error.code !== 'ca-misbehaved')) throw error;
    // What may pass loses no order: it may be about to be valid, and a second one would be finalized beside it. Attempts that ran
    // out of time count as failures: of an order that is `processing` their number says nothing.
    const mayPass = since === undefined ? attempt.failures < PATIENCE : !isLate;
    if (!isAbout(url, error) || (!isGone(error) && mayPass)) throw error;
    run.log.info('order given up', { certificate: attempt.name, order: url, problem: error.message });
    return undefined;
  }
}

async function processingSince(url: string, { claim }: Attempt, run: Run): Promise<number | undefined> {
  const { order } = await knownPending(claim, run);
  return order?.url === url ? order.processingSince : undefined;
}

/** A directory or a nonce that is refused says nothing of the order. */
function isAbout(url: string, { details: { problem } }: RenewalFailure): boolean {
  return problem === undefined || problem.url === url;
}

/** The CA's ways to say that there is no such order, or that it is another account's (Boulder: `malformed`, 404). */
function isGone(error: RenewalFailure): boolean {
  const { status } = error.details.problem ?? {};
  return status === 404 || status === 410 || GONE.has(problemType(error));
}

function isUsable(order: Order, attempt: Attempt, now: number): boolean {
  if (!sameNames(order.domainNames, attempt.spec.domainNames) || order.status === 'invalid') return false;
  return order.status !== 'pending' || order.expires === undefined || order.expires > now + LONG_ENOUGH;
}
