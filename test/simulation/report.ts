import { describeEvent, type EventLine, elapsed } from './event-log.ts';
import { FAULT_KINDS } from './fault-kinds.ts';
import type { PlannedFault } from './scenario.ts';
import type { Finished } from './workers.ts';

/** What many seeds have shown; plain data for `--json`. */
export interface Report {
  readonly seeds: number;
  readonly from: number;
  /** A seed that nobody has run before. */
  readonly newSeed: number | undefined;
  readonly violations: readonly {
    readonly seed: number;
    readonly invariant: string;
    readonly found: string;
    readonly replay: string;
  }[];
  /** Seeds that did not come to an end. */
  readonly broken: readonly number[];
  /** Seeds whose events were others the second time. */
  readonly different: readonly number[];
  /** By kind: how many were drawn, and how often they have hit something. */
  readonly faults: Readonly<Record<string, Tally>>;
  /** The same by the operation that they are about, without those that are about a whole service. */
  readonly operations: Readonly<Record<string, Tally>>;
  readonly certificates: number;
  readonly issuances: number;
  /** Issuances beyond the first one of each certificate. */
  readonly renewals: number;
  readonly scans: number;
  readonly simulatedHours: number;
  readonly events: number;
  /** Live certificates that have ended because the faults left no other way, or the faults and a CA's limit. */
  readonly expired: { readonly faults: number; readonly limit: number };
  /** The seed that took longest until everything was in order after its last fault. */
  readonly slowestRecovery: { readonly seed: number; readonly hours: number } | undefined;
  readonly cpuSecondsPerSeed: number;
  readonly seconds: number;
}

interface Tally {
  readonly drawn: number;
  readonly hits: number;
}

/** From so many seeds on, every kind of fault must have hit something: the simulation would be blind for it. */
export const ENOUGH_SEEDS = 200;
/** Of so many faults about one operation at least one must have. */
const ENOUGH_FAULTS = 10;

export function reportOf(
  results: readonly Finished[],
  run: Pick<Report, 'from' | 'newSeed' | 'seconds' | 'broken' | 'different'>,
): Report {
  const sum = (value: (result: Finished) => number) => results.reduce((total, result) => total + value(result), 0);
  const all = results.flatMap(({ scenario: { faults }, hits }) =>
    faults.map((planned, index) => ({ planned, hits: hits[index] ?? 0 })),
  );
  const tally = (isMeant: (planned: PlannedFault) => boolean): Tally => {
    const meant = all.filter(({ planned }) => isMeant(planned));
    return { drawn: meant.length, hits: meant.reduce((total, { hits }) => total + hits, 0) };
  };
  const faults = FAULT_KINDS.map((kind) => [kind, tally((planned) => planned.kind === kind)] as const);
  const names = [...new Set(all.flatMap(({ planned }) => operationOf(planned) ?? []))].sort();
  const operations = names.map((name) => [name, tally((planned) => operationOf(planned) === name)] as const);
  return {
    seeds: results.length,
    from: run.from,
    newSeed: run.newSeed,
    broken: run.broken,
    different: run.different,
    violations: results.flatMap(({ scenario: { seed }, violations }) =>
      violations.map((violation) => ({ seed, ...violation, replay: replayOf(seed) })),
    ),
    faults: Object.fromEntries(faults),
    operations: Object.fromEntries(operations),
    certificates: sum(({ scenario }) => scenario.fleet.length),
    issuances: sum(({ issuances }) => issuances),
    renewals: sum(({ renewals }) => renewals),
    scans: sum(({ scans }) => scans),
    simulatedHours: Math.round(sum(({ simulatedHours }) => simulatedHours)),
    events: sum(({ events }) => events),
    expired: {
      faults: sum(({ expired }) => expired.filter(({ because }) => because === 'faults').length),
      limit: sum(({ expired }) => expired.filter(({ because }) => because === 'limit').length),
    },
    slowestRecovery: slowestRecovery(results),
    cpuSecondsPerSeed: Math.round((sum(({ cpuSeconds }) => cpuSeconds) / Math.max(1, results.length)) * 1_000) / 1_000,
    seconds: Math.round(run.seconds * 10) / 10,
  };
}

