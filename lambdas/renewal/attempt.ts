import type { CertificateSpec } from '../core/certificate-spec.ts';
import type { AcmImport } from '../core/certificate-tags.ts';
import { RenewalFailure } from '../core/failure.ts';
import type { Trust } from '../core/trust.ts';
import type { Claim } from './claim.ts';

/** Changes when code that goes on with an attempt could misread one that an older or newer version began. */
export const ATTEMPT_SCHEMA = 1;

/** One try at a certificate. Plain data without key material: it crosses steps. */
export interface Attempt {
  readonly schema: typeof ATTEMPT_SCHEMA;
  readonly name: string;
  readonly work: 'renew' | 'publish';
  readonly reason: string;
  readonly force: boolean;
  readonly claim: Claim;
  readonly spec: CertificateSpec;
  readonly specVersion: string | undefined;
  readonly issuer: string;
  /** What the live pair's chain ends in; `undefined` when there is no live pair or nobody knows. */
  readonly liveTrust: Trust | undefined;
  readonly notAfter: number | undefined;
  /** The certificate that the tags describe, and when it renews: of the live pair, or of the one before. */
  readonly describedSerial: string | undefined;
  readonly describedRenewAt: number | undefined;
  readonly failures: number;
  readonly imports: Readonly<Record<string, AcmImport>>;
  /** An order that an earlier attempt of this generation placed, as far as the tags know. */
  readonly knownOrder: string | undefined;
}

/** Throws `other-version` for an attempt that another version of evercert began, before anything is done with it. */
export function expectOwnAttempt({ schema }: Attempt): void {
  if (schema === ATTEMPT_SCHEMA) return;
  throw new RenewalFailure(
    'other-version',
    'another version of evercert began this execution, and this one can not go on with it; the claim ends with its lease, and the scan after that starts a new attempt from what is stored',
  );
}
