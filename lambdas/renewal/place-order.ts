import { type Order, placeOrder } from '../acme/order.ts';
import { writeCertificateTags } from '../core/certificate-tags.ts';
import { sameNames } from '../core/domain-name.ts';
import { MINUTE } from '../core/duration.ts';
import { isRenewalFailure, RenewalFailure } from '../core/failure.ts';
import { isLowerTrust } from '../core/trust.ts';
import type { Attempt } from './attempt.ts';
import { expectTime, knownPending, updatePending } from './claim.ts';
import { openIssuer } from './issuer.ts';
import type { OpenIssuer } from './open-issuer.ts';
import { freshOrder, remember } from './orders.ts';
import type { Run } from './run.ts';

/** What of an order crosses steps. */
export interface PlacedOrder {
  readonly url: string;
  readonly status: Order['status'];
}

/** An order that ends sooner is not worth resuming: validation and finalization have to fit. */
const LONG_ENOUGH = 10 * MINUTE;

/**
 * Goes on with the order that an earlier attempt of this generation placed, or places one. Its URL is stored as soon as
 * it is known: in a tag, which costs the call that also says who works on the certificate; in the pending version when
 * a tag can't hold it.
 */
export async function placeOrResumeOrder(attempt: Attempt, run: Run): Promise<PlacedOrder> {
  const issuer = await openIssuer(attempt.issuer, run, { force: attempt.force });
  expectNoLowerTrust(attempt, issuer);
  const order = (await knownOrder(attempt, issuer, run)) ?? (await newOrder(attempt, issuer, run));
  expectTime(attempt.claim, run);
  const tags = writeCertificateTags({
    state: 'renewing',
    attempt: attempt.claim.attempt,
    lease: attempt.claim.leaseUntil,
    issuer: attempt.issuer,
    spec: attempt.specVersion,
    order: order.url,
  });
  await run.vault.tag(attempt.claim.arn, tags);
  if (!Object.values(tags).includes(order.url))
    await updatePending(attempt.claim, { order: orderOf(order, issuer) }, run);
  return { url: order.url, status: order.status };
}

/** Before the CA is asked for what would not be published. */
function expectNoLowerTrust({ liveTrust, force }: Attempt, { name, settings: { trust } }: OpenIssuer): void {
  if (force || liveTrust === undefined || !isLowerTrust(trust, liveTrust)) return;
  throw new RenewalFailure(
    'lower-trust',
    `issuer ${name} has trust "${trust}" and the live certificate has "${liveTrust}": the better one stays. Renew with force to replace it all the same.`,
  );
}

async function newOrder(attempt: Attempt, issuer: OpenIssuer, run: Run): Promise<Order> {
  const { domainNames, profile } = attempt.spec;
  const order = remember(await placeOrder(issuer.session, { domainNames, ...(profile ? { profile } : {}) }), run);
  run.log.info('order placed', { certificate: attempt.name, order: order.url, status: order.status });
  return order;
}

/** What the pending version remembers of an order. */
export function orderOf(
  order: { readonly url: string },
  issuer: OpenIssuer,
): { url: string; directoryUrl: string; accountUrl: string } {
  return { url: order.url, directoryUrl: issuer.settings.directoryUrl, accountUrl: issuer.accountUrl };
}

async function knownOrder(attempt: Attempt, issuer: OpenIssuer, run: Run): Promise<Order | undefined> {
  const { order } = await knownPending(attempt.claim, run);
  const ours =
    order === undefined ||
    (order.directoryUrl === issuer.settings.directoryUrl && order.accountUrl === issuer.accountUrl);
  const url = ours ? (order?.url ?? attempt.knownOrder) : undefined;
  if (url === undefined) return undefined;
  try {
    const known = await freshOrder(url, issuer, run);
    if (!isUsable(known, attempt, run.clock.now())) return undefined;
    run.log.info('order resumed', { certificate: attempt.name, order: url, status: known.status });
    return known;
  } catch (error) {
    // Gone, another account's, or on another host: the CA's way to say that there is nothing to resume.
    if (isRenewalFailure(error) && (error.code === 'ca-refused' || error.code === 'ca-misbehaved')) return undefined;
    throw error;
  }
}

function isUsable(order: Order, attempt: Attempt, now: number): boolean {
  if (!sameNames(order.domainNames, attempt.spec.domainNames) || order.status === 'invalid') return false;
  return order.status !== 'pending' || order.expires === undefined || order.expires > now + LONG_ENOUGH;
}
