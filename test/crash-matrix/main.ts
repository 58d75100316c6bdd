/**
 * `npm run test:crashes`: interrupts every request of a run, in every way, and checks what must hold in the end
 * (`properties.ts`). The work is split over processes, because a sandbox owns the environment of its process.
 */
import { fork } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { inParallel } from '../../lambdas/renewal/scan/in-parallel.ts';
import { ALL_INTERRUPTIONS, takesEveryPoint } from './call-points.ts';
import { type CaseResult, runMatrix } from './matrix.ts';
import { EXECUTIONS, type ScenarioOptions, WORKS } from './scenario.ts';

interface Shard {
  readonly of: ScenarioOptions;
  readonly index: number;
  readonly count: number;
}

/** Starting one and recording its points takes as long as four cases. */
const PROCESSES = Math.max(2, availableParallelism());
/** One more than there are cores: a case whose DNS answer is lost waits for it in real time. */
const AT_ONCE = availableParallelism() + 1;
const RUNS = WORKS.flatMap((work) => EXECUTIONS.map((execution): ScenarioOptions => ({ execution, work })));
/** The long ones first. */
const ALL = RUNS.flatMap((of) => {
  const count = takesEveryPoint(of.work) ? PROCESSES : 1;
  return Array.from({ length: count }, (_, index): Shard => ({ of, index, count }));
});

const [own] = process.argv.slice(2);
if (own === undefined) {
  const results = await inParallel(ALL, AT_ONCE, inProcessOfItsOwn);
  const broken = RUNS.map((of) => print(of, results.filter((_, index) => ALL[index]?.of === of).flat()));
  process.exitCode = broken.every((count) => count === 0) ? 0 : 1;
} else {
  const { of, index, count } = ALL[Number(own)] as Shard;
  process.send?.(await Array.fromAsync(runMatrix(of, { index, count })));
}

function inProcessOfItsOwn(shard: Shard): Promise<readonly CaseResult[]> {
  return new Promise((resolve, reject) => {
    const child = fork(import.meta.filename, [String(ALL.indexOf(shard))]);
    child.once('message', (cases) => resolve(cases as readonly CaseResult[]));
    child.once('exit', (code) => reject(new Error(`a process ended with ${code} before it had a result`)));
  });
}

/** Returns how many cases ended badly. */
function print({ execution, work }: ScenarioOptions, cases: readonly CaseResult[]): number {
  const broken = cases.filter(({ violations }) => violations.length > 0);
  const points = cases.length / ALL_INTERRUPTIONS.length;
  console.log(`${work}, ${execution}: ${points} points, ${cases.length} cases, ${broken.length} with a violation`);
  for (const scans of [...new Set(cases.map((each) => each.scans))].sort()) {
    const count = cases.filter((each) => each.scans === scans).length;
    console.log(`  ${count} in order ${scans === 0 ? 'without another scan' : `after ${scans ?? 'no'} hourly scans`}`);
  }
  for (const { case: point, violations } of broken)
    for (const { property, found } of violations) console.log(`  VIOLATED at ${point}: ${property}: ${found}`);
  return broken.length;
}
