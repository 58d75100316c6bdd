import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { installPebble } from '../interop/install-pebble.ts';
import type { SecondOpinion } from '../interop/second-opinion.ts';
import { spawnGuarded } from '../interop/server-process.ts';
import { installMinistack } from './install-ministack.ts';

/**
 * `npm run test:deploy [-- jest's arguments]`: brings MiniStack and Pebble into `.interop` and has the CDK CLI deploy
 * evercert. Where one of them can't be had, nothing is tested; that is said aloud, and is a failure in CI.
 *
 * It ends after eleven minutes at the latest, and on SIGINT, with everything that it has started.
 */
const LONGEST_MINUTES = 11;
const say = (text: string) => process.stdout.write(`${text}\n`);

const began = Date.now();
const programs: readonly SecondOpinion[] = await Promise.all([installPebble(say), installMinistack(say)]);
say(`Ready after ${seconds(began)}.`);

const missing = programs.filter((program) => program.missing !== undefined);
process.exitCode = missing.length === 0 ? await test() : process.env['CI'] === 'true' ? 1 : 0;

say(`\nAfter ${seconds(began)} in all:`);
for (const { name, version, missing: why } of programs) say(`  ${name}: ${version ?? `NOT THERE. ${why}`}`);
if (missing.length > 0) say('NOTHING WAS DEPLOYED AND NOTHING TESTED. With CI=true this is a failure.');
else {
  say("  ACM: the sandbox's, because MiniStack's doesn't read certificates.");
  say("  Not durable (execution: 'direct'): MiniStack's CloudFormation ignores DurableConfig.");
}

async function test(): Promise<number> {
  // Of all of them, so that nothing is left of what was killed.
  const folder = mkdtempSync(join(tmpdir(), 'evercert-deploy-'));
  const jest = spawnGuarded(
    [
      process.execPath,
      'node_modules/jest/bin/jest.js',
      '--config=test/deploy/jest.config.js',
      '--runInBand',
      '--cacheDirectory=node_modules/.cache/evercert-deploy-jest',
      '--verbose',
      ...process.argv.slice(2),
    ],
    { ...process.env, TMPDIR: folder, ...Object.assign({}, ...programs.map(({ environment }) => environment)) },
  );
  jest.stdout.pipe(process.stdout);
  jest.stderr.pipe(process.stderr);
  const end = (why: string) => {
    say(`\n${why}: jest, and with it everything that it has started, is killed.`);
    jest.stdin.end();
  };
  const timer = setTimeout(() => end(`Not done after ${LONGEST_MINUTES} minutes`), LONGEST_MINUTES * 60_000);
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const signal of signals) process.once(signal, () => end(signal));
  const [status] = await once(jest, 'exit');
  clearTimeout(timer);
  rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  return status ?? 1;
}

function seconds(since: number): string {
  return `${((Date.now() - since) / 1_000).toFixed(0)} s`;
}
