import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';

/** Another program that serves on loopback. */
export interface ServerProcess {
  /** The end of what it has printed. */
  output(): string;
  /** Kills it and waits until it is gone. */
  stop(): Promise<void>;
}

/**
 * Kills its child, and what that has started, as soon as nobody holds the other end of its standard input: when it is
 * closed, and also when this process is gone, however it ended. Ends itself when the child does.
 */
const GUARD = `
  trap : TERM
  exec 3<&0
  "$@" </dev/null 3<&- &
  child=$!
  { trap '' TERM; while read -r _; do :; done; kill -TERM 0; kill -9 "$child"; } <&3 >/dev/null 2>&1 &
  guard=$!
  exec 3<&-
  wait "$child" 2>/dev/null
  status=$?
  # Above 128 it is a signal that has ended the waiting; the child may still be there.
  if [ "$status" -gt 128 ]; then wait "$child" 2>/dev/null; fi
  kill -9 "$guard" 2>/dev/null
  exit "$status"
`;

const PATIENCE = 30_000;
const PAUSE = 50;
const LONGEST_OUTPUT = 4_000;

/**
 * Starts `command` and waits until it is ready. Throws with the end of what it printed when it ends before, or
 * isn't ready within half a minute.
 */
export async function startServerProcess(
  command: readonly string[],
  options: {
    readonly environment?: Readonly<Record<string, string | undefined>>;
    /** Throws while it isn't. */
    readonly isReady: () => Promise<unknown>;
  },
): Promise<ServerProcess> {
  const guard = spawnGuarded(command, { ...process.env, ...options.environment });
  let output = '';
  for (const stream of [guard.stdout, guard.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output = (output + text).slice(-LONGEST_OUTPUT);
    });
  }
  const ended = once(guard, 'exit');
  const server: ServerProcess = {
    output: () => output,
    stop: async () => {
      guard.stdin.end();
      await ended;
    },
  };
  for (const giveUpAt = Date.now() + PATIENCE; ; ) {
    try {
      await options.isReady();
      return server;
    } catch (cause) {
      if (guard.exitCode !== null || Date.now() > giveUpAt) {
        await server.stop();
        throw new Error(`${command.join(' ')} does not serve: ${String(cause)}; it printed: ${output}`, { cause });
      }
      await new Promise((resolve) => setTimeout(resolve, PAUSE));
    }
  }
}

/** Starts a program that can't outlive this one: closing its standard input kills it and what it has started. */
export function spawnGuarded(
  command: readonly string[],
  environment: NodeJS.ProcessEnv,
  folder?: string,
): ChildProcessByStdio<Writable, Readable, Readable> {
  return spawn('sh', ['-c', GUARD, 'sh', ...command], {
    env: environment,
    ...(folder === undefined ? {} : { cwd: folder }),
    stdio: ['pipe', 'pipe', 'pipe'],
    // A process group of its own, which the guard ends.
    detached: true,
  });
}
