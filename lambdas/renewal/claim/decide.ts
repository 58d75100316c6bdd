import type { CertificateTags } from '../../core/certificate-tags.ts';
import { type Decision, dueFromValue } from '../../core/due.ts';
import { type ManagedCertificate, suggestedRenewal } from '../certificate/managed-certificate.ts';
import type { NamedIssuer } from '../issuer/issuer-secret.ts';

/** Whether a certificate is due: the same question when it is claimed, and again right before it is ordered. */
export function decide(
  certificate: ManagedCertificate,
  issuers: readonly NamedIssuer[],
  context: { readonly now: number; readonly force: boolean; readonly imports: CertificateTags['acm'] },
): Decision {
  const { live, spec } = certificate;
  const directoryUrls = issuers.map(({ directoryUrl }) => directoryUrl);
  return dueFromValue(live, spec, { ...context, directoryUrls, suggested: suggestedRenewal(certificate) });
}
