import { type Order, placeOrder } from '../../acme/order.ts';
import { directoryOf } from '../../acme/session.ts';
import { type CertificateTags, writeCertificateTags } from '../../core/certificate-tags.ts';
import { messageOf, RenewalFailure } from '../../core/failure.ts';
import { isoInstant } from '../../core/instant.ts';
import { countedIssuances, hasKnownLimits, nextIssuance, type Wanted, withOrder } from '../../core/order-budget.ts';
import { isLowerTrust } from '../../core/trust.ts';
import { askAgain } from '../ask-again.ts';
import type { Attempt } from '../attempt.ts';
import { expectTime, isTakenOver, knownPending, rememberDone, takenOver, updatePending } from '../claim/claim.ts';
import { expectStillDue } from '../claim/still-due.ts';
import { checkDns, type DnsPlan, mayBeApproved } from '../dns01/check-dns.ts';
import type { OpenIssuer } from '../issuer/issuer.ts';
import { withKnownAccount } from '../issuer/with-known-account.ts';
import type { Run } from '../run.ts';
import { knownOrder, orderOf, usableOrder } from './known-order.ts';
import { remember } from './orders.ts';
import { mayBeAboutReplaces, replacedCertificate } from './replaced-certificate.ts';

/** An issuer's, among those that an attempt asks. */
export type Turn = Pick<Wanted, 'isLast'>;

/** What of an order crosses steps. */
export interface PlacedOrder {
  readonly url: string;
  readonly status: Order['status'];
  /** Where its challenges are answered; not there while none is expected. */
  readonly dns?: DnsPlan;
  /** An earlier attempt placed it. */
  readonly isResumed?: boolean;
}

/**
 * Goes on with the order that an earlier attempt of this generation placed, or places one. Its URL is stored as soon as
 * it is known: in a tag, which costs the call that also says who works on the certificate; in the pending version when
 * a tag can't hold it. DNS is checked before: a CA that looks in vain counts it.
 */
export async function placeOrResumeOrder(attempt: Attempt, turn: Turn, run: Run): Promise<PlacedOrder> {
  return withKnownAccount(
    attempt,
    run,
    async (issuer) => (await resume(attempt, issuer, run)) ?? placeNew(attempt, issuer, turn, run),
  );
}

/** Goes on with such an order if anything can be made of it; `undefined` if not. */
export async function resumeOrder(attempt: Attempt, run: Run): Promise<PlacedOrder | undefined> {
  return withKnownAccount(attempt, run, (issuer) => resume(attempt, issuer, run));
}

async function resume(attempt: Attempt, issuer: OpenIssuer, run: Run): Promise<PlacedOrder | undefined> {
  expectNoLowerTrust(attempt, issuer);
  const order = await knownOrder(attempt, issuer, run);
  if (!order) return undefined;
  const dns = order.status === 'pending' ? await planned(attempt, issuer, run) : undefined;
  const placed = await noted({ order, isNew: false, dns }, attempt, issuer, run);
  if (order.status === 'processing') await noteProcessing(order, attempt, issuer, run);
  return { ...placed, isResumed: true };
}

async function placeNew(attempt: Attempt, issuer: OpenIssuer, turn: Turn, run: Run): Promise<PlacedOrder> {
  const dns = await planned(attempt, issuer, run);
  return noted({ ...(await newOrder(attempt, issuer, turn, run)), dns }, attempt, issuer, run);
}

async function noted(
  { order, isNew, dns }: { readonly order: Order; readonly isNew: boolean; readonly dns: DnsPlan | undefined },
  attempt: Attempt,
  issuer: OpenIssuer,
  run: Run,
): Promise<PlacedOrder> {
  if (!isNew) expectTime(attempt.claim, run);
  // Forgotten, an order would have a second one placed beside it.
  else if (await isTakenOver(attempt.claim, run)) throw takenOver();
  const tags = writeCertificateTags({
    state: 'renewing',
    attempt: attempt.claim.attempt,
    lease: attempt.claim.leaseUntil,
    issuer: attempt.issuer,
    spec: attempt.specVersion,
    order: order.url,
    ...(isNew ? { ordered: withOrder(attempt.ordered, run.clock.now()) } : {}),
  });
  await run.vault.tag(attempt.claim.arn, tags);
  if (!Object.values(tags).includes(order.url)) await noteInPending(order, attempt, issuer, run);
  return { url: order.url, status: order.status, ...(dns ? { dns } : {}) };
}

/** What it knows of that order already stays. */
async function noteInPending(order: Order, { claim }: Attempt, issuer: OpenIssuer, run: Run): Promise<void> {
  const { order: before } = await knownPending(claim, run);
  if (before?.url !== order.url) await rememberDone(claim, { order: orderOf(order, issuer) }, run);
}

