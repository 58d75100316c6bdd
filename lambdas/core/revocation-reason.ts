/**
 * The reasons of RFC 5280, section 5.3.1, that a certificate's holder may give (CA/Browser Forum, Baseline Requirements,
 * section 7.2.2), with their codes. Not every CA takes all of them: Let's Encrypt refuses `affiliationChanged`.
 */
export const REVOCATION_REASONS = {
  unspecified: 0,
  keyCompromise: 1,
  affiliationChanged: 3,
  superseded: 4,
  cessationOfOperation: 5,
} as const;

export type RevocationReason = keyof typeof REVOCATION_REASONS;
