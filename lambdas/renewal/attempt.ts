import type { CertificateSpec } from '../core/certificate-spec.ts';
import type { AcmImport } from '../core/certificate-tags.ts';
import { RenewalFailure } from '../core/failure.ts';
import type { Validity } from '../core/lifetime.ts';
import type { Trust } from '../core/trust.ts';
import type { Claim } from './claim/claim.ts';

/** Changes when code that goes on with an attempt could misread one that an older or newer version began. */
export const ATTEMPT_SCHEMA = 3;

/** One try at a certificate. Plain data without key material: it crosses steps. */
export interface Attempt {
  readonly schema: typeof ATTEMPT_SCHEMA;
  readonly name: string;
  /** `reinstate` is `publish` for the pair before, which goes live again. */
  readonly work: 'renew' | 'publish' | 'reinstate';
  readonly reason: string;
  readonly force: boolean;
  readonly claim: Claim;
  readonly spec: CertificateSpec;
  readonly specVersion: string | undefined;
  /** The version that goes live again. */
  readonly reinstates: string | undefined;
  /** The version of `ACME_REVOKED` of which something has still to be revoked. */
  readonly revokes?: string | undefined;
  /** The deployment that waits for the end. */
  readonly request: string | undefined;
  readonly issuer: string;
  /** Why it isn't the first of the spec's. */
  readonly fallback?: Fallback | undefined;
  /** What the live pair's chain ends in; `undefined` when there is no live pair or nobody knows. */
  readonly liveTrust: Trust | undefined;
  /** The live pair's; `undefined` when there is none. */
  readonly live: Validity | undefined;
  /** The certificate that the tags describe, and when it renews: of the live pair, or of the one before. */
  readonly describedSerial: string | undefined;
  readonly describedRenewAt: number | undefined;
  readonly failures: number;
  /** When certificates for these names were issued in the last week by a CA that counts them, and orders placed in the last three hours. */
  readonly issued: readonly number[];
  readonly ordered: readonly number[];
  /** The tag of `name-limit.ts`. */
  readonly limited?: string | undefined;
  readonly imports: Readonly<Record<string, AcmImport>>;
  /** An order that an earlier attempt of this generation placed, as far as the tags know. */
  readonly knownOrder: string | undefined;
}

/** Why an issuer was passed over. */
export interface Fallback {
  /** For a tag: the issuer and its failure's code. */
  readonly short: string;
  /** For an operator. */
  readonly sentence: string;
}

/** Throws `other-version` for an attempt that another version of evercert began, before anything is done with it. */
export function expectOwnAttempt(attempt: Partial<Attempt> | undefined): void {
  if (attempt?.schema === ATTEMPT_SCHEMA) return;
  throw new RenewalFailure(
    'other-version',
    'another version of evercert began this execution, and this one can not go on with it; the claim ends with its lease, and the scan after that starts a new attempt from what is stored',
  );
}
