import { writeCertificateTags } from '../../core/certificate-tags.ts';
import { lacksRenewalInfo } from '../../core/due.ts';
import { issuerOfDirectory, type NamedIssuer } from '../issuer/issuer-secret.ts';
import type { Run } from '../run.ts';
import { liveTags, NO_FAILURE, NO_RENEWAL_INFO } from './live-tags.ts';
import type { ManagedCertificate } from './managed-certificate.ts';
import { renewalInfoTags } from './renewal-info-tags.ts';

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
    (live.kind !== 'pair' || tags.ariId === undefined || tags.ariId === live.ariId) &&
    !lacksRenewalInfo(tags, run.clock.now());
  if (described || ownedByAnother) return;
  await run.vault.tag(certificate.arn, writeCertificateTags(await repaired(certificate, issuers, run)));
}

type Tags = Parameters<typeof writeCertificateTags>[0];

/** Whatever the tags said of another certificate is taken back; the lifetime rule holds until its CA has been asked. */
async function repaired(certificate: ManagedCertificate, issuers: readonly NamedIssuer[], run: Run): Promise<Tags> {
  const { live, liveVersion, specVersion, spec, tags } = certificate;
  if (live.kind !== 'pair') return {};
  const issuer = issuerOfDirectory(live.directoryUrl, issuers);
  const ofIssuer = async (): Promise<Tags> => ({
    ...(issuer ? await renewalInfoTags(live.ariId, issuer, run) : NO_RENEWAL_INFO),
    trust: issuer?.trust,
    issuer: issuer?.name,
  });
  const ofSameLeaf = async (): Promise<Tags> => {
    if (tags.ariId === undefined) return {};
    return tags.renewalInfo === undefined ? ofIssuer() : { ariId: live.ariId, ariCheck: undefined };
  };
  return {
    ...liveTags(live, liveVersion, spec),
    ...(await (tags.serial === live.serialNumber ? ofSameLeaf() : ofIssuer())),
    ...NO_FAILURE,
    spec: specVersion,
    state: 'issued',
  };
}
