import { preferredIssuer } from '../../core/certificate-spec.ts';
import { arnsByRegion } from '../../core/certificate-tags.ts';
import { dueFromMetadata, isInBackOff } from '../../core/due.ts';
import { RenewalFailure, toFailure } from '../../core/failure.ts';
import { isoInstant } from '../../core/instant.ts';
import type { RenewOutcome } from '../../core/outcome.ts';
import type { RenewEvent } from '../../core/renew-event.ts';
import { ATTEMPT_SCHEMA, type Attempt } from '../attempt.ts';
import { describeCertificate } from '../certificate/find-certificate.ts';
import { type ManagedCertificate, readManagedCertificate } from '../certificate/managed-certificate.ts';
import { repairTags } from '../certificate/repair-tags.ts';
import { writeSpec } from '../certificate/write-spec.ts';
import { readIssuers } from '../issuer/issuer-secret.ts';
import { issuancesOf } from '../order/issuances.ts';
import { answerRequest, endOf } from '../outcome/answer-request.ts';
import { storeFailure } from '../outcome/last-failure.ts';
import { confirmedImports } from '../publish/publish.ts';
import { reinstatable } from '../publish/reinstate.ts';
import { recordRevocation, unfinishedRevocations } from '../revoke.ts';
import type { Run } from '../run.ts';
import { type Claim, claimAttempt, hasHadItsAttempt } from './claim.ts';
import { decide } from './decide.ts';

export type Begun =
  | { readonly kind: 'attempt'; readonly attempt: Attempt }
  /** `isAnswered`: the deployment that asked has been told already how its request ended. */
  | { readonly kind: 'ended'; readonly outcome: RenewOutcome; readonly isAnswered?: boolean };

/**
 * Looks at the certificate, decides, and claims it if there is something to do. Nothing has been asked of a CA before
 * this has succeeded.
 */
export async function beginAttempt(event: RenewEvent, run: Run): Promise<Begun> {
  if (event.request === undefined) return begin(event, run);
  try {
    const begun = await begin(event, run);
    if (begun.kind === 'ended' && !begun.isAnswered) {
      await answerRequest(begun.outcome.secretArn, event.request, begun.outcome.decision, run);
    }
    return begun;
  } catch (error) {
    const failure = toFailure(error);
    await storeFailure(event.certificate, failure, run);
    await answerRequest(event.certificate, event.request, failure.code, run);
    throw error;
  }
}

async function begin(event: RenewEvent, run: Run): Promise<Begun> {
  if (event.spec) await writeSpec(event.certificate, event.spec, run, run.settings);
  const secret = await describeCertificate(event.certificate, run, run.settings);
  const certificate = await recordRevocation(
    await readManagedCertificate(secret, run.vault, run.settings),
    event.revoke,
    run,
  );
  const { tags, spec } = certificate;
  const end = event.request === undefined ? undefined : endOf(event.request, tags);
  if (end !== undefined) {
    const reason = `the deployment has been told how this ended (${end}); it asks again under another name if it wants more`;
    return { ...ended(certificate, 'back-off', reason), isAnswered: true };
  }
  const issuers = await readIssuers(spec.issuer, run);
  const force = event.force && !(await hasHadItsAttempt(certificate, run));
  const decision = decide(certificate, issuers, {
    now: run.clock.now(),
    force,
    // A deployment hands ARNs on: the tags may be older than what somebody did in ACM.
    imports: event.request === undefined ? tags.acm : await confirmedImports(spec.acm, tags.acm, run),
  });
  const revokes = unfinishedRevocations(certificate);
  if (decision.action === 'wait' && revokes === undefined) {
    await repairTags(certificate, issuers, run);
    return ended(certificate, 'not-due', decision.reason);
  }
  if (!force && isHeldBack(certificate, event, run.clock.now())) {
    return ended(certificate, 'back-off', dueFromMetadata(certificate, run.clock.now()).reason);
  }
  const reinstates = decision.action === 'renew' && !force ? await reinstatable(certificate, issuers, run) : undefined;
  const work = reinstates !== undefined ? 'reinstate' : decision.action === 'renew' ? 'renew' : 'publish';
  if (work === 'renew') expectRenewable(certificate, run.clock.now());
  const claimed = await claimAttempt(certificate, work === 'renew' ? 'renew' : 'publish', run);
  if (claimed.kind === 'busy') {
    return ended(certificate, 'busy', `another run owns the claim until ${isoInstant(claimed.until)}`);
  }
  const { claim } = claimed;
  // Where nothing is due, everything else has been done: what is left is to revoke.
  const reason = decision.action === 'wait' ? 'a revocation is not finished' : decision.reason;
  run.log.info('attempt begins', { certificate: certificate.name, work, reason, attempt: claim.attempt });
  const described = asDescribed(certificate, claim);
  return {
    kind: 'attempt',
    attempt: { ...described, work, reason, force, reinstates, revokes, request: event.request },
  };
}

