import type { Trust } from '../lambdas/core/trust.ts';

/** A CA that is known by name. */
export interface CertificateAuthority {
  readonly directoryUrl: string;
  readonly trust: Trust;
  /** Whether it opens accounts with an external account binding alone (RFC 8555, section 7.3.4). */
  readonly needsBinding: boolean;
}

/**
 * Directory URLs as their operators publish them:
 * https://letsencrypt.org/docs/acme-protocol-updates/, https://letsencrypt.org/docs/staging-environment/,
 * https://zerossl.com/documentation/acme/, https://cloud.google.com/certificate-manager/docs/public-ca
 */
export const CERTIFICATE_AUTHORITIES = {
  letsencrypt: {
    directoryUrl: 'https://acme-v02.api.letsencrypt.org/directory',
    trust: 'public',
    needsBinding: false,
  },
  'letsencrypt-staging': {
    directoryUrl: 'https://acme-staging-v02.api.letsencrypt.org/directory',
    trust: 'none',
    needsBinding: false,
  },
  zerossl: { directoryUrl: 'https://acme.zerossl.com/v2/DV90', trust: 'public', needsBinding: true },
  google: { directoryUrl: 'https://dv.acme-v02.api.pki.goog/directory', trust: 'public', needsBinding: true },
} as const satisfies Record<string, CertificateAuthority>;

export type CertificateAuthorityName = keyof typeof CERTIFICATE_AUTHORITIES;
