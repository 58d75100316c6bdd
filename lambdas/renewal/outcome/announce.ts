import { ariIdOf } from '../../acme/ari-id.ts';
import { readCertificate } from '../../acme/certificate.ts';
import { renewBeforeOf } from '../../core/certificate-spec.ts';
import { type AcmImport, arnsByRegion, writeCertificateTags } from '../../core/certificate-tags.ts';
import { renewalTime } from '../../core/due.ts';
import { isoInstant } from '../../core/instant.ts';
import { isRenewBeforeTooLong } from '../../core/lifetime.ts';
import type { RenewOutcome } from '../../core/outcome.ts';
import type { Attempt } from '../attempt.ts';
import { liveTags, NO_FAILURE, NO_RENEWAL_INFO } from '../certificate/live-tags.ts';
import { renewalInfoTags } from '../certificate/renewal-info-tags.ts';
import { isTakenOver, takenOver } from '../claim/claim.ts';
import { askRenewalInfo } from '../issuer/ask-renewal-info.ts';
import { issuerOfDirectory, type NamedIssuer, readIssuers } from '../issuer/issuer-secret.ts';
import { endpointOf } from '../issuer/open-issuer.ts';
import { issuancesTag } from '../order/issuances.ts';
import { readPair } from '../publish/publish.ts';
import type { Run } from '../run.ts';
import { answered } from './answer-request.ts';

const DECISIONS = {
  renew: 'renewed',
  publish: 'published',
  reinstate: 'reinstated',
} as const satisfies Record<Attempt['work'], RenewOutcome['decision']>;

/** What the attempt has achieved. */
export interface Published {
  readonly version: string;
  readonly imports: Readonly<Record<string, AcmImport>>;
  /** Whether the TXT values are known to be gone. */
  readonly cleaned: boolean;
  /** Serial numbers of what was revoked. */
  readonly revoked: readonly string[];
}

/**
 * Writes down that the attempt succeeded: what is live, where it is imported, when it renews. Ends the claim. One
 * TagResource call.
 */
export async function announce(attempt: Attempt, published: Published, run: Run): Promise<RenewOutcome> {
  const { claim, spec, name } = attempt;
  if (await isTakenOver(claim, run)) throw takenOver();
  const { version, imports, cleaned, revoked } = published;
  const decision = DECISIONS[attempt.work];
  const { certificate, directoryUrl } = await readPair(claim.arn, version, run);
  const facts = readCertificate(certificate);
  const lifetime = liveTags(facts, version, spec);
  // Known already when only a region was missing; of the certificate before, when an import failed after going live.
  const described = attempt.work === 'publish' && attempt.describedSerial === facts.serialNumber;
  const issuer = await issuerOf(attempt, directoryUrl, run);
  const suggested: Suggested = described ? {} : await suggestion(issuer, certificate, run);
  const suggestedAt = described ? attempt.describedRenewAt : suggested.renewAt;
  const renewAt = renewalTime(facts, lifetime.renewBy, suggestedAt);
  const renewBefore = renewBeforeOf(spec);
  if (renewBefore && isRenewBeforeTooLong(facts, renewBefore)) {
    run.log.warn('renewBefore is as long as the lifetime; the default rule holds', {
      certificate: name,
      renewBefore: spec.renewBefore,
    });
  }
  await run.vault.tag(
    claim.arn,
    writeCertificateTags({
      ...lifetime,
      ...suggested,
      renewAt,
      state: 'issued',
      spec: attempt.specVersion,
      ...NO_FAILURE,
      order: undefined,
      ...issuancesTag(attempt),
      ...(attempt.work === 'publish' ? {} : { fallback: attempt.fallback?.short }),
      attempt: claim.attempt,
      claimEnded: claim.token,
      ...(cleaned ? { cleaned: claim.token } : {}),
      ...(attempt.revokes === undefined ? {} : { revoked: attempt.revokes }),
      ...answered(attempt.request, decision),
      acm: imports,
    }),
  );
  run.log.info(decision, {
    certificate: name,
    serialNumber: facts.serialNumber,
    notAfter: isoInstant(facts.notAfter),
    renewAt: isoInstant(renewAt),
    issuer: issuer?.name,
    ...(attempt.fallback ? { fallback: attempt.fallback.sentence } : {}),
  });
  return {
    certificate: name,
    decision,
    reason: attempt.reason,
    secretArn: claim.arn,
    ...(revoked.length > 0 ? { revoked } : {}),
    serialNumber: facts.serialNumber,
    notAfter: isoInstant(facts.notAfter),
    renewAt: isoInstant(renewAt),
    ...(attempt.work === 'renew' ? { issuer: attempt.issuer } : {}),
    ...(attempt.fallback ? { fallback: attempt.fallback.sentence } : {}),
    acm: arnsByRegion(imports),
  };
}

/** The issuer that a pair is from: which one was asked for a new pair is known, of any other pair its value says so. */
async function issuerOf(
  { work, spec, issuer }: Attempt,
  directoryUrl: string | undefined,
  run: Run,
): Promise<NamedIssuer | undefined> {
  const issuers = await readIssuers(work === 'renew' ? [issuer] : spec.issuer, run);
  return work === 'renew' ? issuers[0] : issuerOfDirectory(directoryUrl, issuers);
}

/**
 * RFC 9773, section 4.3: right after issuance is the first time to ask. A CA that can't be asked now doesn't fail what has
 * been published; the lifetime rule holds until a scan has asked it.
 */
async function suggestion(issuer: NamedIssuer | undefined, certificate: string, run: Run): Promise<Suggested> {
  if (!issuer) return { ...NO_RENEWAL_INFO, trust: undefined, issuer: undefined };
  const { name, trust } = issuer;
  const known = { ...(await renewalInfoTags(ariIdOf(certificate), issuer, run)), trust, issuer: name };
  const { renewalInfo: renewalInfoUrl, ariId } = known;
  if (renewalInfoUrl === undefined || ariId === undefined) return known;
  const { renewAt, nextCheck } = await askRenewalInfo({ ...endpointOf(issuer), renewalInfoUrl }, ariId, run);
  // A CA that wants every certificate gone would have one issued each hour: believed when it still says so at the next look.
  const absurd = renewAt !== undefined && renewAt <= run.clock.now();
  return { ...known, ariCheck: nextCheck, ...(renewAt === undefined || absurd ? {} : { renewAt }) };
}

type Suggested = Parameters<typeof writeCertificateTags>[0];
