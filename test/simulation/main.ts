/**
 * `npm run simulate -- [--seeds N] [--from S] [--new] [--minutes M] [--twice T] [--json]`: N seeds from S on; with `--new` the
 * first one is new instead; after M minutes no further one begins. The first T run a second time, and must have the same events.
 * `npm run simulate -- --planted [--search]`: a seed that finds each planted bug; fails when one is not found. With `--seeds` as
 * well, both, in the same processes: to start one takes as long as several seeds. `--json` prints one document with both.
 */
import { randomInt } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { messageOf } from '../../lambdas/core/failure.ts';
import { synthesizedApp } from '../sandbox/synthesis.ts';
import { type Options, parseOptions } from './options.ts';
import { PLANTED_BUGS } from './planted-bugs.ts';
import {
  blindSpots,
  describeDifference,
  describeFailure,
  ENOUGH_SEEDS,
  type Report,
  replayOf,
  reportOf,
} from './report.ts';
import { type Broken, type Finished, isBroken, startWorkers } from './workers.ts';

/** A planted bug that takes more seeds than this is not found. */
const MOST_SEEDS_FOR_A_BUG = 500;
/** After so many seeds a long run says how far it is. */
const PROGRESS = 250;

const options = readOptions();
const print = (text: string) => (options.json ? console.error(text) : console.log(text));

await Promise.all([synthesizedApp('direct'), synthesizedApp('durable')]);
// A process waits for its sockets a third of the time: on two cores four take 0.62 seconds a seed, three 0.72.
const lanes = 2 * availableParallelism();
const workers = startWorkers(lanes);
try {
  const seeds = !options.planted || options.seeds !== undefined ? await simulate() : undefined;
  const planted = options.planted ? await findPlanted() : undefined;
  if (options.json) console.log(JSON.stringify({ ...seeds?.report, planted }));
  const held = seeds?.held ?? true;
  process.exitCode = held && (planted ?? []).every(({ seed }) => seed !== undefined) ? 0 : 1;
} finally {
  workers.stop();
}

function readOptions(): Options {
  try {
    return parseOptions(process.argv.slice(2));
  } catch (error) {
    console.error(messageOf(error));
    process.exit(2);
  }
}

/** Runs seeds once more, after all others; those that had other events. */
async function runAgain(results: readonly Finished[]): Promise<readonly number[]> {
  const different = await Promise.all(
    results.map(async (one) => {
      const { seed } = one.scenario;
      const other = await workers.run({ seed, keepsLines: true });
      if (!isBroken(other) && one.digest === other.digest) return [];
      print(`SEED ${seed} HAD OTHER EVENTS THE SECOND TIME`);
      print(isBroken(other) ? other.error : describeDifference(one, other));
      print(`replay: ${replayOf(seed)} --twice 1`);
      return [seed];
    }),
  );
  return different.flat();
}

async function simulate(): Promise<{ readonly report: Report; readonly held: boolean }> {
  const { from, twice, minutes, seeds: count = ENOUGH_SEEDS } = options;
  const newSeed = options.new ? randomInt(1_000_000, 2 ** 31) : undefined;
  if (newSeed !== undefined) print(`the new seed is ${newSeed}`);
  const seeds = Array.from({ length: count }, (_, index) => (index === 0 ? (newSeed ?? from) : from + index));
  const began = performance.now();
  const compared = new Set(seeds.slice(0, twice));
  const end = began + minutes * 60_000;
  const all: (Finished | Broken)[] = [];
  const run = async () => {
    for (let seed = seeds.shift(); seed !== undefined && performance.now() < end; seed = seeds.shift()) {
      const result = await workers.run({ seed, keepsLines: compared.has(seed) });
      if (isBroken(result)) print(`SEED ${seed} DID NOT END: ${result.error}\nreplay: ${replayOf(seed)}`);
      else if (result.violations.length > 0) print(describeFailure(result));
      all.push(result);
      if (all.length % PROGRESS === 0)
        print(`${all.length} seeds after ${Math.round((performance.now() - began) / 60_000)} minutes`);
    }
  };
  await Promise.all(Array.from({ length: lanes }, run));
  const results = all.flatMap((result) => (isBroken(result) ? [] : [result]));
  const different = await runAgain(results.filter(({ scenario: { seed } }) => compared.has(seed)));
  const report = reportOf(results, {
    different,
    broken: all.filter(isBroken).map(({ seed }) => seed),
    from,
    newSeed,
    seconds: (performance.now() - began) / 1_000,
  });
  const blind = blindSpots(report);
  if (!options.json) {
    const { violations, faults, operations, ...totals } = report;
    console.table(faults);
    console.table(operations);
    console.log(totals);
    const again =
      twice > 0 ? `, ${different.length} of ${Math.min(twice, results.length)} with other events the second time` : '';
    console.log(`${report.seeds} seeds, ${violations.length} violations${again}`);
  }
  for (const spot of blind) print(`BLIND: ${spot}`);
  if (all.length === 0) print('NOTHING WAS RUN: no seed has begun within the time');
  const bad = [report.violations, report.broken, different, blind];
  return { report, held: all.length > 0 && bad.every(({ length }) => length === 0) };
}

/** A planted bug and the seed that shows it, if there is one. */
interface Found {
  readonly violates: string;
  readonly mistake: string;
  readonly seed?: number;
}

/** Each bug with the seed that is known to find it; with all seeds from the first one on when it no longer does, or to search. */
async function findPlanted(): Promise<readonly Found[]> {
  return Promise.all(
    PLANTED_BUGS.map(async (planted, bug) => {
      const all = Array.from({ length: MOST_SEEDS_FOR_A_BUG }, (_, seed) => seed);
      for (const seed of options.search ? all : [planted.foundWith, ...all]) {
        const result = await workers.run({ seed, bug });
        if (isBroken(result) || !result.violations.some(({ invariant }) => invariant === planted.violates)) continue;
        print(`seed ${seed} shows that ${planted.mistake}: ${planted.violates}`);
        return { violates: planted.violates, mistake: planted.mistake, seed };
      }
      print(`NOT FOUND within ${MOST_SEEDS_FOR_A_BUG} seeds: ${planted.mistake}: ${planted.violates}`);
      return { violates: planted.violates, mistake: planted.mistake };
    }),
  );
}
