import { once } from 'node:events';
import { join } from 'node:path';
import { spawnGuarded } from '../interop/server-process.ts';

const CLI = join(import.meta.dirname, '../../node_modules/aws-cdk/bin/cdk');

/** How much of an output says what went wrong. */
const TAIL = 4_000;

export interface CdkRun {
  readonly environment: Readonly<Record<string, string>> & { readonly HOME: string };
  /** Where it runs; this project when left out. */
  readonly folder?: string;
  /** It is killed, with everything that it has started, when it takes longer. */
  readonly seconds: number;
}

/**
 * Runs the CDK CLI, as a shell with this environment alone, and returns what it printed. Throws with the end of that when
 * it fails, and when its time is over.
 */
export async function cdk(args: readonly string[], run: CdkRun): Promise<string> {
  const quiet = ['--no-notices', '--no-version-reporting', '--no-color', '--progress', 'events'];
  const environment = { ...run.environment, CDK_DISABLE_CLI_TELEMETRY: 'true' };
  const child = spawnGuarded([process.execPath, CLI, ...args, ...quiet], environment, run.folder);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (output += text));
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    child.stdin.end();
  }, run.seconds * 1_000);
  // Not `close`: what it has started may hold its output open.
  const [status] = await once(child, 'exit').finally(() => clearTimeout(timer));
  if (status === 0 && !late) return output;
  const end = late ? `had not ended after ${run.seconds} s and was killed` : `ended with ${status}`;
  throw new Error(`cdk ${args.join(' ')} ${end}; it printed: ${output.trim().slice(-TAIL)}`);
}
