import { describe, expect, it } from '@jest/globals';
import {
  MOST_BYTES,
  MOST_OPERATIONS,
  requireWithinLimits,
  usageOf,
  usageOfRepetition,
  usageOfStart,
} from './durable-metering.ts';
import { applyUpdates } from './durable-operations.ts';
import type { OperationUpdate } from './durable-updates.ts';

const update = (action: OperationUpdate['action'], more: Partial<OperationUpdate> = {}): OperationUpdate => ({
  id: 'a',
  type: 'STEP',
  action,
  ...more,
});

const operations = (...updates: readonly OperationUpdate[]) => usageOf(new Map(), updates).operations;

describe('operations are counted as AWS does', () => {
  it('the start of an execution, and each repetition of an invocation that died', () => {
    expect(usageOfStart('{"a":1}')).toEqual({ operations: 1, bytes: 7 });
    expect(usageOfRepetition({ ErrorType: 'E' })).toEqual({ operations: 1, bytes: 17 });
  });

  it('a step: once, and once for each time that it is repeated', () => {
    expect(operations(update('START'), update('RETRY'))).toBe(1);
    expect(operations(update('START'), update('SUCCEED'))).toBe(1);
  });

  it('a condition: once, and once for each poll', () => {
    const poll = { subType: 'WaitForCondition' };
    const begun = applyUpdates(new Map(), [update('START', poll)], 0);
    expect(operations(update('START', poll), update('RETRY', poll))).toBe(2);
    expect(usageOf(begun, [update('SUCCEED', poll)]).operations).toBe(1);
    expect(usageOf(begun, [update('START', poll)]).operations).toBe(0);
  });

  it('a wait and a context: once', () => {
    expect(operations(update('START', { type: 'WAIT' }))).toBe(1);
    expect(operations(update('START', { type: 'CONTEXT' }), update('SUCCEED', { type: 'CONTEXT' }))).toBe(1);
    expect(operations(update('SUCCEED', { type: 'CONTEXT' }))).toBe(1);
  });

  it('the end of an execution: not at all', () => {
    expect(operations(update('SUCCEED', { type: 'EXECUTION', payload: 'x' }))).toBe(0);
  });
});

it('bytes are those of payloads and errors', () => {
  expect(
    usageOf(new Map(), [update('SUCCEED', { payload: 'ä' }), update('FAIL', { error: { ErrorType: 'E' } })]).bytes,
  ).toBe(2 + 17);
});

it('an execution has 3,000 operations and 100 MB at most', () => {
  requireWithinLimits({ operations: 3_000, bytes: 100 * 1024 * 1024 });
  expect(() => requireWithinLimits({ operations: MOST_OPERATIONS + 1, bytes: 0 })).toThrow('3000 operations');
  expect(() => requireWithinLimits({ operations: 0, bytes: MOST_BYTES + 1 })).toThrow('104857600 bytes');
});
