import { writeCertificateTags } from '../../core/certificate-tags.ts';
import type { NamedIssuer } from '../claim/decide.ts';
import type { Run } from '../run.ts';
import { liveTags, NO_FAILURE, NO_RENEWAL_INFO } from './live-tags.ts';
import type { ManagedCertificate } from './managed-certificate.ts';

/**
 * Makes the tags say what the values say, for a certificate with which nothing is to be done. A renewal that is running
 * writes its own.
 */
export async function repairTags(
  certificate: ManagedCertificate,
  issuers: readonly NamedIssuer[],
  run: Run,
): Promise<void> {
  const { tags, live, liveVersion, specVersion } = certificate;
  const ownedByAnother = tags.state === 'renewing' && (tags.lease ?? 0) > run.clock.now();
  const described =
    tags.version === liveVersion &&
    tags.spec === specVersion &&
    tags.state === 'issued' &&
    tags.renewAt !== undefined &&
    (live.kind !== 'pair' || tags.ariId === undefined || tags.ariId === live.ariId);
  if (described || ownedByAnother) return;
  await run.vault.tag(certificate.arn, writeCertificateTags(repaired(certificate, issuers)));
}

/** Whatever the tags said of another certificate is taken back; the lifetime rule holds until a CA is asked again. */
function repaired(
  certificate: ManagedCertificate,
  issuers: readonly NamedIssuer[],
): Parameters<typeof writeCertificateTags>[0] {
  const { live, liveVersion, specVersion, spec } = certificate;
  if (live.kind !== 'pair') return {};
  const issuer = issuers.find(({ directoryUrl }) => directoryUrl === live.directoryUrl);
  const sameLeaf = certificate.tags.serial === live.serialNumber;
  const askedAbout = certificate.tags.ariId === undefined ? {} : { ariId: live.ariId, ariCheck: undefined };
  return {
    ...liveTags(live, liveVersion, spec),
    ...(sameLeaf ? askedAbout : { ...NO_RENEWAL_INFO, trust: issuer?.trust, issuer: issuer?.name }),
    ...NO_FAILURE,
    spec: specVersion,
    state: 'issued',
  };
}
