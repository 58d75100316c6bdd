import { type CertificateSpec, renewBeforeOf } from '../../core/certificate-spec.ts';
import type { CertificateTags } from '../../core/certificate-tags.ts';
import { lifetimeRenewal } from '../../core/lifetime.ts';

/** What the tags say of a live pair, by the lifetime rule alone. */
export function liveTags(
  live: { readonly notBefore: number; readonly notAfter: number; readonly serialNumber: string },
  version: string,
  spec: CertificateSpec,
): Partial<CertificateTags> & { readonly renewBy: number; readonly renewAt: number } {
  const renewBy = lifetimeRenewal(live, renewBeforeOf(spec));
  const { serialNumber: serial, notBefore, notAfter } = live;
  return { version, serial, notBefore, notAfter, renewBy, renewAt: renewBy };
}

/** The tags of a certificate about which no CA is asked. */
export const NO_RENEWAL_INFO = { renewalInfo: undefined, ariId: undefined, ariCheck: undefined } as const;

/** The tags of a certificate that nothing is wrong with. */
export const NO_FAILURE = { failures: 0, failure: undefined, retryAt: undefined } as const;
