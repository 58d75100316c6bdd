import { spawnSync } from 'node:child_process';
import { installPebble } from '../interop/install-pebble.ts';
import type { SecondOpinion } from '../interop/second-opinion.ts';
import { installMinistack } from './install-ministack.ts';

/**
 * `npm run test:deploy [-- jest's arguments]`: brings MiniStack and Pebble into `.interop` and has the CDK CLI deploy
 * evercert. Where one of them can't be had, nothing is tested; that is said aloud, and is a failure in CI.
 */
const say = (text: string) => process.stdout.write(`${text}\n`);

const began = Date.now();
const programs: readonly SecondOpinion[] = await Promise.all([installPebble(say), installMinistack(say)]);
say(`Ready after ${seconds(began)}.`);

const missing = programs.filter((program) => program.missing !== undefined);
process.exitCode = missing.length === 0 ? test() : process.env['CI'] === 'true' ? 1 : 0;

say(`\nAfter ${seconds(began)} in all:`);
for (const { name, version, missing: why } of programs) say(`  ${name}: ${version ?? `NOT THERE. ${why}`}`);
if (missing.length > 0) say('NOTHING WAS DEPLOYED AND NOTHING TESTED. With CI=true this is a failure.');
else {
  say("  ACM: the sandbox's, because MiniStack's doesn't read certificates.");
  say("  Not durable (execution: 'direct'): MiniStack's CloudFormation ignores DurableConfig.");
}

function test(): number {
  const jest = spawnSync(
    process.execPath,
    [
      'node_modules/jest/bin/jest.js',
      '--testMatch=<rootDir>/test/deploy/*.deploy.ts',
      '--testTimeout=240000',
      '--runInBand',
      '--verbose',
      ...process.argv.slice(2),
    ],
    {
      stdio: 'inherit',
      env: { ...process.env, ...Object.assign({}, ...programs.map(({ environment }) => environment)) },
    },
  );
  return jest.status ?? 1;
}

function seconds(since: number): string {
  return `${((Date.now() - since) / 1_000).toFixed(0)} s`;
}
