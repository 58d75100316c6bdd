import type { Clock } from '../renewal/ports/clock.ts';
import type { Log } from '../renewal/ports/log.ts';

/**
 * Upper limits of the first pause and of all others, milliseconds. Route 53 and Secrets Manager refill their buckets by the
 * second: longer pauses would only waste capacity (npm run bench).
 */
const FIRST_PAUSE = 500;
const LONGEST_PAUSE = 5_000;
/** Full jitter may draw zero; this much is waited all the same. */
const SHORTEST_PAUSE = 50;
/** Throttling slows a renewal down and doesn't fail it; but an invocation lives for 15 minutes, and has more to do. */
const LONGEST_PATIENCE = 180_000;
const ATTEMPTS_WHEN_UNAVAILABLE = 5;

/**
 * Makes a client repeat calls that AWS throttled (for three minutes) or that met a 5xx or a broken connection (five
 * attempts), with exponential back-off and full jitter, or after the server's Retry-After.
 *
 * It takes the place of the SDK's retries, because those sleep in real time, give up on throttling after three attempts,
 * and take `LimitExceededException` (a quota: permanent) for throttling.
 *
 * A repeated write may have happened already: the answer was lost. Adapters are written for that.
 * https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html
 */
export function repeatCalls(
  client: Client,
  options: {
    readonly clock: Clock;
    /** From 0 (inclusive) to 1 (exclusive). */
    readonly random: () => number;
    readonly log?: Log | undefined;
    /** Told of each call that is repeated because AWS throttled it. */
    readonly onThrottled?: (() => void) | undefined;
  },
): void {
  const { clock, random, log, onThrottled } = options;
  const middleware: Middleware = (next, context) => async (request) => {
    const start = clock.now();
    let unavailable = 0;
    for (let failures = 1; ; failures += 1) {
      try {
        return await next(request);
      } catch (error) {
        const trouble = troubleOf(error);
        if (trouble === 'unavailable') unavailable += 1;
        const pause = Math.max(backOff(failures, random), retryAfter(error, clock.now()) ?? 0);
        const worthIt =
          trouble === 'throttled' ||
          (trouble === 'unavailable' && unavailable < ATTEMPTS_WHEN_UNAVAILABLE && !mustNotRepeat(context, error));
        if (!worthIt || clock.now() + pause - start > LONGEST_PATIENCE) throw error;
        log?.info('AWS call is repeated', {
          call: context['commandName'],
          error: errorName(error),
          pauseMilliseconds: Math.round(pause),
        });
        if (trouble === 'throttled') onThrottled?.();
        await clock.sleep(pause);
      }
    }
  };
  // Before the request is signed, so that each attempt has a signature of its own; under the name of what it replaces.
  client.middlewareStack.add(middleware, {
    name: 'retryMiddleware',
    step: 'finalizeRequest',
    priority: 'high',
    override: true,
  });
}

/**
 * Has one command repeated only when it certainly didn't happen: for an operation that would otherwise happen twice.
 * After a 5xx or a lost answer nobody knows.
 */
export function repeatUnlessUnanswered(command: Client): void {
  const middleware: Middleware = (next, context) => (request) => {
    context[HAPPENS_TWICE] = true;
    return next(request);
  };
  command.middlewareStack.add(middleware, {
    name: 'repeatUnlessUnanswered',
    step: 'finalizeRequest',
    priority: 'high',
  });
}

const HAPPENS_TWICE = 'evercertHappensTwice';

function mustNotRepeat(context: Context, error: unknown): boolean {
  return context[HAPPENS_TWICE] === true && !NEVER_SENT.has(factsOf(error).code);
}

/** As much of the SDK's clients and commands as is needed here. */
interface Client {
  readonly middlewareStack: {
    add(
      middleware: Middleware,
      options: {
        readonly name: string;
        readonly step: 'finalizeRequest';
        readonly priority: 'high';
        readonly override?: boolean;
      },
    ): void;
  };
}

type Middleware = <Request, Answer>(
  next: (request: Request) => Promise<Answer>,
  context: Context,
) => (request: Request) => Promise<Answer>;

/** Of one command; the SDK lets middleware keep things in it. */
type Context = Record<string, unknown>;

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