/** Of the seeds that have recovered; the first of those that took equally long. */
export function slowestRecovery(
  results: readonly (Pick<Finished, 'recoveryHours'> & { readonly scenario: { readonly seed: number } })[],
): Report['slowestRecovery'] {
  return results
    .flatMap(({ scenario: { seed }, recoveryHours: hours }) => (hours === undefined ? [] : [{ seed, hours }]))
    .toSorted((a, b) => b.hours - a.hours || a.seed - b.seed)[0];
}

/** The one operation that a fault is about. */
function operationOf(planned: PlannedFault): string | undefined {
  const operation = planned.hits === 'requests' ? planned.fault.operation : undefined;
  return operation?.endsWith('*') ? undefined : operation;
}

/** Sentences on what was drawn often enough and has hit nothing: kinds of faults, and operations. Few seeds say nothing. */
export function blindSpots({
  seeds,
  faults,
  operations,
}: Pick<Report, 'seeds' | 'faults' | 'operations'>): readonly string[] {
  if (seeds < ENOUGH_SEEDS) return [];
  const kinds = Object.entries(faults).filter(([, { hits }]) => hits === 0);
  const never = Object.entries(operations).filter(([, { drawn, hits }]) => drawn >= ENOUGH_FAULTS && hits === 0);
  return [
    ...kinds.map(([kind]) => `no fault of the kind "${kind}" has hit anything`),
    ...never.map(([operation, { drawn }]) => `none of ${drawn} faults at ${operation} has hit anything`),
  ];
}

export function replayOf(seed: number): string {
  return `npm run simulate -- --seeds 1 --from ${seed}`;
}

/** Lines before and after the first event in which two runs of a seed differ. */
const CONTEXT = { before: 12, after: 6 };

/** Where two runs of one seed part, for a reader: what was the same until then, and how each of them goes on. */
export function describeDifference(one: Finished, other: Finished): string {
  const isSame = (line: EventLine | undefined, index: number) =>
    line?.event === other.lines[index]?.event && line?.at === other.lines[index]?.at;
  const first = [...one.lines, undefined].findIndex((line, index) => !isSame(line, index));
  const show = ({ lines }: Finished, from: number, to: number) =>
    lines.slice(Math.max(0, from), to).map((line) => `  ${describeEvent(line)}`);
  return [
    `the same in both until event ${first} (of ${one.events} and ${other.events}):`,
    ...show(one, first - CONTEXT.before, first),
    'then in the one:',
    ...show(one, first, first + CONTEXT.after),
    'and in the other:',
    ...show(other, first, first + CONTEXT.after),
  ].join('\n');
}

/** A failing seed for a reader: what was drawn, what happened last, what is wrong, how to see it again. */
export function describeFailure({ scenario, violations, tail }: Finished): string {
  const { seed, faults, actions, fleet, ...traits } = scenario;
  return [
    `SEED ${seed}`,
    `configuration: ${JSON.stringify(traits)}`,
    ...fleet.map(({ name, owner, spec }) => `certificate ${name} (${owner}): ${JSON.stringify(spec)}`),
    ...faults.map(
      ({ kind, from, until, hits: _, ...fault }) =>
        `fault ${elapsed(Math.max(0, from))} to ${elapsed(until)}: ${kind} ${JSON.stringify(fault)}`,
    ),
    ...actions.map(({ at, ...action }) => `action ${elapsed(Math.max(0, at))}: ${JSON.stringify(action)}`),
    'the last events:',
    ...tail.map((line) => `  ${line}`),
    ...violations.map(({ invariant, found }) => `VIOLATED: ${invariant}: ${found}`),
    `replay: ${replayOf(seed)}`,
  ].join('\n');
}
