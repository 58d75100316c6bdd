import type { Parameters } from 'fast-check';

/** What `npm test` has time for. */
const USUAL = 40;

/**
 * How often a property is tried: 40 times, or what `npm run test:hostile -- --runs N` says, times `share` where each try
 * goes over a socket. The seed is a new one for each run; a failure prints it with the path, and what fast-check shrank it to
 * goes into `corpus/`, where it is tried each time. `HOSTILE_SEED` repeats a run.
 */
export function runs(share = 1): Pick<Parameters<unknown>, 'numRuns' | 'seed'> {
  const { HOSTILE_RUNS = USUAL, HOSTILE_SEED } = process.env;
  return {
    numRuns: Math.max(1, Math.round(Number(HOSTILE_RUNS) * share)),
    ...(HOSTILE_SEED === undefined ? {} : { seed: Number(HOSTILE_SEED) }),
  };
}
