/** A CA in the portable cases: Pebble or the sandbox's. */
export interface InteropCa {
  readonly directoryUrl: string;
  /** PEM of what its HTTPS certificate hangs on. */
  readonly httpsRoot: string;
  /** PEM roots of what it issues; the first is the default chain's, the second an alternate's. */
  readonly roots: readonly string[];
  /** The external account binding without which it opens no account. */
  readonly binding?: { readonly kid: string; readonly hmacKey: string };
  /** Whether it has revoked a certificate (PEM). */
  isRevoked(certificate: string): Promise<boolean>;
  /** What renewalInfo answers for a certificate (PEM) from now on. */
  setRenewalWindow(certificate: string, window: { readonly start: Date; readonly end: Date }): Promise<void>;
  stop(): Promise<void>;
}
