import { ariIdOf } from '../../acme/ari-id.ts';
import { keyMatches, readCertificate } from '../../acme/certificate.ts';
import { createCsr } from '../../acme/csr.ts';
import { downloadChain, finalizeOrder, isUnfinished, type Order } from '../../acme/order.ts';
import { encodePrivateKey, isSameKey } from '../../acme/private-key.ts';
import { verifyPair } from '../../acme/verify.ts';
import { HOUR } from '../../core/duration.ts';
import { RenewalFailure } from '../../core/failure.ts';
import { isoInstant } from '../../core/instant.ts';
import { renewedValue } from '../../core/secret-value.ts';
import { ISSUED } from '../../core/stages.ts';
import type { Attempt } from '../attempt.ts';
import { knownPending, ownPending, updatePending, waitWithin } from '../claim/claim.ts';
import type { Pending } from '../claim/pending.ts';
import type { OpenIssuer } from '../issuer/issuer.ts';
import { openIssuer } from '../issuer/open-issuer.ts';
import type { Polled, Steps } from '../ports/steps.ts';
import type { Run } from '../run.ts';
import { orderOf } from './known-order.ts';
import { freshOrder, lastOrder, remember } from './orders.ts';
import { pollInterval } from './poll-interval.ts';

/** How far Let's Encrypt dates certificates back, so that clocks that are behind take them. */
const BACKDATED = HOUR;

/** A verified pair that is stored but not live yet. */
export interface StoredCertificate {
  readonly version: string;
  readonly validInMilliseconds: number;
  /** The same whenever this certificate is obtained again. */
  readonly issuedAt: number;
}

/**
 * Finalizes the order with the key that is already safe in the pending version, waits for the CA, verifies what comes
 * back, and stores it.
 */
export async function obtainCertificate(
  attempt: Attempt,
  orderUrl: string,
  steps: Steps,
  run: Run,
): Promise<StoredCertificate> {
  const accepted = await steps.run('finalize', () => finalize(attempt, orderUrl, run));
  await steps.poll('wait for certificate', (poll) => issued(attempt, orderUrl, poll, run));
  const stored = await steps.run('verify and store', () => verifyAndStore(attempt, orderUrl, accepted, run));
  // A CA may date a certificate a few minutes ahead; nobody could use it before.
  if (stored.validInMilliseconds > 0) await steps.wait('until it is valid', stored.validInMilliseconds);
  return stored;
}

/**
 * Repeated only while nobody has finalized the order: the CA counts each finalization (RFC 8555, section 7.4). Returns whether the CA
 * has taken our request; `false` when somebody else's, or that of an earlier run of ours, may have been first.
 */
async function finalize(attempt: Attempt, orderUrl: string, run: Run): Promise<boolean> {
  const issuer = await openIssuer(attempt, run);
  const { privateKey } = await ownPending(attempt.claim, run);
  const order = await lastOrder(orderUrl, issuer, run);
  if (!isUnfinished(order)) return false;
  const csr = await createCsr(privateKey, attempt.spec.domainNames);
  // From here on no other issuer may be asked until the order is given up (decision 7).
  if (attempt.spec.issuer.length > 1)
    await updatePending(attempt.claim, { order: finalized(order, attempt, issuer, run) }, run);
  return remember(await finalizeOrder(issuer.session, order, csr), run).accepted === true;
}

function finalized(order: Order, attempt: Attempt, issuer: OpenIssuer, run: Run): Pending['order'] {
  return {
    ...orderOf(order, issuer),
    finalizedAt: attempt.issuer,
    mayIssueUntil: order.expires,
    processingSince: run.clock.now(),
    fallback: attempt.fallback,
  };
}

async function issued(attempt: Attempt, orderUrl: string, poll: number, run: Run): Promise<Polled<null>> {
  const issuer = await openIssuer(attempt, run);
  // The answer to finalize says already whether and how long to wait.
  const order = await (poll === 1 ? lastOrder : freshOrder)(orderUrl, issuer, run);
  if (order.status === 'valid') return { done: true, value: null };
  if (order.status === 'invalid') {
    throw new RenewalFailure(
      'order-failed',
      `the CA declared the order invalid: ${order.problem?.detail ?? 'it gave no reason'}`,
      {
        details: order.problem ? { problem: order.problem } : {},
      },
    );
  }
  return {
    done: false,
    waitMilliseconds: waitWithin(attempt.claim, pollInterval(poll, order.retryAfterMilliseconds), run),
  };
}

/** Nothing is stored that is not verified, so whatever carries `ACME_ISSUED` may go live. */
async function verifyAndStore(
  attempt: Attempt,
  orderUrl: string,
  accepted: boolean,
  run: Run,
): Promise<StoredCertificate> {
  const { spec, claim } = attempt;
  const issuer = await openIssuer(attempt, run);
  const { trust, caBundle, directoryUrl } = issuer.settings;
  const { privateKey } = await knownPending(claim, run);
  const order = await lastOrder(orderUrl, issuer, run);
  const { certificate, chain } = await downloadChain(
    issuer.session,
    order,
    spec.preferredChain ? { preferredChain: spec.preferredChain } : {},
  );
  if (!accepted && !keyMatches(certificate, privateKey)) await leaveToAnother(attempt, orderUrl, run);
  verifyPair({
    certificate,
    chain,
    privateKey,
    domainNames: spec.domainNames,
    key: spec.key,
    trust,
    now: run.clock.now(),
    ...(caBundle ? { roots: caBundle } : {}),
  });
  const facts = readCertificate(certificate);
  const version = facts.fingerprint256;
  const previous = (await run.vault.read(claim.arn, claim.generation)) ?? '';
  const value = renewedValue(
    {
      certificate,
      chain,
      privateKey,
      domainNames: spec.domainNames,
      issued: {
        notBefore: isoInstant(facts.notBefore),
        notAfter: isoInstant(facts.notAfter),
        serialNumber: facts.serialNumber,
        fingerprint256: facts.fingerprint256,
        issuer: facts.issuer,
        directoryUrl,
        accountUrl: issuer.accountUrl,
        profile: spec.profile,
        ariCertId: ariIdOf(certificate),
      },
    },
    previous,
    (label) => encodePrivateKey(privateKey, label),
    isSameKey,
  );
  if ((await run.vault.put({ id: claim.arn, value, token: version, stage: ISSUED })) === 'taken') {
    run.log.warn('the pair was stored before with another chain; that version is used', {
      certificate: attempt.name,
      version,
    });
  }
  return {
    version,
    validInMilliseconds: waitWithin(claim, Math.max(0, facts.notBefore - run.clock.now()), run),
    issuedAt: Math.min(facts.notBefore + BACKDATED, run.clock.now()),
  };
}

/** The order is forgotten, so that another one is placed. */
async function leaveToAnother({ claim, name }: Attempt, orderUrl: string, run: Run): Promise<never> {
  await updatePending(claim, { order: undefined }, run);
  run.log.warn('another certificate with the same names was issued from this order; ordering again', {
    certificate: name,
    order: orderUrl,
  });
  throw new RenewalFailure('order-taken', `the order ${orderUrl} was used for another certificate with the same names`);
}
