import { randomUUID } from 'node:crypto';
import { ACCOUNT } from './aws-account.ts';
import { requireOneOf } from './aws-json.ts';
import { type AwsAnswer, type AwsRequest, type AwsService, AwsServiceError } from './aws-service.ts';
import type { VirtualClock } from './virtual-clock.ts';

export interface LambdaSettings {
  /** How often Lambda repeats an asynchronous invocation that fails: after one and two minutes. AWS's default is 2. */
  asyncRetries: 0 | 1 | 2;
  /** What `getRemainingTimeInMillis` counts down from. Nothing is stopped when it has run out. */
  timeoutMilliseconds: number;
}

/** What a handler gets besides the event: https://docs.aws.amazon.com/lambda/latest/dg/nodejs-context.html */
export interface LambdaContext {
  readonly functionName: string;
  readonly functionVersion: string;
  readonly invokedFunctionArn: string;
  readonly memoryLimitInMB: string;
  readonly awsRequestId: string;
  readonly logGroupName: string;
  readonly logStreamName: string;
  getRemainingTimeInMillis(): number;
}

/** Event and result cross Lambda as JSON. */
export type LambdaHandler = (event: unknown, context: LambdaContext) => Promise<unknown>;

export interface Invocation {
  /** The handler's `awsRequestId`; repetitions have the same. */
  readonly id: string;
  readonly function: string;
  readonly type: 'RequestResponse' | 'Event';
  readonly event: unknown;
  readonly durableExecutionName: string | undefined;
  /** How often the handler was called so far. */
  readonly attempts: number;
  readonly outcome: 'running' | 'succeeded' | 'failed';
  readonly result?: unknown;
  /** What the handler threw the last time, as it was. */
  readonly error?: unknown;
}

/** https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html */
const LARGEST_SYNC_REQUEST = 6 * 1024 * 1024;
const LARGEST_ASYNC_REQUEST = 1024 * 1024;
/** A hundred bytes more than a request, as Lambda's own message says. */
const LARGEST_RESPONSE = LARGEST_SYNC_REQUEST + 100;

const INVOCATION_PATH = /^\/2015-03-31\/functions\/([^/]+)\/invocations$/;
const MINUTE = 60_000;
/** How closely an answer follows a handler that waits in virtual time. */
const HOLD_MILLISECONDS = 100;

/**
 * AWS Lambda: functions run in this process, each invocation in a run of the virtual clock. The rules that it holds are
 * listed in `rules-aws.md`.
 */
export class LambdaService implements AwsService {
  readonly name = 'lambda';
  readonly protocol = 'rest-json';
  /** May be changed at any time. */
  readonly settings: LambdaSettings;
  readonly #clock: VirtualClock;
  readonly #functions: { readonly name: FunctionName; readonly handler: LambdaHandler }[] = [];
  readonly #invocations: MutableInvocation[] = [];
  readonly #background = new Set<Promise<void>>();

  constructor(options: { readonly clock: VirtualClock; readonly settings?: Partial<LambdaSettings> }) {
    this.#clock = options.clock;
    this.settings = { asyncRetries: 0, timeoutMilliseconds: 15 * MINUTE, ...options.settings };
  }

