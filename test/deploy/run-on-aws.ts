import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';

/** How `npm run test:aws` ended, and all that it said. */
export interface OnAwsRun {
  readonly status: number | null;
  readonly output: string;
}

type Child = ChildProcessByStdio<Writable, Readable, Readable>;

/** Runs `test/on-aws/run.ts` as a shell does; `act` is called once, when it has said `after`. */
export async function runOnAws(
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
  reply?: { readonly after: string; readonly act: (child: Child) => unknown },
): Promise<OnAwsRun> {
  const child = spawn(process.execPath, [join(import.meta.dirname, '../on-aws/run.ts'), ...args], {
    env: { ...process.env, ...environment },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let output = '';
  let hasActed = false;
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      if (hasActed || !reply || !output.includes(reply.after)) return;
      hasActed = true;
      reply.act(child);
    });
  }
  const [status] = (await once(child, 'close')) as [number | null];
  return { status, output };
}
