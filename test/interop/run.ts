import { spawnSync } from 'node:child_process';
import { installFromDebian } from './install-from-debian.ts';
import { installMoto } from './install-moto.ts';
import { installPebble } from './install-pebble.ts';
import type { SecondOpinion } from './second-opinion.ts';

/**
 * `npm run test:interop [-- jest's arguments]`: brings the second opinions into `.interop`, runs the portable cases on
 * them and says what they were. A second opinion that can't be had is said aloud, its cases are marked as skipped, and
 * in CI the run fails.
 */
const say = (text: string) => process.stdout.write(`${text}\n`);

const began = Date.now();
const opinions: readonly SecondOpinion[] = await Promise.all([
  installPebble(say),
  installMoto(say),
  installNameServers(say),
]).then((installed) => installed.flat());
say(`Ready after ${seconds(began)}.`);

const jest = spawnSync(
  process.execPath,
  [
    'node_modules/jest/bin/jest.js',
    '--testMatch=<rootDir>/test/interop/*.interop.ts',
    '--testTimeout=60000',
    // Most of the time is spent waiting: more workers than cores.
    '--maxWorkers=4',
    '--verbose',
    ...process.argv.slice(2),
  ],
  {
    stdio: 'inherit',
    env: { ...process.env, ...Object.assign({}, ...opinions.map(({ environment }) => environment)) },
  },
);

say(`\nSecond opinions, after ${seconds(began)} in all:`);
for (const { name, version, missing } of opinions) say(`  ${name}: ${version ?? `NOT THERE. ${missing}`}`);
const incomplete = opinions.some(({ missing }) => missing !== undefined);
if (incomplete) say('Not every combination could run. See above; with CI=true this is a failure.');
process.exitCode = jest.status === 0 && incomplete && process.env['CI'] === 'true' ? 1 : (jest.status ?? 1);

/** One after the other: apt locks its lists. */
async function installNameServers(tell: (text: string) => void): Promise<readonly SecondOpinion[]> {
  const nsd = { name: 'NSD', packageName: 'nsd', program: 'nsd', probe: ['-v'], variable: 'INTEROP_NSD' };
  const unbound = {
    name: 'Unbound',
    packageName: 'unbound',
    program: 'unbound',
    probe: ['-V'],
    variable: 'INTEROP_UNBOUND',
  };
  return [await installFromDebian(nsd, tell), await installFromDebian(unbound, tell)];
}

function seconds(since: number): string {
  return `${((Date.now() - since) / 1_000).toFixed(0)} s`;
}
