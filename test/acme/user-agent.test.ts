import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { USER_AGENT } from '../../lambdas/acme/user-agent.ts';

it('names the version in package.json', () => {
  const { name, version } = JSON.parse(readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8'));
  expect(USER_AGENT).toBe(`${name}/${version}`);
});
