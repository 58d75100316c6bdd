import { chmodSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { FOLDER, isThere, runProgram, type SecondOpinion } from './second-opinion.ts';

/** A server that Debian packages, and where the tests look for it. */
export interface DebianProgram {
  readonly name: string;
  readonly packageName: string;
  /** On the PATH, or below `usr/sbin` of the package. */
  readonly program: string;
  /** With it the program ends at once, in success. */
  readonly probe: readonly string[];
  /** The variable that tells the tests how to start it. */
  readonly variable: string;
}

/** As Debian names the folders of libraries. */
const MULTIARCH = process.arch === 'arm64' ? 'aarch64-linux-gnu' : 'x86_64-linux-gnu';

/** What unpacked libraries must not replace: the loader belongs to the system's own. */
const SYSTEM_LIBRARIES = /^lib(c6|gcc)/;

/**
 * Uses the program that is on the PATH; else unpacks Debian's package and the libraries that it names below `.interop`,
 * which needs neither root nor an installation. Debian keeps one version for each release, which is the pin.
 */
export async function installFromDebian(
  { name, packageName, program, probe, variable }: DebianProgram,
  say: (text: string) => void,
): Promise<SecondOpinion> {
  if (await isThere(program, probe)) {
    return { name, version: 'as found on the PATH', environment: { [variable]: program } };
  }
  const folder = resolve(FOLDER, packageName);
  const starter = join(folder, 'start');
  const ready = (): SecondOpinion => ({
    name,
    version: `${readdirSync(folder).find((file) => file.startsWith(`${packageName}_`))} (unpacked)`,
    environment: { [variable]: starter },
  });
  if (existsSync(starter)) return ready();
  if (!(await isThere('apt-get', ['--version'])) || !(await isThere('dpkg', ['--version']))) {
    const missing = `There is neither a ${program} on the PATH nor apt-get to fetch it with: install ${packageName}.`;
    return { name, missing, environment: {} };
  }
  say(`Unpacking ${packageName} of Debian.`);
  const scratch = `${folder}.new`;
  rmSync(scratch, { recursive: true, force: true });
  mkdirSync(scratch, { recursive: true });
  try {
    await download(packageName, scratch).catch(async () => {
      // A fresh machine has no list of packages.
      await runProgram('apt-get', ['update']);
      await download(packageName, scratch);
    });
    for (const file of readdirSync(scratch).filter((each) => each.endsWith('.deb'))) {
      await runProgram('dpkg', ['-x', join(scratch, file), scratch]);
    }
    const libraries = join(folder, 'usr', 'lib', MULTIARCH);
    const path = join(folder, 'usr', 'sbin', program);
    writeFileSync(join(scratch, 'start'), `#!/bin/sh\nLD_LIBRARY_PATH='${libraries}' exec '${path}' "$@"\n`);
    chmodSync(join(scratch, 'start'), 0o755);
    rmSync(folder, { recursive: true, force: true });
    renameSync(scratch, folder);
    await runProgram(starter, probe);
    return ready();
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    return { name, missing: `Debian's ${packageName} could not be unpacked: ${String(error)}`, environment: {} };
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

async function download(packageName: string, folder: string): Promise<void> {
  const dependencies = await runProgram('apt-cache', ['depends', '--important', packageName]);
  const libraries = [...dependencies.matchAll(/^\s*\|?Depends: (lib\S+)$/gm)]
    .map(([, library = '']) => library)
    .filter((library) => !SYSTEM_LIBRARIES.test(library));
  await runProgram('sh', ['-c', 'cd "$0" && apt-get download "$@"', folder, packageName, ...libraries]);
}
