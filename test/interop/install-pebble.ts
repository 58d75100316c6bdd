import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { FOLDER, isThere, runProgram, type SecondOpinion } from './second-opinion.ts';

const VERSION = 'v2.10.1';
const MODULE = `github.com/letsencrypt/pebble/v2/cmd/pebble@${VERSION}`;

/**
 * Builds Pebble with Go. Without Go, a `pebble` on the PATH is used (Debian has 2.4), without the cases that need a
 * newer one.
 */
export async function installPebble(say: (text: string) => void): Promise<SecondOpinion> {
  const binary = resolve(FOLDER, `pebble-${VERSION}`);
  if (existsSync(binary)) return built(binary);
  if (!(await isThere('go', ['version']))) return fromPath();
  say(`Building Pebble ${VERSION} with Go; that takes about half a minute.`);
  const scratch = resolve(FOLDER, 'go');
  mkdirSync(scratch, { recursive: true });
  try {
    await runProgram('go', ['install', MODULE], {
      GOBIN: scratch,
      GOPATH: join(scratch, 'path'),
      GOCACHE: join(scratch, 'cache'),
      // Go writes its modules so that nothing can delete them.
      GOFLAGS: `${process.env['GOFLAGS'] ?? ''} -modcacherw`.trim(),
    });
    // In one step, so that an interrupted build is none.
    renameSync(join(scratch, 'pebble'), binary);
    return built(binary);
  } catch (error) {
    return { name: 'Pebble', missing: `Go could not build it: ${String(error)}`, environment: {} };
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

function built(binary: string): SecondOpinion {
  return {
    name: 'Pebble',
    version: `${VERSION} (built with Go)`,
    environment: { INTEROP_PEBBLE: binary, INTEROP_PEBBLE_IS_NEW: 'yes' },
  };
}

async function fromPath(): Promise<SecondOpinion> {
  if (await isThere('pebble', ['-help'])) {
    // Debian's 2.4 can't tell its version.
    const version = await runProgram('pebble', ['-version']).catch(() => 'an old one');
    const why = 'from the PATH, because there is no Go to build v2.10 with: cases that need it are skipped';
    return { name: 'Pebble', version: `${version}, ${why}`, environment: { INTEROP_PEBBLE: 'pebble' } };
  }
  const missing = 'There is neither Go (https://go.dev/doc/install) to build it with, nor a pebble on the PATH.';
  return { name: 'Pebble', missing, environment: {} };
}
