import { type ErrorObject, invalidParameter, type OperationType, type OperationUpdate } from './durable-updates.ts';

export type OperationStatus = 'STARTED' | 'PENDING' | 'READY' | 'SUCCEEDED' | 'FAILED' | 'CANCELLED';

/** One operation of an execution, as the service keeps it. Times are virtual milliseconds. */
export interface DurableOperation {
  readonly id: string;
  readonly parentId?: string;
  readonly name?: string;
  readonly type: OperationType;
  readonly subType?: string;
  readonly status: OperationStatus;
  readonly startedAt: number;
  readonly endedAt?: number;
  /** Finished attempts of a step. */
  readonly attempts?: number;
  /** When a wait ends; when a step is tried again. */
  readonly dueAt?: number;
  readonly replayChildren?: boolean;
  /** The execution's input; the result of a step or a context, and between its polls what a condition keeps. */
  readonly payload?: string;
  readonly error?: ErrorObject;
}

/** By id, in the order in which they began; the first is the EXECUTION. */
export type Operations = ReadonlyMap<string, DurableOperation>;

const OPEN: readonly OperationStatus[] = ['STARTED', 'PENDING', 'READY'];

export function isOpen({ status }: DurableOperation): boolean {
  return OPEN.includes(status);
}

/**
 * What an execution's operations are after a checkpoint: all updates are applied or, with an
 * `InvalidParameterValueException`, none. Each sees what those before it have left. Updates of the EXECUTION itself are
 * checked here and left to the caller.
 * https://docs.aws.amazon.com/lambda/latest/api/API_CheckpointDurableExecution.html
 */
export function applyUpdates(before: Operations, updates: readonly OperationUpdate[], now: number): Operations {
  requireOneOfEach(updates);
  const after = new Map(before);
  for (const update of updates) {
    if (update.type === 'EXECUTION') {
      requireExecutionUpdate(update);
      continue;
    }
    const existing = after.get(update.id);
    requireConsistent(existing, update);
    requireParent(after, update);
    requireOneResult(update);
    after.set(update.id, APPLY[update.type](update, existing, now));
  }
  return after;
}

/** Waits that are over have SUCCEEDED, steps whose time to try again has come are READY. */
export function fireDue(before: Operations, now: number): Operations {
  const after = new Map(before);
  for (const operation of before.values()) {
    if (pendingUntil(operation) > now) continue;
    after.set(
      operation.id,
      operation.type === 'WAIT'
        ? { ...operation, status: 'SUCCEEDED', endedAt: now }
        : { ...operation, status: 'READY', dueAt: undefined },
    );
  }
  return after;
}

/** When the next operation that waits is due; `Infinity` when none waits. */
export function nextDue(operations: Operations): number {
  return Math.min(...[...operations.values()].map(pendingUntil));
}

/** In their order, what is new or different in `after`. */
export function changes(before: Operations, after: Operations): readonly DurableOperation[] {
  return [...after.values()].filter((operation) => before.get(operation.id) !== operation);
}

/** What a replay needs: without what happened in contexts that are closed, unless they ask for it. */
export function replayState(operations: Operations): readonly DurableOperation[] {
  const hidden = new Set<string>();
  return [...operations.values()].filter(({ id, parentId }) => {
    const parent = parentId === undefined ? undefined : operations.get(parentId);
    if (!parent || (!hidden.has(parent.id) && (isOpen(parent) || parent.replayChildren))) return true;
    hidden.add(id);
    return false;
  });
}

function pendingUntil({ type, status, dueAt = Number.POSITIVE_INFINITY }: DurableOperation): number {
  const waits = (type === 'WAIT' && status === 'STARTED') || (type === 'STEP' && status === 'PENDING');
  return waits ? dueAt : Number.POSITIVE_INFINITY;
}

function requireOneOfEach(updates: readonly OperationUpdate[]): void {
  const executions = updates.filter(({ type }) => type === 'EXECUTION');
  if (executions.length > 1) throw invalidParameter('Cannot checkpoint multiple EXECUTION updates.');
  if (executions.length === 1 && updates.at(-1)?.type !== 'EXECUTION') {
    throw invalidParameter('EXECUTION checkpoint must be the last update.');
  }
  const latest = new Map<string, OperationUpdate>();
  for (const update of updates) {
    const before = latest.get(update.id);
    latest.set(update.id, update);
    const continues =
      before?.action === 'START' &&
      update.action !== 'START' &&
      before.type === update.type &&
      (update.type === 'STEP' || update.type === 'CONTEXT');
    if (before && !continues) throw invalidParameter('Cannot update the same operation twice in a single request.');
  }
}

function requireExecutionUpdate(update: OperationUpdate): void {
  if (update.action !== 'SUCCEED' && update.action !== 'FAIL') throw invalidParameter('Invalid EXECUTION action.');
  requireOneResult(update);
}

