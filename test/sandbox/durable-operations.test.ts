import { describe, expect, it } from '@jest/globals';
import {
  applyUpdates,
  changes,
  type DurableOperation,
  fireDue,
  nextDue,
  type Operations,
  replayState,
} from './durable-operations.ts';
import type { OperationUpdate } from './durable-updates.ts';

const NOW = 1_000_000;
const NOTHING: Operations = new Map();

const update = (action: OperationUpdate['action'], more: Partial<OperationUpdate> = {}): OperationUpdate => ({
  id: 'a',
  name: 'a',
  type: 'STEP',
  subType: 'Step',
  action,
  ...more,
});
const step = (action: OperationUpdate['action'], more: Partial<OperationUpdate> = {}) => update(action, more);
const wait = (action: OperationUpdate['action'], more: Partial<OperationUpdate> = {}) =>
  update(action, { type: 'WAIT', subType: 'Wait', ...more });
const context = (action: OperationUpdate['action'], more: Partial<OperationUpdate> = {}) =>
  update(action, { type: 'CONTEXT', subType: 'RunInChildContext', ...more });
const execution = (action: OperationUpdate['action'], more: Partial<OperationUpdate> = {}) =>
  update(action, { id: 'e', type: 'EXECUTION', subType: undefined, name: undefined, ...more });
const retry = (seconds: number, more: Partial<OperationUpdate> = {}) =>
  step('RETRY', { nextAttemptDelaySeconds: seconds, ...more });

/** What is left of operation `a` after one checkpoint for each list. */
function left(...checkpoints: readonly (readonly OperationUpdate[])[]): DurableOperation | undefined {
  return checkpoints
    .reduce<Operations>((operations, updates) => applyUpdates(operations, updates, NOW), NOTHING)
    .get('a');
}

describe('a step', () => {
  it('is started, and succeeds with a result', () => {
    expect(left([step('START')])).toMatchObject({ status: 'STARTED', startedAt: NOW });
    expect(left([step('START')], [step('SUCCEED', { payload: '1' })])).toMatchObject({
      status: 'SUCCEEDED',
      payload: '1',
      attempts: 1,
      endedAt: NOW,
    });
  });

  it('starts and ends in one checkpoint, or ends without having been started', () => {
    expect(left([step('START'), step('SUCCEED')])).toMatchObject({ status: 'SUCCEEDED', attempts: 1 });
    expect(left([step('FAIL', { error: { ErrorType: 'E' } })])).toMatchObject({
      status: 'FAILED',
      error: { ErrorType: 'E' },
    });
  });

  it('is pending until its next attempt, then ready, and starts again', () => {
    const pending = applyUpdates(NOTHING, [step('START'), retry(30, { payload: '"kept"' })], NOW);
    expect(pending.get('a')).toMatchObject({ status: 'PENDING', attempts: 1, dueAt: NOW + 30_000 });
    expect(nextDue(pending)).toBe(NOW + 30_000);
    expect(fireDue(pending, NOW + 29_999).get('a')?.status).toBe('PENDING');
    const ready = fireDue(pending, NOW + 30_000);
    expect(ready.get('a')).toMatchObject({ status: 'READY', payload: '"kept"' });
    expect(nextDue(ready)).toBe(Number.POSITIVE_INFINITY);
    const started = applyUpdates(ready, [step('START')], NOW);
    expect(started.get('a')).toMatchObject({ status: 'STARTED', attempts: 1, payload: '"kept"' });
    expect(applyUpdates(started, [step('SUCCEED')], NOW).get('a')).toMatchObject({ status: 'SUCCEEDED', attempts: 2 });
  });

  it.each([
    ['starts twice', [[step('START')], [step('START')]], 'Invalid current STEP state to start.'],
    ['ends twice', [[step('SUCCEED')], [step('SUCCEED')]], 'Invalid current STEP state to close.'],
    ['fails while it is pending', [[retry(1)], [step('FAIL')]], 'Invalid current STEP state to close.'],
    ['is repeated after its end', [[step('SUCCEED')], [retry(1)]], 'Invalid current STEP state to re-attempt.'],
    ['is repeated without saying when', [[step('RETRY')]], 'Invalid StepOptions for the given action.'],
    [
      'starts with a delay',
      [[step('START', { nextAttemptDelaySeconds: 1 })]],
      'Invalid StepOptions for the given action.',
    ],
    [
      'is repeated with a result and an error',
      [[retry(1, { payload: '1', error: {} })]],
      'Cannot provide both error and payload to RETRY a STEP.',
    ],
    ['succeeds with an error', [[step('SUCCEED', { error: {} })]], 'Cannot provide an Error for SUCCEED action.'],
    ['fails with a result', [[step('FAIL', { payload: '1' })]], 'Cannot provide a Payload for FAIL action.'],
    ['is cancelled', [[step('CANCEL')]], 'Invalid action for the given operation type.'],
  ])('that %s is refused', (_what, checkpoints, message) => {
    expect(() => left(...checkpoints)).toThrow(message);
  });
});

