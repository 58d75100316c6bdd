import type { Fault } from '../sandbox/faults.ts';
import type { LogEntry } from '../sandbox/sandbox.ts';
import type { Hits } from './faults-in-world.ts';
import type { Invariant, Watch } from './invariant.ts';
import { caLimits } from './invariant-limits.ts';
import { oneFinalizedOrder, oneOpenOrder } from './invariant-orders.ts';
import { livePairMatches, neverWorse, nothingLost } from './invariant-pairs.ts';
import { expiredWithReason, validAgain } from './invariant-recovery.ts';
import { foreignUntouched, insidePolicies, nothingSecretOutside } from './invariant-rights.ts';
import type { World } from './world.ts';

/** What must hold at every event, whatever fails; the name is the sentence that a violation is reported with. */
const INVARIANTS = {
  'the live pair matches': livePairMatches,
  'the live pair is never worse than the one before': neverWorse,
  'no certificate and no key is lost': nothingLost,
  'what others have in DNS stays': foreignUntouched,
  'no request is outside of the policies': insidePolicies,
  'nothing secret is in a log, a checkpoint, an event or an error': nothingSecretOutside,
  'one order is finalized per generation': oneFinalizedOrder,
  'one order is open on purpose': oneOpenOrder,
  "the CA's limits are kept": caLimits,
  'every certificate is in order in time once faults have stopped': validAgain,
  'no certificate expires unless the faults leave no other way': expiredWithReason,
} as const satisfies Record<string, Invariant>;

export type InvariantName = keyof typeof INVARIANTS;

export const INVARIANT_NAMES = Object.keys(INVARIANTS) as readonly InvariantName[];

export interface Violation {
  readonly invariant: InvariantName | 'the sandbox has no defect' | 'it comes to an end';
  readonly found: string;
}

export interface Invariants {
  /** The schedule's minute has come. */
  look(): void;
  /** Nothing has failed for so many hours, and not all is in order. */
  late(hours: number): void;
  isViolated(name: InvariantName): boolean;
  /** All that was found. */
  end(): readonly Violation[];
}

/** Has every invariant watch the world; each reports its first violation. */
export function watchInvariants(world: World, hits: Hits): Invariants {
  const { sandbox, events } = world;
  const watches = Object.entries(INVARIANTS).map(
    ([name, watch]) => [name as InvariantName, watch(world, hits) as Watch] as const,
  );
  const found = new Map<InvariantName, string>();
  const ask = (question: (watch: Watch) => string | undefined) => {
    for (const [name, watch] of watches) {
      const wrong = question(watch);
      if (wrong === undefined || found.has(name)) continue;
      found.set(name, wrong);
      events.note(`VIOLATED: ${name}`, wrong);
    }
  };
  sandbox.faults.watch({
    effect: (operation, request) => {
      if (operation.startsWith('dns:')) return events.step();
      events.note(operation);
      ask((watch) => watch.effect?.(operation, request));
    },
    hit: (operation, fault, request) => {
      events.note(`FAULT at ${operation}: ${describe(fault)}`);
      for (const [, watch] of watches) watch.hit?.(operation, fault, request);
    },
  });
  world.onLog = (entry: LogEntry) => {
    const { code } = entry.fields;
    events.note(`log ${entry.level}${code ? ` ${String(code)}` : ''}`, entry.message);
    ask((watch) => watch.log?.(entry));
  };
  return {
    look: () => ask((watch) => watch.look?.()),
    late: (hours) => ask((watch) => watch.late?.(hours)),
    isViolated: (name) => found.has(name),
    end: () => {
      ask((watch) => watch.end?.());
      const denials: readonly unknown[] = sandbox.iam.unexpectedDenials();
      const defects = sandbox.bugs().filter((bug) => !denials.includes(bug));
      const bugs = defects.map((bug) => ({ invariant: 'the sandbox has no defect' as const, found: String(bug) }));
      return [...[...found].map(([invariant, wrong]) => ({ invariant, found: wrong })), ...bugs];
    },
  };
}

function describe({ phase = 'before', kill, drop, repeat, delay, error }: Fault): string {
  const what = [
    ...(delay ? [`${delay} ms late`] : []),
    ...(kill ? ['killed'] : drop ? ['no answer'] : repeat ? ['delivered twice'] : []),
    ...(kill || drop || repeat || delay || error ? [] : ['misissued']),
    ...(error ? [`${error.status} ${error.name}`] : []),
  ];
  return `${what.join(', ')} ${phase} its effect`;
}
