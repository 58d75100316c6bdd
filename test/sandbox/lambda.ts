import { AsyncLocalStorage } from 'node:async_hooks';
import { randomUUID } from 'node:crypto';
import { requireOneOf } from './aws-json.ts';
import { type AwsAnswer, type AwsRequest, type AwsService, AwsServiceError } from './aws-service.ts';
import { answerDurable, durableOperationOf } from './durable-api.ts';
import type { DurableConfig, DurableExecution, DurableSettings } from './durable-execution.ts';
import { type CallFunction, DurableExecutions } from './durable-executions.ts';
import { requireExecutionName } from './durable-names.ts';
import { invalidParameter } from './durable-updates.ts';
import { callHandler, describeError, type LambdaHandler } from './lambda-handler.ts';
import { type FunctionName, functionArn, parseFunctionName } from './lambda-names.ts';
import type { VirtualClock } from './virtual-clock.ts';

export interface LambdaSettings extends DurableSettings {
  /**
   * How often Lambda repeats an asynchronous invocation that fails: after one and two minutes. `undefined` leaves it to
   * each function.
   */
  asyncRetries: 0 | 1 | 2 | undefined;
  /** When an invocation is ended, durable or not, unless the function has a time-out of its own. */
  timeoutMilliseconds: number;
}

/** How a function is deployed, besides its name. */
export interface FunctionOptions {
  readonly durable?: DurableConfig | undefined;
  /** Of each invocation, of a durable function too. */
  readonly timeoutMilliseconds?: number;
  /** None when left out; AWS's default is 2. A durable execution is never repeated. */
  readonly asyncRetries?: 0 | 1 | 2;
  /** An asynchronous event that has got older is not repeated. AWS's default, six hours, when left out. */
  readonly maximumEventAgeMilliseconds?: number;
  /** Whose rights it has; see `VirtualClock.caller`. */
  readonly role?: string;
  /** Called with an asynchronous event that failed each time or got too old, or whose durable execution did not succeed. */
  readonly onDiscarded?: (invocation: Invocation) => void | Promise<void>;
}

export interface Invocation {
  /** The handler's `awsRequestId`; repetitions have the same, resumes of a durable function have their own. */
  readonly id: string;
  readonly function: string;
  readonly type: InvocationType;
  readonly event: unknown;
  readonly durableExecutionName: string | undefined;
  /** How often the handler was called so far. */
  readonly attempts: number;
  readonly outcome: 'running' | 'succeeded' | 'failed';
  readonly result?: unknown;
  /** What the handler threw the last time, as it was; the error object of a durable execution. */
  readonly error?: unknown;
}

export type InvocationType = 'RequestResponse' | 'Event';

/** How an invocation ended, repetitions and resumes included. */
export interface InvocationOutcome {
  readonly invocation: Invocation;
  /** Of a durable function. */
  readonly execution?: DurableExecution;
}

/** https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html */
const LARGEST_SYNC_REQUEST = 6 * 1024 * 1024;
const LARGEST_ASYNC_REQUEST = 1024 * 1024;

const INVOCATION_PATH = /^\/2015-03-31\/functions\/([^/]+)\/invocations$/;
const MINUTE = 60_000;
/** https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-configuring.html */
const OLDEST_EVENT = 6 * 60 * MINUTE;
/** How closely an answer follows a handler that waits in virtual time. */
const HOLD_MILLISECONDS = 100;

/**
 * AWS Lambda: functions run in this process, each invocation in a run of the virtual clock. The rules that it holds are
 * listed in `rules-lambda.md`.
 */
export class LambdaService implements AwsService {
  readonly name = 'lambda';
  readonly protocol = 'rest-json';
  /** May be changed at any time. */
  readonly settings: LambdaSettings;
  readonly #clock: VirtualClock;
  readonly #region: string;
  readonly #functions: Deployed[] = [];
  readonly #invocations: Mutable<Invocation>[] = [];
  readonly #background = new Set<Promise<unknown>>();
  readonly #durable: DurableExecutions;
  /** What runs belongs to no request and to no other run. */
  readonly #outside = AsyncLocalStorage.snapshot();

