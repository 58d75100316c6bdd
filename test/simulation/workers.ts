import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { SeedResult } from './run-seed.ts';
import type { Job } from './worker.ts';

export type Finished = SeedResult & { readonly cpuSeconds: number };

export interface Workers {
  /** Runs a seed in a process that is free, or as soon as one is. Rejects when the seed can't be run at all. */
  run(job: Job): Promise<Finished>;
  stop(): void;
}

/** Processes that run seeds. */
export function startWorkers(count: number): Workers {
  const all = Array.from({ length: count }, () =>
    fork(join(import.meta.dirname, 'worker.ts'), { serialization: 'advanced' }),
  );
  const free = [...all];
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
      const gone = new AbortController();
      const died = once(worker, 'exit', { signal: gone.signal }).then(([code]) => {
        throw new Error(`the process of seed ${job.seed} ended with ${code}`);
      });
      worker.send(job);
      const answer = await Promise.race([
        once(worker, 'message', { signal: gone.signal }).then(([message]) => message),
        died,
      ]);
      gone.abort();
      died.catch(() => undefined);
      giveBack(worker);
      if ('error' in answer) throw new Error(`seed ${job.seed} could not be run: ${answer.error}`);
      return answer as Finished;
    },
    stop: () => {
      for (const worker of all) worker.disconnect();
    },
  };
}
