import type { FailureCode, FailureDetails, ProblemDetails } from './failure.ts';
import type { Validity } from './lifetime.ts';

/** Later than this share of a lifetime the end is too near to wait for the preferred issuer. */
const LAST_SHARE = 1 / 4;

/** Codes that say that the CA can't be had, and nothing about the names. */
const UNAVAILABLE: ReadonlySet<FailureCode> = new Set([
  'ca-unreachable',
  'ca-rate-limited',
  'account-paused',
  'budget-used-up',
]);

/** Problem types (RFC 8555, section 6.7) of a CA that does not want to issue for names; another CA may. */
const POLICY: ReadonlySet<string> = new Set([
  'urn:ietf:params:acme:error:rejectedIdentifier',
  'urn:ietf:params:acme:error:unsupportedIdentifier',
]);

/** Codes that end an attempt at whatever issuer. */
const OVER: ReadonlySet<FailureCode> = new Set([
  'claim-lost',
  'attempt-timeout',
  'other-version',
  'no-longer-due',
  'spec-changed-back',
]);

interface Failed {
  readonly code: FailureCode;
  readonly details: FailureDetails;
}

/**
 * From when on the next issuer of a spec is asked after one has failed, in milliseconds since the epoch: when nothing is live or
 * the last quarter of its lifetime has begun. `undefined` where another CA can't do better: DNS, CAA and authorization failures
 * are the same everywhere.
 */
export function fallBackAt({ code, details }: Failed, live: Validity | undefined): number | undefined {
  const elsewhere = UNAVAILABLE.has(code) || (code === 'ca-refused' && isPolicy(details.problem));
  return elsewhere ? lastQuarter(live) : undefined;
}

/** Whether the next issuer of a spec is asked now after one has failed. */
export function mayFallBack(failed: Failed, live: Validity | undefined, now: number): boolean {
  const at = fallBackAt(failed, live);
  return at !== undefined && now >= at;
}

/**
 * Whether a slow issuer (`isSlow`), which comes last, has its turn after another one has failed: whatever that one failed with,
 * because that may be the other one's alone, and nobody else may be left.
 */
export function leavesTurnToSlow({ code }: Failed): boolean {
  return !OVER.has(code);
}

/** When the last quarter of a lifetime begins; without a live certificate it always has. */
export function lastQuarter(live: Validity | undefined): number {
  if (live === undefined) return Number.NEGATIVE_INFINITY;
  return live.notAfter - (live.notAfter - live.notBefore) * LAST_SHARE;
}

/** When half of the last quarter has passed: what the further issuers have not done by then, they may not do in time. */
export function lastEighth(live: Validity): number {
  return (lastQuarter(live) + live.notAfter) / 2;
}

function isPolicy(problem: ProblemDetails | undefined): boolean {
  if (!problem) return false;
  const parts = problem.subproblems ?? [];
  return POLICY.has(problem.type) || (parts.length > 0 && parts.every(({ type }) => POLICY.has(type)));
}
