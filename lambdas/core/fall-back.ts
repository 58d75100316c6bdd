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

/**
 * Whether the next issuer of a spec is asked after one has failed: only where another CA may do better, and only when
 * nothing is live or less than a quarter of its lifetime is left. DNS, CAA and authorization failures are the same
 * everywhere.
 */
export function mayFallBack(
  { code, details }: { readonly code: FailureCode; readonly details: FailureDetails },
  live: Validity | undefined,
  now: number,
): boolean {
  const elsewhere = UNAVAILABLE.has(code) || (code === 'ca-refused' && isPolicy(details.problem));
  return elsewhere && (live === undefined || live.notAfter - now < (live.notAfter - live.notBefore) * LAST_SHARE);
}

function isPolicy(problem: ProblemDetails | undefined): boolean {
  if (!problem) return false;
  const parts = problem.subproblems ?? [];
  return POLICY.has(problem.type) || (parts.length > 0 && parts.every(({ type }) => POLICY.has(type)));
}
