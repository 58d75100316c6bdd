import { spawn } from 'node:child_process';

/** Where everything is installed; ignored by git, and may be deleted at any time. */
export const FOLDER = '.interop';

/** Somebody else's implementation that the portable cases run on, ready to be started or known to be missing. */
export interface SecondOpinion {
  readonly name: string;
  readonly version?: string;
  /** Why it is not there, and what to do about it: sentences. */
  readonly missing?: string;
  /** What tells the tests where it is. */
  readonly environment: Readonly<Record<string, string>>;
}

/** Runs a program to its end. Throws with the end of its output when it fails, and `ENOENT` when there is none. */
export async function runProgram(
  program: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<string> {
  const child = spawn(program, args, { env: { ...process.env, ...environment }, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (output += text));
  const status = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  if (status === 0) return output.trim();
  throw new Error(`${program} ${args.join(' ')} ended with ${status}: ${output.trim().slice(-2_000)}`);
}

/** Whether there is a program of this name. */
export async function isThere(program: string, args: readonly string[]): Promise<boolean> {
  return runProgram(program, args).then(
    () => true,
    () => false,
  );
}
