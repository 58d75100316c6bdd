import { randomUUID } from 'node:crypto';
import { type Usage, usageOfStart } from './durable-metering.ts';
import { executionArn } from './durable-names.ts';
import type { DurableOperation, Operations } from './durable-operations.ts';
import type { ErrorObject } from './durable-updates.ts';

/** https://docs.aws.amazon.com/lambda/latest/api/API_DurableConfig.html */
export interface DurableConfig {
  readonly executionTimeoutSeconds: number;
  readonly retentionDays: number;
}

export interface DurableSettings {
  /** How many invocations in a row may die before the execution fails; AWS names no limit but the execution's time-out. */
  invocationAttempts: number;
  /** How many operations an invocation's event carries; the others are asked for with GetDurableExecutionState. */
  initialOperations: number;
}

/** https://docs.aws.amazon.com/lambda/latest/api/API_GetDurableExecution.html */
export type ExecutionStatus = 'RUNNING' | 'SUCCEEDED' | 'FAILED' | 'STOPPED' | 'TIMED_OUT';

/** An execution as it is now. Times are virtual milliseconds. */
export interface DurableExecution {
  readonly arn: string;
  readonly name: string;
  readonly functionName: string;
  /** What it is pinned to: a number, or `$LATEST`. */
  readonly version: string;
  readonly config: DurableConfig;
  readonly status: ExecutionStatus;
  readonly startedAt: number;
  readonly endedAt?: number;
  /** JSON, as it came. */
  readonly input: string;
  /** JSON, as it was returned. */
  readonly result?: string;
  readonly error?: ErrorObject;
  /** Without the EXECUTION itself, in the order in which they began. */
  readonly operations: readonly DurableOperation[];
  readonly invocations: readonly DurableInvocation[];
  readonly usage: Usage;
  /** For how long an invocation was there; not while it waits. */
  readonly aliveMilliseconds: number;
}

/** One call of the handler, from the beginning. */
export interface DurableInvocation {
  readonly requestId: string;
  readonly startedAt: number;
  readonly endedAt?: number;
  /** Why it died, or why the service refuses what it answered. */
  readonly error?: ErrorObject;
}

export interface DurableStart {
  readonly functionName: string;
  readonly version: string;
  readonly region: string;
  /** Made up when left out. */
  readonly name: string | undefined;
  readonly input: string;
  readonly type: 'RequestResponse' | 'Event';
  readonly config: DurableConfig;
}

/** What the service keeps of an execution. */
export interface Execution {
  readonly id: string;
  readonly start: DurableStart;
  readonly arn: string;
  readonly name: string;
  readonly startedAt: number;
  readonly deadline: number;
  operations: Operations;
  /** What the handler has been told. */
  seen: Operations;
  /** In which invocation an operation was last updated, counted from 1. */
  readonly touchedIn: Map<string, number>;
  readonly invocations: Mutable<DurableInvocation>[];
  current?: Current;
  status: ExecutionStatus;
  endedAt?: number;
  result?: string;
  error?: ErrorObject;
  usage: Usage;
  readonly closed: Promise<void>;
  readonly close: () => void;
}

/** The invocation that may make checkpoints. */
export interface Current {
  readonly requestId: string;
  readonly deadline: number;
  readonly token: string;
  readonly sequence: number;
  /** The checkpoint before: its client may ask again. */
  readonly last?: { readonly token: string; readonly clientToken: string; readonly answer: object };
}

export type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

export function beginExecution(start: DurableStart, startedAt: number): Execution {
  const id = randomUUID();
  const name = start.name ?? randomUUID();
  const root: DurableOperation = { id, type: 'EXECUTION', status: 'STARTED', startedAt, payload: start.input };
  const operations = new Map([[id, root]]);
  const { promise: closed, resolve: close } = Promise.withResolvers<void>();
  return {
    id,
    start,
    arn: executionArn({ ...start, name, id }),
    name,
    startedAt,
    deadline: startedAt + start.config.executionTimeoutSeconds * 1_000,
    operations,
    seen: operations,
    touchedIn: new Map(),
    invocations: [],
    status: 'RUNNING',
    usage: usageOfStart(start.input),
    closed,
    close,
  };
}

export function viewOf(execution: Execution, now: number): DurableExecution {
  const { arn, name, start, status, startedAt, endedAt, result, error, usage } = execution;
  const { functionName, version, config, input } = start;
  return {
    arn,
    name,
    functionName,
    version,
    config,
    status,
    startedAt,
    endedAt,
    input,
    result,
    error,
    operations: [...execution.operations.values()].filter(({ type }) => type !== 'EXECUTION'),
    invocations: execution.invocations.map((invocation) => ({ ...invocation })),
    usage,
    aliveMilliseconds: execution.invocations.reduce((sum, each) => sum + (each.endedAt ?? now) - each.startedAt, 0),
  };
}
