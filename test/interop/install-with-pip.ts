import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { FOLDER, isThere, runProgram, type SecondOpinion } from './second-opinion.ts';

/** What comes from PyPI, and where the tests look for it. */
export interface PythonProgram {
  readonly name: string;
  /** As PyPI calls it; also the name of its folder. */
  readonly packageName: string;
  /** A file with every version pinned: pip resolves nothing. */
  readonly requirements: string;
  /** The variable that tells the tests which Python to run it with. */
  readonly variable: string;
}

/** Installs a program with pinned versions into a Python virtual environment of its own. */
export async function installWithPip(program: PythonProgram, say: (text: string) => void): Promise<SecondOpinion> {
  const { name, packageName, requirements, variable } = program;
  const folder = resolve(FOLDER, packageName);
  const python = join(folder, 'bin', 'python');
  const stamp = join(folder, 'installed');
  const pinned = readFileSync(requirements, 'utf8');
  const digest = createHash('sha256').update(pinned).digest('hex');
  const ready: SecondOpinion = {
    name,
    version: new RegExp(`^${packageName}==(.+)$`, 'm').exec(pinned)?.[1] ?? 'of an unknown version',
    environment: { [variable]: python },
  };
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === digest) return ready;
  if (!(await isThere('python3', ['--version']))) {
    return { name, missing: 'There is no python3 to install it with.', environment: {} };
  }
  say(`Installing ${name} ${ready.version} with pip.`);
  rmSync(folder, { recursive: true, force: true });
  try {
    await runProgram('python3', ['-m', 'venv', folder]);
    await runProgram(python, ['-m', 'pip', 'install', '--quiet', '--no-deps', '--no-compile', '-r', requirements]);
    writeFileSync(stamp, digest);
    return ready;
  } catch (error) {
    const missing = `pip could not install it (it needs Python 3.10 or newer, with venv): ${String(error)}`;
    return { name, missing, environment: {} };
  }
}
