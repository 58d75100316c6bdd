import type { Fault } from '../sandbox/faults.ts';
import type { Work } from './scenario.ts';

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

/** Requests that change something by themselves, at the CA, in the secret or in ACM. */
const WRITES = new Set([
  'secretsmanager:PutSecretValue',
  'secretsmanager:UpdateSecretVersionStage',
  'secretsmanager:TagResource',
  'acm:ImportCertificate',
  'acme:finalize',
  'acme:revokeCert',
  'acme:keyChange',
  'acme:newAccount',
]);

/** Whether all requests of a work are points: the others are renewals but for a few of their writes. */
export function takesEveryPoint(work: Work): boolean {
  return work === 'first issuance' || work === 'renewal';
}

/**
 * The points that a work adds to those of a renewal, of which every one is taken anyway: its writes, and for what is over
 * before the order those before it.
 */
export function pointsOf(work: Work, points: readonly CallPoint[]): readonly CallPoint[] {
  if (takesEveryPoint(work)) return points;
  const order = points.findIndex(({ operation }) => operation === 'acme:newOrder');
  const own = work === 'revocation' ? points : points.slice(0, order);
  return own.filter(({ operation }) => WRITES.has(operation));
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
