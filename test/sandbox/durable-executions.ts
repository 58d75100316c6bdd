import { AsyncLocalStorage } from 'node:async_hooks';
import { randomUUID } from 'node:crypto';
import { DAY } from '../../lambdas/core/duration.ts';
import { AwsServiceError } from './aws-service.ts';
import { abandoned, inconsistencies } from './durable-determinism.ts';
import {
  beginExecution,
  type Current,
  type DurableExecution,
  type DurableInvocation,
  type DurableSettings,
  type DurableStart,
  type Execution,
  type ExecutionStatus,
  type Mutable,
  viewOf,
} from './durable-execution.ts';
import { plus, requireWithinLimits, usageOf, usageOfRepetition } from './durable-metering.ts';
import { checkpointToken } from './durable-names.ts';
import { applyUpdates, changes, type DurableOperation, fireDue, nextDue, replayState } from './durable-operations.ts';
import { type ErrorObject, invalidParameter, type OperationUpdate, requireSize } from './durable-updates.ts';
import { readOutput, renderOperation } from './durable-wire.ts';
import type { ErrorPayload } from './lambda-handler.ts';
import type { VirtualClock } from './virtual-clock.ts';

/** Calls the function's handler once. Resolves with the answer as JSON, rejects with what it died of. */
export type CallFunction = (call: {
  /** Of the execution. */
  readonly arn: string;
  readonly functionName: string;
  readonly version: string;
  readonly requestId: string;
  readonly event: object;
  readonly deadline: number;
}) => Promise<string>;

/** When an invocation of a function's version is ended; milliseconds. */
export type TimeoutOf = (functionName: string, version: string) => number;

/** What a function that was killed or threw is reported as. */
export type DescribeError = (error: unknown, requestId: string) => ErrorPayload;

const FIRST_PAUSE = 1_000;
const LONGEST_PAUSE = 300_000;
/** https://docs.aws.amazon.com/lambda/latest/api/API_GetDurableExecutionState.html */
const DEFAULT_PAGE = 100;
const LARGEST_RESULT = { RequestResponse: 6 * 1024 * 1024, Event: 1024 * 1024 } as const;

/**
 * The service behind Lambda's durable functions: keeps what executions checkpoint, and invokes the function again, from
 * the beginning, when something that it waits for has come. In between nothing of it runs.
 * https://docs.aws.amazon.com/lambda/latest/dg/durable-functions.html
 */
export class DurableExecutions {
  /** Signs of code that is not deterministic. A test with any proves nothing. */
  readonly bugs: Error[] = [];
  readonly #clock: VirtualClock;
  readonly #settings: DurableSettings;
  readonly #timeoutOf: TimeoutOf;
  readonly #call: CallFunction;
  readonly #describeError: DescribeError;
  readonly #executions: Execution[] = [];
  readonly #driven = new Set<Promise<void>>();
  /** Executions belong to nobody's request and to nobody's run. */
  readonly #outside = AsyncLocalStorage.snapshot();

  constructor(options: {
    readonly clock: VirtualClock;
    readonly settings: DurableSettings;
    readonly timeoutOf: TimeoutOf;
    readonly call: CallFunction;
    readonly describeError: DescribeError;
  }) {
    this.#clock = options.clock;
    this.#settings = options.settings;
    this.#timeoutOf = options.timeoutOf;
    this.#call = options.call;
    this.#describeError = options.describeError;
  }

  /** All of them, those whose retention is over too. */
  get executions(): readonly DurableExecution[] {
    return this.#executions.map((execution) => viewOf(execution, this.#clock.now()));
  }

