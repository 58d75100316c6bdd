import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { FAILURE_CODES } from '../../lambdas/core/failure.ts';

it('every failure code has a heading in docs/operations/messages.md, and there is no other', () => {
  const page = readFileSync(join(import.meta.dirname, '../../docs/operations/messages.md'), 'utf8');
  const headings = [...page.matchAll(/^## (.+)$/gm)].map(([, heading]) => heading);
  expect([...headings].sort()).toEqual(Object.keys(FAILURE_CODES).sort());
});
