import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { emulatedAws } from '../../environment.ts';

/** One invocation in a process of its own. */
export interface Measured {
  /** JSON. */
  readonly result: string | undefined;
  readonly error: string | undefined;
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly importSeconds: number;
  /** The largest resident set that the process has had so far, Node.js itself included. */
  readonly peakBytes: number;
}

export interface FunctionProcess {
  /** After the bundle was imported, before any invocation. */
  readonly idleBytes: number;
  /** Of what it has written to its log so far. */
  logBytes(): number;
  /** One at a time. */
  invoke(event: unknown): Promise<Measured>;
  stop(): void;
}

/**
 * Starts a function as Lambda does: its bundle alone in a process, with V8's heap limited by the function's memory as the
 * Node.js runtime limits it (5 % for each semi-space, 90 % for the old space).
 */
export async function startFunction(options: {
  readonly bundle: string;
  readonly handler: string;
  readonly memoryMegabytes: number;
  readonly environment: Readonly<Record<string, string>>;
}): Promise<FunctionProcess> {
  const { bundle, handler, memoryMegabytes, environment } = options;
  const child = fork(join(import.meta.dirname, 'function-process.js'), [bundle, handler], {
    execArgv: [
      `--max-semi-space-size=${Math.floor(memoryMegabytes * 0.05)}`,
      `--max-old-space-size=${Math.floor(memoryMegabytes * 0.9)}`,
    ],
    env: {
      PATH: process.env['PATH'],
      ...emulatedAws(),
      ...environment,
    },
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  });
  let logBytes = 0;
  child.stdout?.on('data', (chunk: Buffer) => (logBytes += chunk.length));
  const [ready] = await once(child, 'message');
  const ended = once(child, 'exit').then(([code]) => Promise.reject(new Error(`the function has ended: ${code}`)));
  // Also when it is stopped on purpose.
  ended.catch(() => undefined);
  return {
    idleBytes: ready.peakBytes,
    logBytes: () => logBytes,
    invoke: async (event) => {
      const answered = once(child, 'message');
      child.send(event as object);
      const [measured] = await Promise.race([answered, ended]);
      return measured;
    },
    stop: () => {
      child.kill();
    },
  };
}
