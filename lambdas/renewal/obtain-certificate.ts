import { readCertificate } from '../acme/certificate.ts';
import { createCsr } from '../acme/csr.ts';
import { downloadChain, finalizeOrder } from '../acme/order.ts';
import { encodePrivateKey } from '../acme/private-key.ts';
import { verifyPair } from '../acme/verify.ts';
import { RenewalFailure } from '../core/failure.ts';
import { isoInstant } from '../core/outcome.ts';
import { renewedValue } from '../core/secret-value.ts';
import type { Attempt } from './attempt.ts';
import { knownPending, ownPending, waitWithin } from './claim.ts';
import { openIssuer } from './issuer.ts';
import { freshOrder, lastOrder, remember } from './orders.ts';
import { pollInterval } from './poll-interval.ts';
import type { Polled, Steps } from './ports/steps.ts';
import { renewalInfoId } from './renewal-info.ts';
import type { Run } from './run.ts';
import { ISSUED } from './stages.ts';

/** A verified pair that is stored but not live yet. */
export interface StoredCertificate {
  readonly version: string;
  readonly serialNumber: string;
  readonly validInMilliseconds: number;
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
  await steps.run('finalize', () => finalize(attempt, orderUrl, run));
  await steps.poll('wait for certificate', (poll) => issued(attempt, orderUrl, poll, run));
  const stored = await steps.run('verify and store', () => verifyAndStore(attempt, orderUrl, run));
  // A CA may date a certificate a few minutes ahead; nobody could use it before.
  if (stored.validInMilliseconds > 0) await steps.wait('until it is valid', stored.validInMilliseconds);
  return stored;
}

/** Repeated only while the order is `ready`: the CA counts each finalization (RFC 8555, section 7.4). */
async function finalize(attempt: Attempt, orderUrl: string, run: Run): Promise<void> {
  const issuer = await openIssuer(attempt.issuer, run, { force: attempt.force });
  const { privateKey } = await ownPending(attempt.claim, run);
  const order = await lastOrder(orderUrl, issuer, run);
  if (order.status !== 'ready') return;
  const csr = await createCsr(privateKey, attempt.spec.domainNames);
  remember(await finalizeOrder(issuer.session, order, csr), run);
}

async function issued(attempt: Attempt, orderUrl: string, poll: number, run: Run): Promise<Polled<null>> {
  const issuer = await openIssuer(attempt.issuer, run, { force: attempt.force });
  // The answer to finalize says already whether and how long to wait.
  const order = await (poll === 1 ? lastOrder : freshOrder)(orderUrl, issuer, run);
  if (order.status === 'valid') return { done: true, value: null };
  if (order.status === 'invalid' || order.status === 'pending') {
    throw new RenewalFailure(
      'order-failed',
      `the CA declared the order ${order.status}: ${order.problem?.detail ?? 'it gave no reason'}`,
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
async function verifyAndStore(attempt: Attempt, orderUrl: string, run: Run): Promise<StoredCertificate> {
  const { spec, claim } = attempt;
  const issuer = await openIssuer(attempt.issuer, run, { force: attempt.force });
  const { trust, caBundle, directoryUrl } = issuer.settings;
  const { privateKey } = await knownPending(claim, run);
  const order = await lastOrder(orderUrl, issuer, run);
  const { certificate, chain } = await downloadChain(
    issuer.session,
    order,
    spec.preferredChain ? { preferredChain: spec.preferredChain } : {},
  );
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
        ariCertId: renewalInfoId(certificate),
      },
    },
    previous,
    (label) => encodePrivateKey(privateKey, label),
  );
  if ((await run.vault.put({ id: claim.arn, value, token: version, stage: ISSUED })) === 'taken') {
    run.log.warn('the pair was stored before with another chain; that version is used', {
      certificate: attempt.name,
      version,
    });
  }
  return {
    version,
    serialNumber: facts.serialNumber,
    validInMilliseconds: waitWithin(claim, Math.max(0, facts.notBefore - run.clock.now()), run),
  };
}