describe('a wait', () => {
  it('is over when its time has come', () => {
    const started = applyUpdates(NOTHING, [wait('START', { waitSeconds: 60 })], NOW);
    expect(started.get('a')).toMatchObject({ status: 'STARTED', dueAt: NOW + 60_000 });
    expect(fireDue(started, NOW + 59_999).get('a')?.status).toBe('STARTED');
    expect(fireDue(started, NOW + 60_000).get('a')).toMatchObject({ status: 'SUCCEEDED', endedAt: NOW + 60_000 });
  });

  it('can be cancelled', () => {
    const cancelled = applyUpdates(NOTHING, [wait('START', { waitSeconds: 60 })], NOW);
    expect(applyUpdates(cancelled, [wait('CANCEL')], NOW).get('a')).toMatchObject({ status: 'CANCELLED' });
  });

  it.each([
    [
      'starts twice',
      [[wait('START', { waitSeconds: 1 })], [wait('START', { waitSeconds: 1 })]],
      'Cannot start a WAIT that already exists.',
    ],
    ['has no length', [[wait('START')]], 'Update for WAIT operation requires WaitOptions.'],
    [
      'is cancelled before it starts',
      [[wait('CANCEL')]],
      'Cannot cancel a WAIT that does not exist or has already completed.',
    ],
    ['is ended by the function', [[wait('SUCCEED')]], 'Invalid action for the given operation type.'],
  ])('that %s is refused', (_what, checkpoints, message) => {
    expect(() => left(...checkpoints)).toThrow(message);
  });
});

describe('a context', () => {
  const parent = context('START', { id: 'parent', name: 'parent' });
  const child = step('SUCCEED', { parentId: 'parent' });

  it('is the parent of what happens in it', () => {
    expect(left([parent, child])).toMatchObject({ parentId: 'parent' });
    expect(() => left([child])).toThrow('Invalid parent operation id.');
    expect(() => left([step('START', { id: 'parent' }), child])).toThrow('Invalid parent operation id.');
  });

  it('that is closed hides what happened in it from replays, unless it asks for it', () => {
    const ids = (closing: OperationUpdate) => {
      const inner = context('START', { id: 'inner', parentId: 'parent' });
      const innermost = step('START', { id: 'b', parentId: 'inner' });
      return replayState(applyUpdates(NOTHING, [parent, child, inner, innermost, closing], NOW)).map(({ id }) => id);
    };
    const close = context('SUCCEED', { id: 'parent', name: 'parent' });
    expect(ids(close)).toEqual(['parent']);
    expect(ids({ ...close, replayChildren: true })).toEqual(['parent', 'a', 'inner', 'b']);
  });

  it.each([
    ['starts twice', [[context('START')], [context('START')]], 'Cannot start a CONTEXT that already exists.'],
    ['ends twice', [[context('SUCCEED')], [context('FAIL')]], 'Invalid current CONTEXT state to close.'],
    ['is repeated', [[context('RETRY')]], 'Invalid action for the given operation type.'],
  ])('that %s is refused', (_what, checkpoints, message) => {
    expect(() => left(...checkpoints)).toThrow(message);
  });
});

describe('a checkpoint', () => {
  it('tells what has changed', () => {
    const before = applyUpdates(NOTHING, [step('START'), step('START', { id: 'b' })], NOW);
    const now = applyUpdates(before, [step('SUCCEED'), step('START', { id: 'c' })], NOW);
    expect(changes(before, now).map(({ id }) => id)).toEqual(['a', 'c']);
  });

  it.each([
    [
      'ends the execution twice',
      [execution('SUCCEED'), execution('SUCCEED')],
      'Cannot checkpoint multiple EXECUTION updates.',
    ],
    ['goes on after the end', [execution('SUCCEED'), step('START')], 'EXECUTION checkpoint must be the last update.'],
    ['starts the execution', [execution('START')], 'Invalid EXECUTION action.'],
    [
      'updates an operation twice',
      [step('SUCCEED'), step('SUCCEED')],
      'Cannot update the same operation twice in a single request.',
    ],
    [
      'updates a wait twice',
      [wait('START', { waitSeconds: 1 }), wait('CANCEL')],
      'Cannot update the same operation twice in a single request.',
    ],
  ])('that %s is refused', (_what, updates, message) => {
    expect(() => left(updates)).toThrow(message);
  });

  it.each([
    [{ type: 'WAIT', waitSeconds: 1 } as const, 'Inconsistent operation type.'],
    [{ subType: 'WaitForCondition' }, 'Inconsistent operation subtype.'],
    [{ name: 'b' }, 'Inconsistent operation name.'],
    [{ parentId: 'p' }, 'Inconsistent parent operation id.'],
  ])('that comes to an operation with something else is refused: %j', (other, message) => {
    const begun = [context('START', { id: 'p' }), step('START')];
    expect(() => left(begun, [step('SUCCEED', other)])).toThrow(message);
  });
});