/** From when on the order's patience counts (`isStuck`): no call in a renewal that needs no second attempt. */
async function noteProcessing(order: Order, { claim }: Attempt, issuer: OpenIssuer, run: Run): Promise<void> {
  const { order: before } = await knownPending(claim, run);
  const same = before?.url === order.url ? before : undefined;
  if (same?.processingSince !== undefined) return;
  const processingSince = run.clock.now();
  await updatePending(claim, { order: { ...same, ...orderOf(order, issuer), processingSince } }, run);
}

async function planned(attempt: Attempt, issuer: OpenIssuer, run: Run): Promise<DnsPlan | undefined> {
  const { meta } = await directoryOf(issuer.session);
  try {
    return await checkDns(attempt, issuer, run);
  } catch (error) {
    if (mayBeApproved(error, meta.externalAccountRequired)) return undefined;
    throw error;
  }
}

/** Before the CA is asked for what would not be published. */
function expectNoLowerTrust({ liveTrust, force }: Attempt, { name, settings: { trust } }: OpenIssuer): void {
  if (force || liveTrust === undefined || !isLowerTrust(trust, liveTrust)) return;
  throw new RenewalFailure(
    'lower-trust',
    `issuer ${name} has trust "${trust}" and the live certificate has "${liveTrust}": the better one stays. Renew with force to replace it all the same.`,
  );
}

/** A new order, unless this step has placed one already and died before that was recorded. */
async function newOrder(
  attempt: Attempt,
  issuer: OpenIssuer,
  turn: Turn,
  run: Run,
): Promise<{ readonly order: Order; readonly isNew: boolean }> {
  const { domainNames, profile } = attempt.spec;
  expectBudget(attempt, issuer, turn, run);
  const offered = (await directoryOf(issuer.session)).renewalInfo !== undefined;
  const replaces = await replacedCertificate(attempt, issuer, offered, run);
  const own = await orderOfThisStep(await tagsBeforeOrder(attempt, run), attempt, issuer, run);
  if (own) return { order: own, isNew: false };
  const wanted = { domainNames, ...(profile ? { profile } : {}) };
  expectTime(attempt.claim, run);
  const order = remember(await place(issuer, wanted, replaces, attempt, run), run);
  run.log.info('order placed', { certificate: attempt.name, order: order.url, status: order.status, replaces });
  return { order, isNew: true };
}

/** While it is still due. The process before, in which this step may have placed its order, may have died a moment ago. */
async function tagsBeforeOrder(attempt: Attempt, run: Run): Promise<CertificateTags> {
  const ask = () => expectStillDue(attempt, run);
  if (run.known.claims.has(attempt.claim.token)) return ask();
  return askAgain(ask, (tags) => urlOfThisStep(tags, attempt) !== undefined, run.clock);
}

/** What a durable execution knows of an attempt is as old as its last checkpoint; the tags are newer. */
function urlOfThisStep(
  { lease, issuer, order }: CertificateTags,
  { claim, issuer: asked, knownOrder }: Attempt,
): string | undefined {
  return lease === claim.leaseUntil && issuer === asked && order !== knownOrder ? order : undefined;
}

/** Nobody has come to finalize that order yet: one that is valid was taken by another certificate. */
async function orderOfThisStep(
  tags: CertificateTags,
  attempt: Attempt,
  issuer: OpenIssuer,
  run: Run,
): Promise<Order | undefined> {
  const url = urlOfThisStep(tags, attempt);
  const order = url === undefined ? undefined : await usableOrder(url, attempt, issuer, run);
  return order?.status === 'pending' || order?.status === 'ready' ? order : undefined;
}

/** Says what is replaced (RFC 9773, section 5), and does without it when the CA refuses: once. */
async function place(
  { session }: OpenIssuer,
  wanted: Parameters<typeof placeOrder>[1],
  replaces: string | undefined,
  { name }: Attempt,
  run: Run,
): Promise<Order> {
  if (replaces === undefined) return placeOrder(session, wanted);
  try {
    return await placeOrder(session, { ...wanted, replaces });
  } catch (error) {
    if (!mayBeAboutReplaces(error)) throw error;
    run.log.warn('the order was refused; asking once more without saying which certificate it replaces', {
      certificate: name,
      problem: messageOf(error),
    });
    return placeOrder(session, wanted);
  }
}

/** So that no fault of ours uses up what the CA allows. */
function expectBudget(
  { issued, force, revokes, live }: Attempt,
  { name, settings }: OpenIssuer,
  { isLast }: Turn,
  run: Run,
): void {
  if (!hasKnownLimits(settings.directoryUrl)) return;
  const now = run.clock.now();
  const at = nextIssuance(issued, now, { byHand: force || revokes !== undefined, live, isLast });
  if (at === undefined) return;
  throw new RenewalFailure(
    'budget-used-up',
    `${countedIssuances(issued, now).length} certificates for exactly these names were issued within a week, and ${name} allows five: nothing is ordered there before ${isoInstant(at)}. Look in the log at what asks for them.`,
    { details: { retryAt: at } },
  );
}
