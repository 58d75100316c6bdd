import { type DurableOperation, isOpen, type Operations } from './durable-operations.ts';
import type { OperationUpdate } from './durable-updates.ts';

/**
 * Signs in a checkpoint that a replay took another way than the invocation before it. The service sees updates alone:
 * a finished operation is replayed without one, so that it was left out, renamed or moved is the SDK's to find.
 */
export function inconsistencies(operations: Operations, updates: readonly OperationUpdate[]): readonly string[] {
  const found = updates.flatMap((update) => {
    const existing = operations.get(update.id);
    if (!existing || update.type === 'EXECUTION') return [];
    return (['type', 'subType', 'name', 'parentId'] as const)
      .filter((member) => update[member] !== existing[member])
      .map(
        (member) => `${describe(existing)} came again with ${member} ${update[member]} instead of ${existing[member]}`,
      );
  });
  return [...new Set(found)];
}

/**
 * Operations that were left open by an earlier invocation, and that the one in which the execution succeeded never came
 * to. A branch that is abandoned on purpose, as in a race, looks the same.
 */
export function abandoned(
  operations: Operations,
  lastInvocation: number,
  touchedIn: ReadonlyMap<string, number>,
): readonly string[] {
  return [...operations.values()]
    .filter(
      (operation) => operation.type !== 'EXECUTION' && isOpen(operation) && !inClosedContext(operations, operation),
    )
    .filter(({ id }) => (touchedIn.get(id) ?? 0) < lastInvocation)
    .map((operation) => `${describe(operation)} was ${operation.status} and never came again`);
}

function inClosedContext(operations: Operations, { parentId }: DurableOperation): boolean {
  const parent = parentId === undefined ? undefined : operations.get(parentId);
  return parent !== undefined && (!isOpen(parent) || inClosedContext(operations, parent));
}

function describe({ type, subType, name, id }: DurableOperation): string {
  return `${subType ?? type} ${name ?? id}`;
}
