import { sameNames } from '../../core/domain-name.ts';
import { dueFromMetadata, dueFromValue, isInBackOff } from '../../core/due.ts';
import { toFailure } from '../../core/failure.ts';
import { isoInstant, type RenewOutcome } from '../../core/outcome.ts';
import type { RenewEvent } from '../../core/renew-event.ts';
import { ATTEMPT_SCHEMA, type Attempt } from '../attempt.ts';
import { describeCertificate } from '../certificate/find-certificate.ts';
import {
  type ManagedCertificate,
  readManagedCertificate,
  suggestedRenewal,
} from '../certificate/managed-certificate.ts';
import { repairTags } from '../certificate/repair-tags.ts';
import { writeSpec } from '../certificate/write-spec.ts';
import { readIssuerSettings } from '../issuer/issuer.ts';
import { answerRequest } from '../outcome/answer-request.ts';
import { storeSentence } from '../outcome/failure-sentence.ts';
import { confirmedImports } from '../publish/publish.ts';
import { reinstatable } from '../publish/reinstate.ts';
import { unfinishedRevocations, withRevocationAsked } from '../revoke.ts';
import type { Run } from '../run.ts';
import { claimAttempt, hasClaimedBefore } from './claim.ts';

export type Begun =
  | { readonly kind: 'attempt'; readonly attempt: Attempt }
  | { readonly kind: 'ended'; readonly outcome: RenewOutcome };

/**
 * Looks at the certificate, decides, and claims it if there is something to do. Nothing has been asked of a CA before
 * this has succeeded.
 */
export async function beginAttempt(event: RenewEvent, run: Run): Promise<Begun> {
  if (event.request === undefined) return begin(event, run);
  try {
    const begun = await begin(event, run);
    if (begun.kind === 'ended') {
      await answerRequest(begun.outcome.secretArn, event.request, begun.outcome.decision, run);
    }
    return begun;
  } catch (error) {
    const failure = toFailure(error);
    await storeSentence(event.certificate, failure, run);
    await answerRequest(event.certificate, event.request, failure.code, run);
    throw error;
  }
}

async function begin(event: RenewEvent, run: Run): Promise<Begun> {
  if (event.spec) await writeSpec(event.certificate, event.spec, run.vault, run.settings);
  const secret = await describeCertificate(event.certificate, run.vault, run.settings);
  const certificate = await withRevocationAsked(
    await readManagedCertificate(secret, run.vault, run.settings),
    event.revoke,
    run,
  );
  const { tags, spec, live } = certificate;

  const issuers = await Promise.all(
    spec.issuer.map(async (name) => ({ name, ...(await readIssuerSettings(name, run)) })),
  );
  const force = event.force && !(await hasClaimedBefore(certificate, run));
  const decision = dueFromValue(live, spec, {
    now: run.clock.now(),
    force,
    directoryUrls: issuers.map(({ directoryUrl }) => directoryUrl),
    suggested: suggestedRenewal(certificate),
    // A deployment hands ARNs on: the tags may be older than what somebody did in ACM.
    imports: event.request === undefined ? tags.acm : await confirmedImports(spec.acm, tags.acm, run),
  });
  const revokes = unfinishedRevocations(certificate);
  if (decision.action === 'wait' && revokes === undefined) {
    await repairTags(certificate, issuers, run);
    return ended(certificate, 'not-due', decision.reason);
  }
  // The back-off belongs to the spec that failed; whoever forces, deploys or changes it doesn't wait.
  if (
    !force &&
    event.request === undefined &&
    event.revoke === undefined &&
    certificate.specVersion === tags.spec &&
    isInBackOff(tags, run.clock.now())
  ) {
    return ended(certificate, 'back-off', dueFromMetadata(certificate, run.clock.now()).reason);
  }
  const reinstates = decision.action === 'renew' && !force ? await reinstatable(certificate, issuers, run) : undefined;
  const work = reinstates !== undefined ? 'reinstate' : decision.action === 'renew' ? 'renew' : 'publish';
  const claimed = await claimAttempt(certificate, work === 'renew' ? 'renew' : 'publish', run);
  if (claimed.kind === 'busy') {
    return ended(certificate, 'busy', `another run owns the claim until ${isoInstant(claimed.until)}`);
  }
  // The tag of an order is this generation's if this claim, or one that it goes on from, wrote it.
  const mayResume = claimed.claim.resumes || tags.lease === claimed.claim.leaseUntil;
  run.log.info('attempt begins', {
    certificate: certificate.name,
    work,
    reason: decision.reason,
    attempt: claimed.claim.attempt,
  });
  return {
    kind: 'attempt',
    attempt: {
      schema: ATTEMPT_SCHEMA,
      name: certificate.name,
      work,
      // Everything else has been done: what is left is to revoke.
      reason: decision.action === 'wait' ? 'a revocation is not finished' : decision.reason,
      force,
      claim: claimed.claim,
      spec,
      specVersion: certificate.specVersion,
      reinstates,
      revokes,
      request: event.request,
      issuer: spec.issuer[0] ?? '',
      liveTrust: live.kind === 'pair' ? tags.trust : undefined,
      notBefore: live.kind === 'pair' ? live.notBefore : undefined,
      notAfter: live.kind === 'pair' ? live.notAfter : undefined,
      describedSerial: tags.serial,
      describedRenewAt: tags.renewAt,
      failures: tags.failures ?? 0,
      // Also when what was issued is lost or was rejected: the CA has counted it.
      issued: live.kind === 'pair' && !sameNames(live.domainNames, spec.domainNames) ? [] : (tags.issued ?? []),
      ordered: tags.ordered ?? [],
      imports: tags.acm,
      knownOrder: mayResume ? tags.order : undefined,
    },
  };
}

function ended(certificate: ManagedCertificate, decision: RenewOutcome['decision'], reason: string): Begun {
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
      acm: Object.fromEntries(Object.entries(tags.acm).map(([region, imported]) => [region, imported.arn])),
    },
  };
}
