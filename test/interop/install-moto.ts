import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { FOLDER, isThere, runProgram, type SecondOpinion } from './second-opinion.ts';

const REQUIREMENTS = 'test/interop/requirements.txt';

/** Installs moto's server with the versions of `requirements.txt` into a Python virtual environment. */
export async function installMoto(say: (text: string) => void): Promise<SecondOpinion> {
  const folder = resolve(FOLDER, 'moto');
  const python = join(folder, 'bin', 'python');
  const stamp = join(folder, 'installed');
  const requirements = readFileSync(REQUIREMENTS, 'utf8');
  const digest = createHash('sha256').update(requirements).digest('hex');
  const ready: SecondOpinion = {
    name: 'moto',
    version: /^moto==(.+)$/m.exec(requirements)?.[1] ?? 'of an unknown version',
    environment: { INTEROP_MOTO_PYTHON: python },
  };
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === digest) return ready;
  if (!(await isThere('python3', ['--version']))) {
    return { name: 'moto', missing: 'There is no python3 to install it with.', environment: {} };
  }
  say(`Installing moto ${ready.version} with pip.`);
  rmSync(folder, { recursive: true, force: true });
  try {
    await runProgram('python3', ['-m', 'venv', folder]);
    await runProgram(python, ['-m', 'pip', 'install', '--quiet', '--no-deps', '--no-compile', '-r', REQUIREMENTS]);
    writeFileSync(stamp, digest);
    return ready;
  } catch (error) {
    const missing = `pip could not install it (it needs Python 3.10 or newer, with venv): ${String(error)}`;
    return { name: 'moto', missing, environment: {} };
  }
}