/** A replay that comes to an operation with something else is refused. */
function requireConsistent(existing: DurableOperation | undefined, update: OperationUpdate): void {
  if (!existing) return;
  if (update.type !== existing.type) throw invalidParameter('Inconsistent operation type.');
  const differs = (given: string | undefined, kept: string | undefined) => given !== undefined && given !== kept;
  if (differs(update.subType, existing.subType)) throw invalidParameter('Inconsistent operation subtype.');
  if (differs(update.name, existing.name)) throw invalidParameter('Inconsistent operation name.');
  if (update.parentId !== existing.parentId) throw invalidParameter('Inconsistent parent operation id.');
}

function requireParent(operations: Operations, { parentId }: OperationUpdate): void {
  if (parentId === undefined || operations.get(parentId)?.type === 'CONTEXT') return;
  throw invalidParameter('Invalid parent operation id.');
}

function requireOneResult({ action, payload, error }: OperationUpdate): void {
  if (action === 'SUCCEED' && error) throw invalidParameter('Cannot provide an Error for SUCCEED action.');
  if (action === 'FAIL' && payload !== undefined) throw invalidParameter('Cannot provide a Payload for FAIL action.');
}

type Apply = (update: OperationUpdate, existing: DurableOperation | undefined, now: number) => DurableOperation;

const APPLY: Readonly<Record<'CONTEXT' | 'STEP' | 'WAIT', Apply>> = {
  CONTEXT: applyContext,
  STEP: applyStep,
  WAIT: applyWait,
};

function applyContext(update: OperationUpdate, existing: DurableOperation | undefined, now: number): DurableOperation {
  const { action, payload, error, replayChildren } = update;
  switch (action) {
    case 'START':
      if (existing) throw invalidParameter('Cannot start a CONTEXT that already exists.');
      return begin(update, now);
    case 'SUCCEED':
    case 'FAIL':
      if (existing && existing.status !== 'STARTED') throw invalidParameter('Invalid current CONTEXT state to close.');
      return {
        ...(existing ?? begin(update, now)),
        status: action === 'SUCCEED' ? 'SUCCEEDED' : 'FAILED',
        endedAt: now,
        payload,
        error,
        replayChildren,
      };
    default:
      throw invalidAction();
  }
}

function applyStep(update: OperationUpdate, existing: DurableOperation | undefined, now: number): DurableOperation {
  const { action, payload, error, nextAttemptDelaySeconds } = update;
  if ((action === 'RETRY') !== (nextAttemptDelaySeconds !== undefined)) {
    throw invalidParameter('Invalid StepOptions for the given action.');
  }
  const attempts = (existing?.attempts ?? 0) + 1;
  const ready = !existing || existing.status === 'STARTED' || existing.status === 'READY';
  switch (action) {
    case 'START':
      if (existing && existing.status !== 'READY') throw invalidParameter('Invalid current STEP state to start.');
      return existing ? { ...existing, status: 'STARTED' } : begin(update, now);
    case 'SUCCEED':
    case 'FAIL': {
      if (!ready) throw invalidParameter('Invalid current STEP state to close.');
      const status = action === 'SUCCEED' ? 'SUCCEEDED' : 'FAILED';
      return { ...(existing ?? begin(update, now)), status, endedAt: now, attempts, payload, error };
    }
    case 'RETRY': {
      if (!ready) throw invalidParameter('Invalid current STEP state to re-attempt.');
      if (error && payload !== undefined) {
        throw invalidParameter('Cannot provide both error and payload to RETRY a STEP.');
      }
      const dueAt = now + (nextAttemptDelaySeconds ?? 0) * 1_000;
      return { ...(existing ?? begin(update, now)), status: 'PENDING', attempts, dueAt, payload, error };
    }
    default:
      throw invalidAction();
  }
}

function applyWait(update: OperationUpdate, existing: DurableOperation | undefined, now: number): DurableOperation {
  switch (update.action) {
    case 'START':
      if (existing) throw invalidParameter('Cannot start a WAIT that already exists.');
      if (update.waitSeconds === undefined) {
        throw invalidParameter('Update for WAIT operation requires WaitOptions.');
      }
      return { ...begin(update, now), dueAt: now + update.waitSeconds * 1_000 };
    case 'CANCEL':
      if (existing?.status !== 'STARTED') {
        throw invalidParameter('Cannot cancel a WAIT that does not exist or has already completed.');
      }
      return { ...existing, status: 'CANCELLED', endedAt: now };
    default:
      throw invalidAction();
  }
}

function begin({ id, parentId, name, type, subType }: OperationUpdate, now: number): DurableOperation {
  return { id, parentId, name, type, subType, status: 'STARTED', startedAt: now };
}

function invalidAction() {
  return invalidParameter('Invalid action for the given operation type.');
}
