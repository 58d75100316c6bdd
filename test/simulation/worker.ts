/** A process that runs seeds one after the other: its randomness and its environment belong to the simulation. */
import { takeOverRandomness } from './seeded-process.ts';

takeOverRandomness();
// What they import keeps hold of what is random in this process.
const { runSeed } = await import('./run-seed.ts');
const { PLANTED_BUGS } = await import('./planted-bugs.ts');
const { planted } = await import('../crash-matrix/planted-bugs.ts');

export interface Job {
  readonly seed: number;
  /** The index of a planted bug. */
  readonly bug?: number;
}

/** Real time; nothing takes so long but a deadlock. */
const LONGEST = 5 * 60_000;

process.on('message', async ({ seed, bug }: Job) => {
  const mistake = bug === undefined ? undefined : PLANTED_BUGS[bug];
  const began = process.cpuUsage();
  const alarm = setTimeout(() => {
    process.send?.({ seed, error: 'it has not come to an end in five minutes' }, () => process.exit(1));
  }, LONGEST);
  try {
    const result = await runSeed(seed, mistake && planted(mistake));
    const { user, system } = process.cpuUsage(began);
    process.send?.({ ...result, cpuSeconds: (user + system) / 1_000_000 });
  } catch (error) {
    process.send?.({ seed, error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
  } finally {
    clearTimeout(alarm);
  }
});
