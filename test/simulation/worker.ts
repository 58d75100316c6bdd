/** A process that runs seeds one after the other: its randomness and its environment belong to the simulation. */
import { seedProcess, takeOverRandomness } from './seeded-process.ts';

takeOverRandomness();
// What they import keeps hold of what is random in this process.
const { runSeed } = await import('./run-seed.ts');
const { PLANTED_BUGS } = await import('./planted-bugs.ts');
const { planted } = await import('../crash-matrix/planted-bugs.ts');
const { createHttpsIdentity } = await import('../sandbox/ca/https-root.ts');
const { createIssuingHierarchy } = await import('../sandbox/ca/issuing-hierarchy.ts');
const { giveBackIdentity } = await import('../sandbox/ca/identity-pool.ts');

// A CA's keys are in its certificates' ids, which say when to renew: every seed of every process has the same ones.
seedProcess(0);
giveBackIdentity({ https: await createHttpsIdentity(), hierarchy: await createIssuingHierarchy() });

export interface Job {
  readonly seed: number;
  /** The index of a planted bug. */
  readonly bug?: number;
  /** Whether the answer has every event. */
  readonly keepsLines?: boolean;
}

process.on('message', async ({ seed, bug, keepsLines = false }: Job) => {
  const mistake = bug === undefined ? undefined : PLANTED_BUGS[bug];
  const began = process.cpuUsage();
  try {
    const result = await runSeed(seed, mistake ? { ports: planted(mistake), until: mistake.violates } : { keepsLines });
    const { user, system } = process.cpuUsage(began);
    process.send?.({ ...result, cpuSeconds: (user + system) / 1_000_000 });
  } catch (error) {
    process.send?.({ seed, error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
  }
});
