import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import type { SeedResult } from './run-seed.ts';
import type { Job } from './worker.ts';

export type Finished = SeedResult & { readonly cpuSeconds: number };

/** A seed that did not come to an end. */
export interface Broken {
  readonly seed: number;
  readonly error: string;
}

export interface Workers {
  /** Runs a seed in a process that is free, or as soon as one is. */
  run(job: Job): Promise<Finished | Broken>;
  stop(): void;
}

/** Real time; nothing takes so long but a deadlock, or a loop that never lets go of the processor. */
const LONGEST = 5 * 60_000;

/** Processes that run seeds; one that breaks is replaced. */
export function startWorkers(count: number): Workers {
  const start = () => fork(join(import.meta.dirname, 'worker.ts'), { serialization: 'advanced' });
  const free = Array.from({ length: count }, start);
  const waiting: ((worker: ChildProcess) => void)[] = [];
  const take = async () => free.pop() ?? new Promise<ChildProcess>((resolve) => waiting.push(resolve));
  const giveBack = (worker: ChildProcess) => {
    const next = waiting.shift();
    if (next) next(worker);
    else free.push(worker);
  };
  return {
    async run(job) {
      const worker = await take();
      const answer = await new Promise<Finished | Broken>((resolve) => {
        const stuck = () => resolve({ seed: job.seed, error: 'it has not come to an end in five minutes' });
        const alarm = setTimeout(stuck, LONGEST);
        const ended = (code: number | null) => {
          clearTimeout(alarm);
          resolve({ seed: job.seed, error: `its process ended with ${code}` });
        };
        worker.once('exit', ended);
        worker.once('message', (message) => {
          clearTimeout(alarm);
          worker.off('exit', ended);
          resolve(message as Finished | Broken);
        });
        worker.send(job);
      });
      const isSpent = isBroken(answer) || answer.endless;
      if (isSpent) worker.kill('SIGKILL');
      giveBack(isSpent ? start() : worker);
      return answer;
    },
    stop: () => {
      for (const worker of free) worker.disconnect();
    },
  };
}

export function isBroken(answer: Finished | Broken): answer is Broken {
  return 'error' in answer;
}
