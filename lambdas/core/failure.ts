import { printable } from './printable.ts';

/**
 * Every way in which evercert fails, as one closed set of codes. Operators meet a code in the log, in the error of an
 * invocation and in the secret's tags; `docs/operations/messages.md` has a heading for each (a test checks it).
 */
export const FAILURE_CODES = {
  // What somebody asked for.
  'invalid-input': 'never',
  'unknown-certificate': 'never',
  'unknown-issuer': 'never',
  'owned-by-stack': 'never',
  'spec-conflict': 'never',
  'corrupt-secret': 'never',
  'lower-trust': 'never',
  // The claim.
  'claim-lost': 'later',
  'attempt-timeout': 'later',
  'other-version': 'later',
  'no-longer-due': 'later',
  'spec-changed-back': 'later',
  // A deployment.
  'deployment-timeout': 'never',
  'deployment-superseded': 'never',
  // DNS.
  'no-hosted-zone': 'never',
  'zone-not-delegated': 'later',
  'caa-forbids': 'later',
  'cname-refused': 'later',
  'dns-role-refused': 'later',
  'dns-change-refused': 'later',
  'propagation-timeout': 'later',
  'value-not-visible': 'later',
  // The CA.
  'ca-unreachable': 'later',
  'ca-refused': 'later',
  'ca-rate-limited': 'later',
  'account-paused': 'never',
  'budget-used-up': 'later',
  'ca-misbehaved': 'later',
  'challenge-failed': 'later',
  'order-failed': 'later',
  'order-taken': 'now',
  'certificate-rejected': 'later',
  'revocation-refused': 'later',
  // AWS.
  'access-denied': 'never',
  'aws-refused': 'later',
  'aws-throttled': 'later',
  'aws-unavailable': 'later',
  'target-refused': 'never',
  'target-gone': 'later',
  // Anything else: a bug, until it has a code of its own.
  unexpected: 'later',
} as const satisfies Record<string, Retry>;

export type FailureCode = keyof typeof FAILURE_CODES;

/** Whether nothing can be made any more of the order that has failed so. */
export function isOrderSpent(code: FailureCode | undefined): boolean {
  return code === 'certificate-rejected' || code === 'order-failed' || code === 'challenge-failed';
}

/**
 * Ends of an attempt that are no failure: another run goes on with the certificate, or there is nothing to do any more. They
 * are thrown where they are noticed; a renewal returns them as its decision.
 */
export type HarmlessEnd = Extract<FailureCode, 'claim-lost' | 'no-longer-due' | 'spec-changed-back'>;

export function isHarmless(code: FailureCode): code is HarmlessEnd {
  return code === 'claim-lost' || code === 'no-longer-due' || code === 'spec-changed-back';
}

/**
 * What can cure a failure: trying at once, trying later, or (`never`) only somebody's change. It is for whoever reads the log
 * and the stored failure: the schedule tries again after the back-off in any case, because a change can't be seen from here.
 * Within a run it keeps a request from being repeated at once (`acme/repeat.ts`).
 */
export type Retry = 'now' | 'later' | 'never';

/** Plain data that explains a failure; survives a step boundary. Never key material. */
export interface FailureDetails {
  /** The CA's problem document (RFC 8555, section 6.7; RFC 9457), capped. */
  readonly problem?: ProblemDetails;
  /** The AWS error's name and the operation that failed. */
  readonly aws?: { readonly name: string; readonly operation: string; readonly requestId?: string };
  /** Not before this instant (milliseconds since the epoch): the server's own Retry-After. */
  readonly retryAt?: number;
  /** The issuer that was asked. */
  readonly issuer?: string;
  /** When it issued a certificate that is not published, and that it counts all the same (`order-budget.ts`). */
  readonly issuedAt?: number;
}

export interface ProblemDetails {
  readonly type: string;
  readonly status: number;
  readonly detail: string;
  readonly url: string;
  /** Where the CA wants a human to go, for example to lift a pause. */
  readonly instance?: string;
  readonly subproblems?: readonly { readonly type: string; readonly detail: string; readonly identifier?: string }[];
}

/** A sentence with a CA's problem in it has 2,000; a log line of CloudWatch takes 256 KB. */
export const LONGEST_MESSAGE = 4_000;

/**
 * The one error that leaves evercert. Its message is a sentence for the operator: what happened, to what, in the
 * words of whoever refused, and what to do about it. Those words are foreign: the message is made printable, ends
 * after 4,000 characters, and holds no PEM.
 */
export class RenewalFailure extends Error {
  override readonly name = 'RenewalFailure';
  readonly code: FailureCode;
  readonly retry: Retry;
  readonly details: FailureDetails;

  constructor(
    code: FailureCode,
    message: string,
    options: { readonly cause?: unknown; readonly retry?: Retry; readonly details?: FailureDetails } = {},
  ) {
    super(printable(message, LONGEST_MESSAGE), options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.retry = options.retry ?? FAILURE_CODES[code];
    this.details = options.details ?? {};
  }
}

/** Whether `error` is a `RenewalFailure`, also one from another realm or another copy of this module. */
export function isRenewalFailure(error: unknown): error is RenewalFailure {
  return (
    typeof error === 'object' && error !== null && 'name' in error && error.name === 'RenewalFailure' && 'code' in error
  );
}

/** The message of anything that was thrown. */
export function messageOf(error: unknown): string {
  if (typeof error === 'object' && error !== null && 'message' in error && typeof error.message === 'string') {
    return error.message || ('code' in error ? String(error.code) : 'no message');
  }
  return String(error);
}

/** Anything that was thrown, as the one error that leaves evercert. */
export function toFailure(error: unknown): RenewalFailure {
  if (isRenewalFailure(error)) return error;
  return new RenewalFailure('unexpected', `${messageOf(error)}. This is a bug in evercert: please report it.`, {
    cause: error,
  });
}