  /**
   * Starts an execution, or finds the one that has the name already: `began` says which. `closed` resolves when it has
   * ended. Throws `DurableExecutionAlreadyStartedException` when that one has another input or runs on another version.
   */
  start(start: DurableStart): {
    readonly arn: string;
    readonly began: boolean;
    readonly closed: Promise<DurableExecution>;
  } {
    const found = this.#named(start);
    const execution = found ?? this.#begin(start);
    const closed = execution.closed.then(() => viewOf(execution, this.#clock.now()));
    return { arn: execution.arn, began: found === undefined, closed };
  }

  /** Resolves when no execution runs. */
  async idle(): Promise<void> {
    while (this.#driven.size > 0) await Promise.all(this.#driven);
  }

  /** Throws `ResourceNotFoundException` for one that never was or whose retention is over. */
  get(arn: string): DurableExecution {
    return viewOf(this.#find(arn), this.#clock.now());
  }

  /** Those that GetDurableExecution would find. */
  retained(): readonly DurableExecution[] {
    return this.#executions
      .filter((execution) => this.#isRetained(execution))
      .map((execution) => viewOf(execution, this.#clock.now()));
  }

  /** Ends it where it stands; what runs is not interrupted, but makes no checkpoint any more. Answers when it ended. */
  stop(arn: string, error: ErrorObject): number {
    const execution = this.#find(arn);
    if (execution.status === 'RUNNING') this.#close(execution, 'STOPPED', { error });
    return execution.endedAt ?? this.#clock.now();
  }

  /** The answer of CheckpointDurableExecution. */
  checkpoint(arn: string, token: string, clientToken: string | undefined, updates: readonly OperationUpdate[]): object {
    const repeated = this.#current(arn)?.last;
    if (repeated && clientToken !== undefined && repeated.token === token && repeated.clientToken === clientToken) {
      return repeated.answer;
    }
    const { execution, current } = this.#requireCurrent(arn, token);
    const now = this.#clock.now();
    const ending = updates.find(({ type }) => type === 'EXECUTION');
    this.#findInconsistencies(execution, updates);
    const operations = applyUpdates(execution.operations, updates, now);
    const usage = plus(execution.usage, usageOf(execution.operations, updates));
    requireWithinLimits(usage);
    if (ending) this.#requireResultSize(execution, ending.payload);

    execution.usage = usage;
    execution.operations = fireDue(operations, now);
    for (const { id } of updates) execution.touchedIn.set(id, execution.invocations.length);
    const told = changes(execution.seen, execution.operations);
    execution.seen = execution.operations;
    const state = { Operations: told.map((operation) => this.#answered(operation)) };
    if (ending) {
      if (ending.action === 'SUCCEED') this.#succeed(execution, ending.payload);
      else this.#close(execution, 'FAILED', { error: ending.error });
      // The service omits the token when there is nothing to checkpoint any more.
      return { NewExecutionState: state };
    }
    const sequence = current.sequence + 1;
    const next = checkpointToken(arn, current.requestId, sequence);
    const answer = { CheckpointToken: next, NewExecutionState: state };
    const last = clientToken === undefined ? undefined : { token, clientToken, answer };
    execution.current = { ...current, token: next, sequence, last };
    return answer;
  }

  /** The answer of GetDurableExecutionState. */
  state(arn: string, token: string, marker: string | undefined, maxItems: number | undefined): object {
    const { execution } = this.#requireCurrent(arn, token);
    const operations = replayState(execution.operations);
    const from = marker === undefined || marker === '' ? 0 : Number(marker);
    if (!Number.isInteger(from) || from < 0 || from > operations.length) throw invalidParameter('Invalid Marker');
    const to = from + (maxItems || DEFAULT_PAGE);
    return {
      Operations: operations.slice(from, to).map((operation) => this.#answered(operation)),
      ...(to < operations.length ? { NextMarker: String(to) } : {}),
    };
  }

  #begin(start: DurableStart): Execution {
    const execution = beginExecution(start, this.#clock.now());
    this.#executions.push(execution);
    const driven = this.#outside(() => this.#drive(execution)).finally(() => this.#driven.delete(driven));
    this.#driven.add(driven);
    return execution;
  }

  /** The life of an execution: invocations, and the waiting in between. */
  async #drive(execution: Execution): Promise<void> {
    while (execution.status === 'RUNNING') {
      await this.#invoke(execution);
      if (execution.status !== 'RUNNING') return;
      const deaths = deathsInARow(execution.invocations);
      const pause = Math.min(FIRST_PAUSE * 2 ** (deaths - 1), LONGEST_PAUSE);
      const wakeAt = deaths > 0 ? this.#clock.now() + pause : nextDue(execution.operations);
      await this.#sleepUntil(execution, Math.min(wakeAt, execution.deadline));
      this.#timeOutWhenDue(execution);
      execution.operations = fireDue(execution.operations, this.#clock.now());
    }
  }

  /** Calls the handler once. */
  async #invoke(execution: Execution): Promise<void> {
    const { arn, start } = execution;
    const { functionName, version } = start;
    const requestId = randomUUID();
    const startedAt = this.#clock.now();
    const deadline = startedAt + this.#timeoutOf(functionName, version);
    const invocation: Mutable<DurableInvocation> = { requestId, startedAt };
    const updated = changes(execution.seen, execution.operations).map(({ id }) => id);
    execution.invocations.push(invocation);
    execution.seen = execution.operations;
    const token = checkpointToken(arn, requestId, 0);
    execution.current = { requestId, deadline, token, sequence: 0 };
    let payload: string;
    try {
      const event = this.#event(execution, token, updated);
      payload = await this.#call({ arn, functionName, version, requestId, event, deadline });
    } catch (thrown) {
      invocation.error = asErrorObject(this.#describeError(thrown, requestId));
      execution.usage = plus(execution.usage, usageOfRepetition(invocation.error));
      const deaths = deathsInARow(execution.invocations);
      if (execution.status === 'RUNNING' && deaths >= this.#settings.invocationAttempts) {
        this.#close(execution, 'FAILED', { error: invocation.error });
      }
      return;
    } finally {
      execution.current = undefined;
      invocation.endedAt = this.#clock.now();
    }
    this.#timeOutWhenDue(execution);
    if (execution.status === 'RUNNING') this.#settle(execution, invocation, payload);
  }

  #settle(execution: Execution, invocation: Mutable<DurableInvocation>, payload: string): void {
    const output = readOutput(payload);
    try {
      if (typeof output === 'string') throw invalidParameter(output);
      switch (output.Status) {
        case 'SUCCEEDED':
          this.#requireResultSize(execution, output.Result);
          this.#succeed(execution, output.Result);
          break;
        case 'FAILED':
          this.#close(execution, 'FAILED', { error: output.Error as ErrorObject });
          break;
        case 'PENDING':
          if (nextDue(execution.operations) === Number.POSITIVE_INFINITY) {
            throw invalidParameter('Cannot return PENDING status with no pending operations.');
          }
      }
    } catch (error) {
      if (!(error instanceof AwsServiceError)) throw error;
      invocation.error = { ErrorType: error.errorName, ErrorMessage: error.message };
      this.#close(execution, 'FAILED', { error: invocation.error });
    }
  }

  #event(execution: Execution, token: string, updated: readonly string[]): object {
    const operations = replayState(execution.operations);
    const carried = Math.min(Math.max(1, this.#settings.initialOperations), operations.length);
    return {
      DurableExecutionArn: execution.arn,
      CheckpointToken: token,
      InitialExecutionState: {
        Operations: operations.slice(0, carried).map((operation) => this.#carried(operation)),
        ...(carried < operations.length ? { NextMarker: String(carried) } : {}),
      },
      UpdatedOperationIds: updated,
    };
  }

  /** In an event, timestamps are ISO 8601. */
  #carried(operation: DurableOperation): object {
    const iso = (at: number) => new Date(at).toISOString();
    return renderOperation(operation, iso, (at) => iso(this.#inRealTime(at)));
  }

  /** In an answer, timestamps are seconds since the epoch. */
  #answered(operation: DurableOperation): object {
    return renderOperation(
      operation,
      (at) => at / 1_000,
      (at) => this.#inRealTime(at) / 1_000,
    );
  }

  /** The SDK holds against the system's clock when something is due, to see whether it is worth staying for. */
  #inRealTime(at: number): number {
    return Date.now() + at - this.#clock.now();
  }

  async #sleepUntil(execution: Execution, at: number): Promise<void> {
    await Promise.race([this.#clock.sleep(at - this.#clock.now()), execution.closed]);
  }

  #timeOutWhenDue(execution: Execution): void {
    if (execution.status !== 'RUNNING' || this.#clock.now() < execution.deadline) return;
    const seconds = execution.start.config.executionTimeoutSeconds;
    this.#close(execution, 'TIMED_OUT', { error: { ErrorMessage: `Execution timed out after ${seconds} seconds.` } });
  }

  #succeed(execution: Execution, result: string | undefined): void {
    const left = abandoned(execution.operations, execution.invocations.length, execution.touchedIn);
    for (const found of left) this.#report(execution, found);
    this.#close(execution, 'SUCCEEDED', { result });
  }

  #close(
    execution: Execution,
    status: ExecutionStatus,
    { result, error }: { readonly result?: string; readonly error?: ErrorObject },
  ): void {
    if (error?.ErrorType === 'NonDeterministicExecutionError') this.#report(execution, error.ErrorMessage ?? '');
    execution.status = status;
    execution.endedAt = this.#clock.now();
    execution.result = result;
    execution.error = error;
    execution.close();
  }

  #findInconsistencies(execution: Execution, updates: readonly OperationUpdate[]): void {
    for (const found of inconsistencies(execution.operations, updates)) this.#report(execution, found);
  }

  #report({ name, start }: Execution, found: string): void {
    this.bugs.push(new Error(`${start.functionName} is not deterministic (execution ${name}): ${found}`));
  }

  #requireResultSize({ start }: Execution, result: string | undefined): void {
    requireSize('Execution output payload size', result, LARGEST_RESULT[start.type]);
  }

  #named({ region, functionName, name, version, input }: DurableStart): Execution | undefined {
    if (name === undefined) return undefined;
    const found = this.#executions.find(
      (execution) =>
        execution.start.region === region &&
        execution.start.functionName === functionName &&
        execution.name === name &&
        this.#isRetained(execution),
    );
    if (found && (found.start.input !== input || found.start.version !== version)) {
      const message = `Execution already started: ${found.arn}`;
      throw new AwsServiceError(409, 'DurableExecutionAlreadyStartedException', message);
    }
    return found;
  }

  #find(arn: string): Execution {
    const found = this.#executions.find((execution) => execution.arn === arn);
    if (found && this.#isRetained(found)) return found;
    throw new AwsServiceError(404, 'ResourceNotFoundException', 'Durable Execution does not exist');
  }

  #isRetained({ endedAt, start }: Execution): boolean {
    return endedAt === undefined || this.#clock.now() <= endedAt + start.config.retentionDays * DAY;
  }

  #current(arn: string): Current | undefined {
    return this.#executions.find((execution) => execution.arn === arn)?.current;
  }

  /** Each checkpoint consumes the token; an unknown execution and a token of an earlier invocation are refused alike. */
  #requireCurrent(arn: string, token: string): { readonly execution: Execution; readonly current: Current } {
    const execution = this.#executions.find((execution) => execution.arn === arn);
    if (execution) this.#timeOutWhenDue(execution);
    const current = execution?.current;
    const alive = current && current.token === token && this.#clock.now() <= current.deadline;
    if (!execution || !alive || execution.status !== 'RUNNING') throw invalidParameter('Invalid checkpoint token');
    return { execution, current };
  }
}

function deathsInARow(invocations: readonly DurableInvocation[]): number {
  return invocations.length - 1 - invocations.findLastIndex(({ error }) => error === undefined);
}

function asErrorObject({ errorType, errorMessage, trace }: ErrorPayload): ErrorObject {
  return { ErrorType: errorType, ErrorMessage: errorMessage, ...(trace?.length ? { StackTrace: trace } : {}) };
}
