import type { Parameters } from 'fast-check';

/** What `npm test` has time for. */
const USUAL = 40;

/**
 * How often a property is tried: 40 times, or what `npm run test:hostile -- --runs N` says, times `share` where each try
 * goes over a socket. The seed is a new one for each run; a failure prints it with the path, and what fast-check shrank it to
 * goes into `corpus/`, where it is tried each time. `HOSTILE_SEED` repeats a run.
 */
export function runs(share = 1): Pick<Parameters<unknown>, 'numRuns' | 'seed'> {
  const { HOSTILE_RUNS = String(USUAL), HOSTILE_SEED } = process.env;
  // Of what is no number fast-check makes no try at all, and every property holds.
  if (!/^[1-9]\d{0,8}$/.test(HOSTILE_RUNS) || !/^-?\d{1,10}$/.test(HOSTILE_SEED ?? '0'))
    throw new RangeError('--runs is a whole number above 0, and --seed a whole number');
  return {
    numRuns: Math.max(1, Math.round(Number(HOSTILE_RUNS) * share)),
    ...(HOSTILE_SEED === undefined ? {} : { seed: Number(HOSTILE_SEED) }),
  };
}
