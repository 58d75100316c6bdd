import type { ImportCertificateCommand } from '@aws-sdk/client-acm';
import type { SecretsManagerClientConfig } from '@aws-sdk/client-secrets-manager';
import type { Clock } from '../renewal/ports/clock.ts';
import type { Log } from '../renewal/ports/log.ts';

/** Upper limits of the first pause and of all others, milliseconds. */
const FIRST_PAUSE = 500;
const LONGEST_PAUSE = 20_000;
/** Full jitter may draw zero; this much is waited all the same. */
const SHORTEST_PAUSE = 50;
/** Throttling slows a renewal down and doesn't fail it; but an invocation lives for 15 minutes, and has more to do. */
const LONGEST_PATIENCE = 180_000;
const ATTEMPTS_WHEN_UNAVAILABLE = 5;

/** The SDK's own seam for retries (`RetryStrategyV2`); each attempt is signed anew. */
type RetryStrategy = Extract<
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

    async refreshRetryTokenForRetry(token, { error = new Error('unknown error') }) {
      const attempts = token as Attempts;
      const trouble = troubleOf(error);
      attempts.count(trouble);
      const pause = Math.max(backOff(attempts.getRetryCount(), random), retryAfter(error, clock.now()) ?? 0);
      const worthIt =
        trouble === 'throttled' ||
        (trouble === 'unavailable' && attempts.unavailable < ATTEMPTS_WHEN_UNAVAILABLE && !mayHaveHappened.has(error));
      if (!worthIt || clock.now() + pause - attempts.since > LONGEST_PATIENCE) throw error;
      log?.info('AWS call is repeated', { error: errorName(error), trouble, pauseMilliseconds: Math.round(pause) });
      await clock.sleep(pause);
      return attempts;
    },

    recordSuccess: () => undefined,
  };
}

/**
 * Has one command repeated only when it certainly didn't happen: for an operation that would otherwise happen twice.
 * After a 5xx or a lost answer nobody knows.
 */
export function repeatUnlessUnanswered(command: Pick<ImportCertificateCommand, 'middlewareStack'>): void {
  const note =
    <Request, Answer>(next: (request: Request) => Promise<Answer>) =>
    async (request: Request) => {
      try {
        return await next(request);
      } catch (error) {
        if (!NEVER_SENT.has(factsOf(error).code)) mayHaveHappened.add(Object(error));
        throw error;
      }
    };
  command.middlewareStack.addRelativeTo(note, {
    name: 'repeatUnlessUnanswered',
    relation: 'after',
    toMiddleware: 'retryMiddleware',
  });
}

/** What `repeatUnlessUnanswered` tells the strategy, which sees errors and no commands. */
const mayHaveHappened = new WeakSet<object>();

/**
 * Why an error of the SDK is worth another attempt: `throttled` (AWS asks to slow down), `unavailable` (5xx, or no
 * answer); `undefined` when AWS refused.
 */
export function troubleOf(error: unknown): 'throttled' | 'unavailable' | undefined {
  const { name, code, status } = factsOf(error);
  if (THROTTLING.has(name) || status === 429) return 'throttled';
  if ((status ?? 0) >= 500 || NO_ANSWER.has(name) || NO_ANSWER.has(code)) return 'unavailable';
  return undefined;
}

/** What AWS calls the error, or Node: `ThrottlingException`, `ECONNRESET`. */
export function errorName(error: unknown): string {
  const { name, code } = factsOf(error);
  return NO_ANSWER.has(code) ? code : name;
}

/**
 * `PriorRequestNotComplete`: Route 53 still works on an earlier change of the zone. `LimitExceededException` is missing on
 * purpose.
 */
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

const NEVER_SENT = new Set(['ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH', 'ENOTFOUND', 'EAI_AGAIN']);

/** The SDK names its own time-outs `TimeoutError`. */
const NO_ANSWER = new Set([
  ...NEVER_SENT,
  'TimeoutError',
  'RequestTimeout',
  'RequestTimeoutException',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
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
  return Math.max(SHORTEST_PAUSE, random() * Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** Math.min(failures - 1, 16)));
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
