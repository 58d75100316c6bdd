import type { CertificateTags } from '../../core/certificate-tags.ts';
import { type Decision, dueFromValue } from '../../core/due.ts';
import type { IssuerSettings } from '../../core/issuer-settings.ts';
import { type ManagedCertificate, suggestedRenewal } from '../certificate/managed-certificate.ts';
import { readIssuerSettings } from '../issuer/issuer-secret.ts';
import type { Run } from '../run.ts';

export type NamedIssuer = IssuerSettings & { readonly name: string };

/** The issuers of a certificate's spec, in its order. Throws `unknown-issuer`. */
export function issuersOf({ spec }: ManagedCertificate, run: Run): Promise<readonly NamedIssuer[]> {
  return Promise.all(spec.issuer.map(async (name) => ({ name, ...(await readIssuerSettings(name, run)) })));
}

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
