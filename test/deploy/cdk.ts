import { once } from 'node:events';
import { join } from 'node:path';
import { spawnGuarded } from '../interop/server-process.ts';

const CLI = join(import.meta.dirname, '../../node_modules/aws-cdk/bin/cdk');

/**
 * Runs the CDK CLI in the project, as a shell with this environment alone, and returns what it printed. Throws with that
 * when it fails.
 */
export async function cdk(
  args: readonly string[],
  environment: Readonly<Record<string, string>> & { readonly HOME: string },
): Promise<string> {
  const quiet = ['--no-notices', '--no-version-reporting', '--no-color', '--progress', 'events'];
  const child = spawnGuarded([process.execPath, CLI, ...args, ...quiet], {
    ...environment,
    CDK_DISABLE_CLI_TELEMETRY: 'true',
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (output += text));
  const [status] = await once(child, 'close');
  if (status === 0) return output;
  throw new Error(`cdk ${args.join(' ')} ended with ${status}: ${output.trim().slice(-4_000)}`);
}
