import type { DurableOperation } from './durable-operations.ts';

/**
 * An operation as the API has it: https://docs.aws.amazon.com/lambda/latest/api/API_Operation.html. `timestamp` renders
 * a time; `future` renders when something is due.
 */
export function renderOperation(
  operation: DurableOperation,
  timestamp: (at: number) => unknown,
  future: (at: number) => unknown,
): object {
  const { id, parentId, name, type, subType, status, startedAt, endedAt } = operation;
  return {
    Id: id,
    ParentId: parentId,
    Name: name,
    Type: type,
    SubType: subType,
    Status: status,
    StartTimestamp: timestamp(startedAt),
    EndTimestamp: endedAt === undefined ? undefined : timestamp(endedAt),
    ...details(operation, future),
  };
}

function details(
  { type, payload, error, attempts, dueAt, replayChildren }: DurableOperation,
  future: (at: number) => unknown,
): object {
  const due = dueAt === undefined ? undefined : future(dueAt);
  switch (type) {
    case 'EXECUTION':
      return { ExecutionDetails: { InputPayload: payload } };
    case 'CONTEXT':
      return { ContextDetails: { ReplayChildren: replayChildren, Result: payload, Error: error } };
    case 'STEP':
      return { StepDetails: { Attempt: attempts, NextAttemptTimestamp: due, Result: payload, Error: error } };
    case 'WAIT':
      return { WaitDetails: { ScheduledEndTimestamp: due } };
  }
}

/** https://docs.aws.amazon.com/durable-execution/, what a handler answers the service. */
export type HandlerOutput =
  | { readonly Status: 'SUCCEEDED'; readonly Result?: string }
  | { readonly Status: 'FAILED'; readonly Error?: object }
  | { readonly Status: 'PENDING' };

/** The handler's answer, or what is wrong with it, in AWS's words. */
export function readOutput(payload: string): HandlerOutput | string {
  const output = JSON.parse(payload) as { Status?: unknown; Result?: unknown; Error?: unknown } | null;
  switch (output?.Status) {
    case 'SUCCEEDED':
      return output.Error == null ? (output as HandlerOutput) : 'Cannot provide an Error for SUCCEEDED status.';
    case 'FAILED':
      return output.Result == null ? (output as HandlerOutput) : 'Cannot provide a Result for FAILED status.';
    case 'PENDING':
      return { Status: 'PENDING' };
    default:
      return 'Invalid Status in invocation output.';
  }
}
