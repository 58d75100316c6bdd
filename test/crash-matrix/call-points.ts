import type { Fault } from '../sandbox/faults.ts';

/** One request of a recorded run: the n-th of its operation. */
export interface CallPoint {
  /** `service:operation`, as `Calls` counts it. */
  readonly operation: string;
  /** From 1. */
  readonly occurrence: number;
}

/** The points of a run, from what was recorded of it. */
export function callPoints(calls: readonly string[]): readonly CallPoint[] {
  const seen = new Map<string, number>();
  return calls.map((operation) => {
    const occurrence = (seen.get(operation) ?? 0) + 1;
    seen.set(operation, occurrence);
    return { operation, occurrence };
  });
}

export const INTERRUPTIONS = {
  'killed before it': { kill: true },
  'killed after its effect': { kill: true, phase: 'after' },
  'its answer lost': { drop: true, phase: 'after' },
  'delivered twice': { repeat: true },
} as const satisfies Record<string, Partial<Fault>>;

export type Interruption = keyof typeof INTERRUPTIONS;

export const ALL_INTERRUPTIONS = Object.keys(INTERRUPTIONS) as readonly Interruption[];

export function faultAt({ operation, occurrence }: CallPoint, interruption: Interruption): Fault {
  return { operation, skip: occurrence - 1, times: 1, ...INTERRUPTIONS[interruption] };
}

export function describePoint({ operation, occurrence }: CallPoint, interruption: Interruption): string {
  return `${operation} #${occurrence}, ${interruption}`;
}