  /**
   * Deploys a function, over one of the same name. `name` is a name or an ARN; with a qualifier (`name:live`) the
   * function exists under that qualifier alone, without one under every qualifier.
   */
  register(name: string, handler: LambdaHandler): void {
    const parsed = parseFunctionName(name);
    const index = this.#functions.findIndex(
      (deployed) => deployed.name.name === parsed.name && deployed.name.qualifier === parsed.qualifier,
    );
    if (index !== -1) this.#functions.splice(index, 1);
    this.#functions.push({ name: parsed, handler });
  }

  /** Every invocation that was accepted, in order. */
  get invocations(): readonly Invocation[] {
    return this.#invocations;
  }

  /** Resolves when no asynchronous invocation runs or waits for its repetition. */
  async idle(): Promise<void> {
    while (this.#background.size > 0) await Promise.all(this.#background);
  }

  operationOf({ method, path }: AwsRequest): string | undefined {
    return method === 'POST' && INVOCATION_PATH.test(path) ? 'Invoke' : undefined;
  }

  async answer(_operation: string, request: AwsRequest): Promise<AwsAnswer> {
    const [, encoded = ''] = INVOCATION_PATH.exec(request.path) ?? [];
    const name = parseFunctionName(decodeURIComponent(encoded), request.query.get('Qualifier') ?? undefined);
    const type = request.headers['x-amz-invocation-type'] ?? 'RequestResponse';
    requireOneOf('InvocationType', type, ['Event', 'RequestResponse', 'DryRun']);
    requireSize(request.body, type === 'Event' ? LARGEST_ASYNC_REQUEST : LARGEST_SYNC_REQUEST);
    const event = parseEvent(request.body);
    const arn = functionArn(name, request.region);
    const handler = this.#functions.find(
      (deployed) =>
        deployed.name.name === name.name &&
        (deployed.name.qualifier === undefined || deployed.name.qualifier === name.qualifier),
    )?.handler;
    if (!handler) throw new AwsServiceError(404, 'ResourceNotFoundException', `Function not found: ${arn}`);
    if (type === 'DryRun') return { status: 204, body: '' };

    const invocation: MutableInvocation = {
      id: randomUUID(),
      function: name.name,
      type: type === 'Event' ? 'Event' : 'RequestResponse',
      event,
      durableExecutionName: request.headers['x-amz-durable-execution-name'],
      attempts: 0,
      outcome: 'running',
    };
    this.#invocations.push(invocation);
    const attempt = () => this.#attempt(invocation, handler, { arn, body: request.body });
    if (type === 'Event') {
      this.#inBackground(invocation, attempt);
      return { status: 202, body: '' };
    }
    const { payload, failed } = await this.#hold(attempt());
    return {
      status: 200,
      headers: {
        'x-amz-executed-version': '$LATEST',
        ...(failed ? { 'x-amz-function-error': 'Unhandled' } : {}),
      },
      body: payload,
    };
  }

  #inBackground(invocation: MutableInvocation, attempt: () => Promise<Outcome>): void {
    const work = async () => {
      await attempt();
      for (let retry = 1; invocation.outcome === 'failed' && retry <= this.settings.asyncRetries; retry += 1) {
        invocation.outcome = 'running';
        await this.#clock.sleep(retry * MINUTE);
        await attempt();
      }
    };
    const running = work().finally(() => this.#background.delete(running));
    this.#background.add(running);
  }

  /** Calls the handler once. */
  async #attempt(
    invocation: MutableInvocation,
    handler: LambdaHandler,
    called: { readonly arn: string; readonly body: string },
  ): Promise<Outcome> {
    invocation.attempts += 1;
    const deadline = this.#clock.now() + this.settings.timeoutMilliseconds;
    const context: LambdaContext = {
      functionName: invocation.function,
      functionVersion: '$LATEST',
      invokedFunctionArn: called.arn,
      memoryLimitInMB: '256',
      awsRequestId: invocation.id,
      logGroupName: `/aws/lambda/${invocation.function}`,
      logStreamName: 'sandbox',
      getRemainingTimeInMillis: () => Math.max(0, deadline - this.#clock.now()),
    };
    try {
      const payload = await this.#clock.run(async () => {
        // An asynchronous invocation is accepted before the function runs.
        await new Promise((resolve) => setImmediate(resolve));
        return JSON.stringify((await handler(parseEvent(called.body), context)) ?? null);
      });
      if (Buffer.byteLength(payload) > LARGEST_RESPONSE) throw new ResponseTooLarge();
      invocation.outcome = 'succeeded';
      invocation.result = JSON.parse(payload);
      return { payload, failed: false };
    } catch (error) {
      invocation.outcome = 'failed';
      invocation.error = error;
      return { payload: JSON.stringify(describeError(error)), failed: true };
    }
  }

  /**
   * Waits for an invocation whose client waits for it too: virtual time may pass while the handler sleeps, although a
   * request is in flight.
   */
  async #hold<T>(work: Promise<T>): Promise<T> {
    let over = false;
    void work.finally(() => {
      over = true;
    });
    // Most handlers need no virtual time, and then the answer is not late.
    for (let turn = 0; turn < 3 && !over; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    while (!over) await this.#clock.hold(HOLD_MILLISECONDS);
    return work;
  }
}

interface Outcome {
  /** What the client is told. */
  readonly payload: string;
  readonly failed: boolean;
}

type MutableInvocation = { -readonly [Key in keyof Invocation]: Invocation[Key] };

interface FunctionName {
  readonly name: string;
  readonly qualifier: string | undefined;
}

/** `name`, `account:function:name`, an ARN, each with or without `:qualifier`. */
function parseFunctionName(text: string, qualifier?: string): FunctionName {
  const [, name = '', own] =
    /^(?:(?:arn:aws:lambda:[^:]+:)?\d{12}:function:|function:)?([\w-]{1,140})(?::(\$LATEST|[\w-]+))?$/.exec(text) ?? [];
  if (!name) {
    const message = `1 validation error detected: Value '${text}' at 'functionName' failed to satisfy constraint`;
    throw new AwsServiceError(400, 'ValidationException', message);
  }
  if (own !== undefined && qualifier !== undefined && own !== qualifier) {
    const message = 'The derived qualifier from the function name does not match the specified qualifier.';
    throw new AwsServiceError(400, 'InvalidParameterValueException', message);
  }
  return { name, qualifier: own ?? qualifier };
}

function functionArn({ name, qualifier }: FunctionName, region: string): string {
  return `arn:aws:lambda:${region}:${ACCOUNT}:function:${name}${qualifier === undefined ? '' : `:${qualifier}`}`;
}

function requireSize(body: string, largest: number): void {
  if (Buffer.byteLength(body) <= largest) return;
  // So the service calls it; the API's model says RequestTooLargeException.
  const message = `Request must be smaller than ${largest} bytes for the InvokeFunction operation`;
  throw new AwsServiceError(413, 'RequestEntityTooLargeException', message);
}

function parseEvent(body: string): unknown {
  try {
    return JSON.parse(body || '{}');
  } catch {
    const message = 'Could not parse request body into json: Could not parse payload into json';
    throw new AwsServiceError(400, 'InvalidRequestContentException', message);
  }
}

/** As the Node.js runtime reports what a handler throws: errors by name, message and stack, anything else as text. */
function describeError(error: unknown): object {
  if (typeof error !== 'object' || error === null || !('message' in error)) {
    return { errorType: typeof error, errorMessage: String(error), trace: [] };
  }
  const { name, message, stack } = error as Error;
  return { errorType: name || 'Error', errorMessage: String(message), trace: String(stack ?? '').split('\n') };
}

class ResponseTooLarge extends Error {
  override readonly name = 'Function.ResponseSizeTooLarge';

  constructor() {
    super(`Response payload size exceeded maximum allowed payload size (${LARGEST_RESPONSE} bytes).`);
  }
}
