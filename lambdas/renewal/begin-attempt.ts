import { dueFromMetadata, dueFromValue } from '../core/due.ts';
import type { RenewEvent } from '../core/events.ts';
import { isoInstant, type RenewOutcome } from '../core/outcome.ts';
import { ATTEMPT_SCHEMA, type Attempt } from './attempt.ts';
import { claimAttempt, hasClaimedBefore } from './claim.ts';
import { readIssuerSettings } from './issuer.ts';
import { describeCertificate, type ManagedCertificate, readManagedCertificate } from './managed-certificate.ts';
import { repairTags } from './repair-tags.ts';
import type { Run } from './run.ts';
import { writeSpec } from './write-spec.ts';

export type Begun =
  | { readonly kind: 'attempt'; readonly attempt: Attempt }
  | { readonly kind: 'ended'; readonly outcome: RenewOutcome };

/**
 * Looks at the certificate, decides, and claims it if there is something to do. Nothing has been asked of a CA before
 * this has succeeded.
 */
export async function beginAttempt(event: RenewEvent, run: Run): Promise<Begun> {
  if (event.spec) await writeSpec(event.certificate, event.spec, run.vault, run.settings);
  const secret = await describeCertificate(event.certificate, run.vault, run.settings);
  const certificate = await readManagedCertificate(secret, run.vault, run.settings);
  const { tags, spec, live } = certificate;

  const issuers = await Promise.all(
    spec.issuer.map(async (name) => ({ name, ...(await readIssuerSettings(name, run)) })),
  );
  const force = event.force && !(await hasClaimedBefore(certificate, run));
  const decision = dueFromValue(live, spec, {
    now: run.clock.now(),
    force,
    directoryUrls: issuers.map(({ directoryUrl }) => directoryUrl),
    suggested: tags.version === certificate.liveVersion && tags.ariId ? tags.renewAt : undefined,
    imports: tags.acm,
  });
  if (decision.action === 'wait') {
    await repairTags(certificate, issuers, run);
    return ended(certificate, 'not-due', decision.reason);
  }
  // The back-off belongs to the spec that failed; whoever forces or changes it doesn't wait.
  if (!force && certificate.specVersion === tags.spec && (tags.retryAt ?? 0) > run.clock.now()) {
    return ended(certificate, 'back-off', dueFromMetadata(certificate, run.clock.now()).reason);
  }
  const work = decision.action === 'publish' ? 'publish' : 'renew';
  const claimed = await claimAttempt(certificate, work, run);
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
      reason: decision.reason,
      force,
      claim: claimed.claim,
      spec,
      specVersion: certificate.specVersion,
      issuer: spec.issuer[0] ?? '',
      liveTrust: live.kind === 'pair' ? tags.trust : undefined,
      notAfter: live.kind === 'pair' ? live.notAfter : undefined,
      describedSerial: tags.serial,
      describedRenewAt: tags.renewAt,
      failures: tags.failures ?? 0,
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