/**
 * Throws `corrupt-secret` where a renewal would leave the old leaf or key beside a new one while that pair can be used: a server
 * that reads both would not start any more. One that has expired, or whose key is revoked, is replaced as far as it goes.
 */
function expectRenewable({ name, live, unrenewable }: ManagedCertificate, now: number): void {
  const isUsable = live.kind === 'pair' && live.notAfter >= now && !live.keyIsRevoked;
  if (unrenewable === undefined || !isUsable) return;
  throw new RenewalFailure(
    'corrupt-secret',
    `the secret of ${name} can't be renewed: ${unrenewable}, and a renewal would leave the old one there. Nothing was ordered. Give that block a field of its own; a certificate of the chain, a field chain as well.`,
  );
}

/** The back-off belongs to the spec that failed; whoever deploys, revokes or changes it doesn't wait. */
function isHeldBack({ tags, specVersion }: ManagedCertificate, { request, revoke }: RenewEvent, now: number): boolean {
  return request === undefined && revoke === undefined && specVersion === tags.spec && isInBackOff(tags, now);
}

/** What an attempt has to know of the certificate as it was when it was claimed. */
function asDescribed(
  { name, spec, specVersion, live, tags }: ManagedCertificate,
  claim: Claim,
): Omit<Attempt, 'work' | 'reason' | 'force' | 'reinstates' | 'revokes' | 'request'> {
  const pair = live.kind === 'pair' ? live : undefined;
  // The tag of an order is this generation's if this claim, or one that it goes on from, wrote it.
  const mayResume = claim.resumes || tags.lease === claim.leaseUntil;
  return {
    schema: ATTEMPT_SCHEMA,
    name,
    claim,
    spec,
    specVersion,
    issuer: preferredIssuer(spec),
    liveTrust: pair && tags.trust,
    live: pair && { notBefore: pair.notBefore, notAfter: pair.notAfter },
    describedSerial: tags.serial,
    describedRenewAt: tags.renewAt,
    failures: tags.failures ?? 0,
    issued: issuancesOf(spec, tags),
    ordered: tags.ordered ?? [],
    limited: tags.limited,
    imports: tags.acm,
    knownOrder: mayResume ? tags.order : undefined,
  };
}

function ended(
  certificate: ManagedCertificate,
  decision: RenewOutcome['decision'],
  reason: string,
): Extract<Begun, { readonly kind: 'ended' }> {
  const { name, arn, live, tags } = certificate;
  return {
    kind: 'ended',
    outcome: {
      certificate: name,
      decision,
      reason,
      secretArn: arn,
      ...(live.kind === 'pair' ? { serialNumber: live.serialNumber, notAfter: isoInstant(live.notAfter) } : {}),
      ...(tags.renewAt === undefined ? {} : { renewAt: isoInstant(tags.renewAt) }),
      acm: arnsByRegion(tags.acm),
    },
  };
}
