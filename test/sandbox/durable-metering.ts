import type { Operations } from './durable-operations.ts';
import { errorBytes, invalidParameter, type OperationUpdate } from './durable-updates.ts';

/**
 * How AWS counts what an execution uses.
 * https://docs.aws.amazon.com/lambda/latest/dg/durable-execution-sdk.html#durable-operations-checkpoint-consumption
 */
export interface Usage {
  readonly operations: number;
  /** Payloads written, over the life of the execution. */
  readonly bytes: number;
}

/** https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html: neither can be increased. */
export const MOST_OPERATIONS = 3_000;
export const MOST_BYTES = 100 * 1024 * 1024;

/** The start of an execution. */
export function usageOfStart(input: string): Usage {
  return { operations: 1, bytes: Buffer.byteLength(input) };
}

/** A repetition of an invocation that died. */
export function usageOfRepetition(error: object): Usage {
  return { operations: 1, bytes: Buffer.byteLength(JSON.stringify(error)) };
}

/** The updates of one checkpoint. */
export function usageOf(before: Operations, updates: readonly OperationUpdate[]): Usage {
  const known = new Set(before.keys());
  return updates
    .map((update) => {
      const isNew = !known.has(update.id);
      known.add(update.id);
      return {
        operations: operationsOf(update, isNew),
        bytes: Buffer.byteLength(update.payload ?? '') + errorBytes(update.error),
      };
    })
    .reduce(plus, { operations: 0, bytes: 0 });
}

export function plus(a: Usage, b: Usage): Usage {
  return { operations: a.operations + b.operations, bytes: a.bytes + b.bytes };
}

/** Throws `InvalidParameterValueException` beyond the limits; its words, and that it is this error, are a guess. */
export function requireWithinLimits({ operations, bytes }: Usage): void {
  if (operations > MOST_OPERATIONS) {
    throw invalidParameter(`Durable execution exceeded the maximum of ${MOST_OPERATIONS} operations.`);
  }
  if (bytes > MOST_BYTES) {
    throw invalidParameter(`Durable execution exceeded the maximum storage of ${MOST_BYTES} bytes.`);
  }
}

function operationsOf({ type, subType, action }: OperationUpdate, isNew: boolean): number {
  switch (type) {
    case 'EXECUTION':
      return 0;
    case 'STEP':
      // "1 + N retries"; for a condition "1 + N polls".
      if (action === 'START') return isNew && subType === 'WaitForCondition' ? 1 : 0;
      return 1;
    default:
      return isNew ? 1 : 0;
  }
}
