import type { SecretsManagerClientConfig } from '@aws-sdk/client-secrets-manager';
import type { Clock } from '../renewal/ports/clock.ts';
import type { Log } from '../renewal/ports/log.ts';

const FIRST_PAUSE = 500;
const LONGEST_PAUSE = 20_000;
/** Full jitter may draw zero; this much is waited all the same. */
const SHORTEST_PAUSE = 50;
/** Throttling slows a renewal down and doesn't fail it; but an invocation lives for 15 minutes, and has more to do. */
const LONGEST_THROTTLING = 180_000;
const ATTEMPTS_WHEN_UNAVAILABLE = 5;

/** The SDK's own seam for retries (`RetryStrategyV2`); each attempt is signed anew. */
export type RetryStrategy = Extract<
  NonNullable<SecretsManagerClientConfig['retryStrategy']>,
  { acquireInitialRetryToken: unknown }
>;

/**
 * Repeats calls that AWS throttled (for three minutes) or that met a 5xx or a broken connection (five attempts), with
 * exponential back-off and full jitter, or after the server's Retry-After.
 *
 * Ours instead of the SDK's, because that sleeps in real time, gives up on throttling after three attempts, and takes
 * `LimitExceededException` (a quota: permanent) for throttling.
 *
 * A repeated write may have happened already: the answer was lost. Adapters are written for that.
 * https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html
 */
export function createRetryStrategy(options: {
  readonly clock: Clock;
  /** From 0 (inclusive) to 1 (exclusive). */
  readonly random: () => number;
  readonly log?: Log | undefined;
}): RetryStrategy {
  const { clock, random, log } = options;
  return {
    acquireInitialRetryToken: async () => new Attempts(clock.now()),

    async refreshRetryTokenForRetry(token, { error }) {
      const attempts = token as Attempts;
      const trouble = troubleOf(error);
      attempts.count(trouble);
      const pause = Math.max(backOff(attempts.getRetryCount(), random), retryAfter(error, clock.now()) ?? 0);
      const given =
        trouble === 'throttled'
          ? clock.now() + pause - attempts.since <= LONGEST_THROTTLING
          : trouble === 'unavailable' &&
            attempts.unavailable < ATTEMPTS_WHEN_UNAVAILABLE &&
            pause <= LONGEST_THROTTLING;
      if (!given) throw error;
      log?.info('AWS call is repeated', { error: errorName(error), trouble, pauseMilliseconds: Math.round(pause) });
      await clock.sleep(pause);
      return attempts;
    },

    recordSuccess: () => undefined,
  };
}

/**
 * Makes one command be repeated only while AWS throttles it. For an operation that would happen twice: after a 5xx or a
 * lost answer nobody knows whether it did.
 */
export function repeatUnlessUnanswered(command: {
  readonly middlewareStack: Pick<SecretsManagerClient['middlewareStack'], 'addRelativeTo'>;
}): void {
  command.middlewareStack.addRelativeTo(
    (next) => async (request) => {
      try {
        return await next(request);
      } catch (error) {
        if (troubleOf(error) === 'unavailable') unanswered.add(Object(error));
        throw error;
      }
    },
    { name: 'repeatUnlessUnanswered', relation: 'after', toMiddleware: 'retryMiddleware' },
  );
}

/** Errors of calls that are not repeated. */
const unanswered = new WeakSet<object>();

/**
 * Why an error of the SDK is worth another attempt: `throttled` (AWS asks to slow down), `unavailable` (5xx, or no
 * answer); `undefined` when AWS refused.
 */
export function troubleOf(error: unknown): 'throttled' | 'unavailable' | undefined {
  const { name, code, status } = factsOf(error);
  if (name === 'LimitExceededException') return undefined;
  if (THROTTLING.has(name) || status === 429) return 'throttled';
  if ((status ?? 0) >= 500 || NO_ANSWER.has(name) || NO_ANSWER.has(code)) return 'unavailable';
  return undefined;
}

/** What AWS calls the error, or Node: `ThrottlingException`, `ECONNRESET`. */
export function errorName(error: unknown): string {
  const { name, code } = factsOf(error);
  return NO_ANSWER.has(code) ? code : name;
}

/** `PriorRequestNotComplete`: Route 53 still works on an earlier change of the zone. */
const THROTTLING = new Set([
  'Throttling',
  'ThrottlingException',
  'ThrottledException',
  'RequestThrottled',
  'RequestThrottledException',
  'RequestLimitExceeded',
  'TooManyRequestsException',
  'PriorRequestNotComplete',
  'SlowDown',
]);

const NO_ANSWER = new Set([
  'TimeoutError',
  'RequestTimeout',
  'RequestTimeoutException',
  'ECONNRESET',
  'ECONNREFUSED',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
]);

/** The SDK's `RetryToken` of one call. */
class Attempts {
  readonly since: number;
  unavailable = 0;
  #failures = 0;

  constructor(since: number) {
    this.since = since;
  }

  count(trouble: ReturnType<typeof troubleOf>): void {
    this.#failures += 1;
    if (trouble === 'unavailable') this.unavailable += 1;
  }

  getRetryCount(): number {
    return this.#failures;
  }

  /** The strategy has slept already. */
  getRetryDelay(): number {
    return 0;
  }
}

function backOff(failures: number, random: () => number): number {
  return Math.max(SHORTEST_PAUSE, random() * Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** Math.min(failures, 16)));
}

/** RFC 9110, section 10.2.3: seconds or a date. Milliseconds from `now`. */
function retryAfter(error: unknown, now: number): number | undefined {
  const headers = (error as { $response?: { headers?: Readonly<Record<string, string>> } } | undefined)?.$response
    ?.headers;
  const value = headers?.['retry-after'];
  if (value === undefined) return undefined;
  const milliseconds = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - now;
  return Number.isFinite(milliseconds) ? milliseconds : undefined;
}

function factsOf(error: unknown): { readonly name: string; readonly code: string; readonly status?: number } {
  const { name, code, $metadata } = Object(error) as {
    name?: unknown;
    code?: unknown;
    $metadata?: { httpStatusCode?: number };
  };
  return {
    name: typeof name === 'string' ? name : 'Error',
    code: typeof code === 'string' ? code : '',
    ...($metadata?.httpStatusCode === undefined ? {} : { status: $metadata.httpStatusCode }),
  };
}
