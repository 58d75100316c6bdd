import type { HarmlessEnd } from './failure.ts';

/** Results of the two functions: a contract with users (docs/reference/functions.md). Instants are ISO 8601, UTC. */

export interface RenewOutcome {
  readonly certificate: string;
  /**
   * `renewed`: a new pair is live. `published`: the live pair was missing in ACM and is there now. `reinstated`: the
   * pair before, or one that was stored, is live, because the spec was changed back to what it satisfies. `not-due`: nothing to do.
   * `busy`: another run owns the claim. `back-off`: a failure is too recent (`force` skips that), or a deployment's request
   * that is over was delivered again. `claim-lost`: another run or a hand went first while this one worked.
   * `no-longer-due`: there was nothing to do any more. `spec-changed-back`: the live pair satisfies the spec again, and the new
   * one would not have.
   */
  readonly decision: 'renewed' | 'published' | 'reinstated' | 'not-due' | 'busy' | 'back-off' | HarmlessEnd;
  readonly reason: string;
  readonly secretArn: string;
  /** Serial numbers of the certificates that were revoked. */
  readonly revoked?: readonly string[];
  readonly serialNumber?: string;
  readonly notAfter?: string;
  readonly renewAt?: string;
  /** The issuer that the new pair is from. */
  readonly issuer?: string;
  /** Why that is not the first one of the spec. */
  readonly fallback?: string;
  /** ARN of the import by region. */
  readonly acm: Readonly<Record<string, string>>;
}

export interface ScanResult {
  readonly scanned: number;
  readonly due: number;
  readonly started: number;
  readonly failed: number;
  readonly certificates: readonly ScannedCertificate[];
}

export interface ScannedCertificate {
  readonly name: string;
  /** As the tags say: registered, renewing, issued, failed; `unknown` when they don't. */
  readonly state: string;
  readonly notAfter?: string;
  readonly renewAt?: string;
  /** `start`: a renewal was started (or would be, in a dry run). `failed`: it was due but could not be started. */
  readonly decision: 'start' | 'wait' | 'failed';
  readonly reason: string;
}
