import {
  ALL_INTERRUPTIONS,
  type CallPoint,
  callPoints,
  describePoint,
  faultAt,
  type Interruption,
  pointsOf,
} from './call-points.ts';
import { type Violation, violations } from './properties.ts';
import { begin, interruptAndWait, type ScenarioOptions, startScenario } from './scenario.ts';

export interface CaseResult {
  readonly case: string;
  readonly violations: readonly Violation[];
  /** Hourly scans until the new pair was live; 0 when the interrupted run got there by itself. */
  readonly scans: number | undefined;
}

/** The points of one undisturbed run, from what starts it to its last request. */
export async function recordCallPoints(options: ScenarioOptions): Promise<readonly CallPoint[]> {
  const scenario = await startScenario(options);
  try {
    await begin(scenario);
    return callPoints(scenario.sandbox.calls.order);
  } finally {
    await scenario.stop();
  }
}

/** Runs a scenario of its own, interrupted at one point, and says what does not hold in the end. */
export async function runCase(
  options: ScenarioOptions,
  point: CallPoint,
  interruption: Interruption,
): Promise<CaseResult> {
  const scenario = await startScenario(options);
  try {
    const scans = await interruptAndWait(scenario, faultAt(point, interruption));
    return { case: describePoint(point, interruption), violations: violations(scenario), scans };
  } finally {
    await scenario.stop();
  }
}

/** Every point of `pointsOf`, interrupted in every way; or every `count`-th of these cases. */
export async function* runMatrix(
  options: ScenarioOptions,
  shard: { readonly index: number; readonly count: number },
): AsyncGenerator<CaseResult> {
  const points = pointsOf(options.work, await recordCallPoints(options));
  const cases = points.flatMap((point) => ALL_INTERRUPTIONS.map((interruption) => ({ point, interruption })));
  for (const [number, { point, interruption }] of cases.entries())
    if (number % shard.count === shard.index) yield await runCase(options, point, interruption);
}
