import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { DAY } from '../../lambdas/core/duration.ts';
import { live } from './inspect.ts';
import { startSandbox } from './sandbox.ts';

it('the example of the README issues, and renews after 61 days', async () => {
  const sandbox = await startSandbox({ zones: ['leane.dev'] });
  await sandbox.deployIssuer();
  const domainNames = ['leane.dev', '*.leane.dev'];
  await sandbox.renew({ certificate: 'leane.dev', spec: { domainNames, issuer: 'sandbox' } });
  const first = live(sandbox, 'leane.dev').issued.serialNumber;
  expect(sandbox.secretsManager.value('evercert/leane.dev')).toContain(first);
  await sandbox.clock.advance(61 * DAY);
  await sandbox.scan(); // and every renewal that it starts
  expect(live(sandbox, 'leane.dev').issued.serialNumber).not.toBe(first);
  expect(sandbox.bugs()).toEqual([]);
  await sandbox.stop();
});

it('has each line of the example of the README, but for its look at the live pair', () => {
  const [, example = ''] =
    /```ts\n([\s\S]*?)```/.exec(readFileSync(join(import.meta.dirname, 'README.md'), 'utf8')) ?? [];
  const test = readFileSync(import.meta.filename, 'utf8');
  const lines = example.trim().split('\n');
  expect(lines.length).toBeGreaterThan(5);
  expect(lines.filter((line) => !test.includes(line.replace(/; \/\/ the live pair$/, '')))).toEqual([]);
});