  /** `region` is where `invoke` invokes; requests say theirs. */
  constructor(options: {
    readonly clock: VirtualClock;
    readonly settings?: Partial<LambdaSettings>;
    readonly region?: string;
  }) {
    this.#clock = options.clock;
    this.#region = options.region ?? 'eu-central-1';
    this.settings = {
      asyncRetries: undefined,
      timeoutMilliseconds: 15 * MINUTE,
      invocationAttempts: Number.POSITIVE_INFINITY,
      initialOperations: 1_000,
      ...options.settings,
    };
    this.#durable = new DurableExecutions({
      clock: this.#clock,
      settings: this.settings,
      timeoutOf: (name, qualifier) => this.#timeoutOf(this.#find({ name, qualifier })),
      call: this.#callDurable,
      describeError,
    });
  }

  /**
   * Deploys a function. `name` is a name or an ARN; with a qualifier (`name:live`) the function exists under that
   * qualifier alone, without one under every qualifier. A plain function takes the place of the one of the same name; a
   * durable one becomes its next version, and what runs stays on the version that it started on.
   */
  register(name: string, handler: LambdaHandler, options: FunctionOptions = {}): void {
    const parsed = parseFunctionName(name);
    const same = (deployed: Deployed) =>
      deployed.name.name === parsed.name && deployed.name.qualifier === parsed.qualifier;
    const versions = this.#functions.filter(
      (deployed) => deployed.name.name === parsed.name && deployed.options.durable,
    );
    const index = options.durable ? -1 : this.#functions.findIndex(same);
    if (index !== -1) this.#functions.splice(index, 1);
    this.#functions.push({ name: parsed, handler, options, version: versions.length + 1 });
  }

  /** Every invocation that was accepted, in order. */
  get invocations(): readonly Invocation[] {
    return this.#invocations;
  }

  /** Every durable execution, in order. */
  get executions(): readonly DurableExecution[] {
    return this.#durable.executions;
  }

  /** Signs of durable code that is not deterministic; a test with any proves nothing. */
  get bugs(): Error[] {
    return this.#durable.bugs;
  }

  /** Resolves when no asynchronous invocation runs or waits for its repetition, and no durable execution is under way. */
  async idle(): Promise<void> {
    do {
      await Promise.all([...this.#background, this.#durable.idle()]);
    } while (this.#background.size > 0);
  }

  /**
   * Invokes without HTTP, and resolves when it is over, whatever its type: for tests, outside of the clock's runs. Throws
   * `AwsServiceError` for what Lambda refuses.
   */
  async invoke(
    functionName: string,
    event: unknown,
    options: { readonly type: InvocationType; readonly executionName?: string },
  ): Promise<InvocationOutcome> {
    return this.#accept({
      name: parseFunctionName(functionName),
      type: options.type,
      body: JSON.stringify(event) ?? '',
      executionName: options.executionName,
      region: this.#region,
    }).outcome;
  }

  operationOf(request: AwsRequest): string | undefined {
    return request.method === 'POST' && INVOCATION_PATH.test(request.path) ? 'Invoke' : durableOperationOf(request);
  }

  async answer(operation: string, request: AwsRequest): Promise<AwsAnswer> {
    if (operation !== 'Invoke') return answerDurable(operation, request, this.#durable);
    const [, encoded = ''] = INVOCATION_PATH.exec(request.path) ?? [];
    const name = parseFunctionName(decodeURIComponent(encoded), request.query.get('Qualifier') ?? undefined);
    const type = request.headers['x-amz-invocation-type'] ?? 'RequestResponse';
    requireOneOf('InvocationType', type, ['Event', 'RequestResponse', 'DryRun']);
    const asked: Asked = {
      name,
      type: type === 'Event' ? 'Event' : 'RequestResponse',
      body: request.body,
      executionName: request.headers['x-amz-durable-execution-name'],
      region: request.region,
    };
    if (type === 'DryRun') {
      this.#require(asked);
      return { status: 204, body: '' };
    }
    const accepted = this.#accept(asked);
    const arn: Record<string, string> =
      accepted.arn === undefined ? {} : { 'x-amz-durable-execution-arn': accepted.arn };
    if (type === 'Event') return { status: 202, headers: arn, body: '' };
    const { invocation, execution } = await this.#hold(accepted.outcome);
    const failed = invocation.outcome === 'failed';
    const reported = execution ? describeFailure(execution) : describeError(invocation.error, invocation.id);
    return {
      status: 200,
      headers: {
        'x-amz-executed-version': accepted.version,
        ...arn,
        ...(failed ? { 'x-amz-function-error': 'Unhandled' } : {}),
      },
      body: JSON.stringify((failed ? reported : invocation.result) ?? null),
    };
  }

  #accept(asked: Asked): Accepted {
    const { deployed, event, version } = this.#require(asked);
    const invocation: Mutable<Invocation> = {
      id: randomUUID(),
      function: asked.name.name,
      type: asked.type,
      event,
      durableExecutionName: asked.executionName,
      attempts: 0,
      outcome: 'running',
    };
    const { durable } = deployed.options;
    const accepted = durable
      ? this.#start(invocation, deployed, durable, asked, version)
      : { outcome: this.#outside(() => this.#run(invocation, deployed, asked)), version };
    this.#invocations.push(invocation);
    const running = accepted.outcome.finally(() => this.#background.delete(running));
    this.#background.add(running);
    return accepted;
  }

  /** What Lambda looks at before it accepts an invocation. */
  #require({ name, type, body, executionName, region }: Asked): {
    readonly deployed: Deployed;
    readonly event: unknown;
    readonly version: string;
  } {
    requireSize(body, type === 'Event' ? LARGEST_ASYNC_REQUEST : LARGEST_SYNC_REQUEST);
    const event = parseEvent(body);
    if (executionName !== undefined) requireExecutionName(executionName);
    const deployed = this.#find(name);
    if (!deployed) {
      throw new AwsServiceError(404, 'ResourceNotFoundException', `Function not found: ${functionArn(name, region)}`);
    }
    const { durable } = deployed.options;
    if (!durable) return { deployed, event, version: '$LATEST' };
    if (name.qualifier === undefined) {
      throw invalidParameter('You cannot invoke a durable function using an unqualified ARN.');
    }
    if (type === 'RequestResponse' && durable.executionTimeoutSeconds * 1_000 > 15 * MINUTE) {
      throw invalidParameter(
        'You cannot synchronously invoke a durable function with an executionTimeout greater than 15 minutes.',
      );
    }
    return { deployed, event, version: name.qualifier === '$LATEST' ? '$LATEST' : String(deployed.version) };
  }

  /** A plain function: calls its handler, and again where Lambda repeats it. */
  async #run(invocation: Mutable<Invocation>, deployed: Deployed, asked: Asked): Promise<InvocationOutcome> {
    const { asyncRetries = 0, maximumEventAgeMilliseconds: oldest = OLDEST_EVENT } = deployed.options;
    const queuedAt = this.#clock.now();
    await this.#attempt(invocation, deployed, asked);
    if (asked.type === 'Event') {
      const retries = this.settings.asyncRetries ?? asyncRetries;
      for (let retry = 1; invocation.outcome === 'failed' && retry <= retries; retry += 1) {
        invocation.outcome = 'running';
        await this.#clock.sleep(retry * MINUTE);
        if (this.#clock.now() - queuedAt > oldest) {
          invocation.outcome = 'failed';
          break;
        }
        await this.#attempt(invocation, deployed, asked);
      }
      await discardFailed(invocation, deployed);
    }
    return { invocation };
  }

  async #attempt(invocation: Mutable<Invocation>, { handler, options }: Deployed, asked: Asked): Promise<void> {
    invocation.attempts += 1;
    const timeoutMilliseconds = this.#timeoutOf({ options });
    try {
      const payload = await callHandler(this.#clock, handler, {
        functionName: invocation.function,
        functionVersion: '$LATEST',
        invokedFunctionArn: functionArn(asked.name, asked.region),
        awsRequestId: invocation.id,
        event: parseEvent(asked.body),
        deadline: this.#clock.now() + timeoutMilliseconds,
        timeoutMilliseconds,
        role: options.role,
      });
      invocation.outcome = 'succeeded';
      invocation.result = JSON.parse(payload);
    } catch (error) {
      invocation.outcome = 'failed';
      invocation.error = error;
    }
  }

  #start(
    invocation: Mutable<Invocation>,
    deployed: Deployed,
    config: DurableConfig,
    asked: Asked,
    version: string,
  ): Accepted {
    const { arn, began, closed } = this.#durable.start({
      functionName: asked.name.name,
      version,
      region: asked.region,
      name: asked.executionName,
      input: asked.body || '{}',
      type: asked.type,
      config,
    });
    const outcome = this.#outside(async (): Promise<InvocationOutcome> => {
      const execution = await closed;
      invocation.attempts = execution.invocations.length;
      invocation.outcome = execution.status === 'SUCCEEDED' ? 'succeeded' : 'failed';
      invocation.result = execution.result ? JSON.parse(execution.result) : undefined;
      invocation.error = execution.error;
      if (began && asked.type === 'Event') await discardFailed(invocation, deployed);
      return { invocation, execution };
    });
    return { arn, version, outcome };
  }

  readonly #callDurable: CallFunction = ({ arn, functionName: name, version, requestId, event, deadline }) => {
    const deployed = this.#find({ name, qualifier: version });
    if (!deployed) throw new Error(`${name} has no version ${version}.`);
    return callHandler(this.#clock, deployed.handler, {
      functionName: name,
      functionVersion: version,
      invokedFunctionArn: arn.slice(0, arn.indexOf('/')),
      awsRequestId: requestId,
      event: JSON.parse(JSON.stringify(event)),
      deadline,
      timeoutMilliseconds: this.#timeoutOf(deployed),
      role: deployed.options.role,
    });
  };

  #timeoutOf(deployed: Pick<Deployed, 'options'> | undefined): number {
    return deployed?.options.timeoutMilliseconds ?? this.settings.timeoutMilliseconds;
  }

  /** A number is a version; `$LATEST` and every alias are the newest. */
  #find({ name, qualifier }: FunctionName): Deployed | undefined {
    return this.#functions.findLast((deployed) => {
      if (deployed.name.name !== name) return false;
      const { durable } = deployed.options;
      if (durable && (qualifier === undefined || qualifier === '$LATEST')) return true;
      if (durable && /^\d+$/.test(qualifier ?? '')) return String(deployed.version) === qualifier;
      return deployed.name.qualifier === undefined || deployed.name.qualifier === qualifier;
    });
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

interface Deployed {
  readonly name: FunctionName;
  readonly handler: LambdaHandler;
  readonly options: FunctionOptions;
  /** Of a durable function, counted from 1. */
  readonly version: number;
}

interface Asked {
  readonly name: FunctionName;
  readonly type: InvocationType;
  readonly body: string;
  readonly executionName: string | undefined;
  readonly region: string;
}

interface Accepted {
  /** Of the durable execution. */
  readonly arn?: string;
  readonly version: string;
  readonly outcome: Promise<InvocationOutcome>;
}

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

async function discardFailed(invocation: Invocation, { options }: Deployed): Promise<void> {
  if (invocation.outcome === 'failed') await options.onDiscarded?.(invocation);
}

/** As of a plain function that failed; no source says how AWS words it. */
function describeFailure({ error }: DurableExecution): object {
  return {
    errorType: error?.ErrorType,
    errorMessage: error?.ErrorMessage,
    errorData: error?.ErrorData,
    trace: error?.StackTrace,
  };
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
