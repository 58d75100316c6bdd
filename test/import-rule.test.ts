import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

const root = join(import.meta.dirname, '..');

/** A copy of the sources' configuration with one planted file, looked at by the real dependency-cruiser. */
describe('the import rule', () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'evercert-imports-'));
    for (const file of ['.dependency-cruiser.cjs', 'package.json', 'tsconfig.json'])
      cpSync(join(root, file), join(folder, file));
    symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
    for (const ring of ['core', 'acme', 'renewal', 'aws', 'dns', 'handlers'])
      plant(`lambdas/${ring}/there.ts`, 'export const there = 1;\n');
    for (const folderOfOurs of ['infra', 'examples', 'test'])
      plant(`${folderOfOurs}/there.ts`, 'export const there = 1;\n');
  });

  afterEach(() => rmSync(folder, { recursive: true }));

  const plant = (file: string, text: string) => {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), text);
  };

  const violations = (): string => {
    const cruiser = join(root, 'node_modules/dependency-cruiser/bin/dependency-cruiser.mjs');
    try {
      execFileSync(
        process.execPath,
        [cruiser, '--config', '.dependency-cruiser.cjs', '--output-type', 'err', 'lambdas', 'infra', 'examples'],
        { cwd: folder, encoding: 'utf8' },
      );
      return '';
    } catch (error) {
      return String((error as { stdout?: unknown }).stdout);
    }
  };

  it('finds nothing in a tree that follows it', () => {
    plant('lambdas/renewal/fine.ts', "import { there } from '../core/there.ts';\nexport const fine = there;\n");
    expect(violations()).toBe('');
  });

  it.each([
    ['core-imports-nothing-of-ours', 'lambdas/core/bad.ts', "'../acme/there.ts'"],
    ['acme-imports-core', 'lambdas/acme/bad.ts', "'../renewal/there.ts'"],
    ['renewal-sees-ports-never-adapters', 'lambdas/renewal/bad.ts', "'../aws/there.ts'"],
    ['aws-implements-ports', 'lambdas/aws/bad.ts', "'../dns/there.ts'"],
    ['dns-implements-ports', 'lambdas/dns/bad.ts', "'../aws/there.ts'"],
    ['handlers-compose', 'lambdas/handlers/bad.ts', "'../../infra/there.ts'"],
    ['infra-imports-core', 'infra/bad.ts', "'../lambdas/renewal/there.ts'"],
    ['examples-use-infra', 'examples/bad.ts', "'../lambdas/core/there.ts'"],
    ['durable-sdk-in-handlers-alone', 'lambdas/aws/bad.ts', "'@aws/durable-execution-sdk-js'"],
    ['agpl-in-tests-alone', 'infra/bad.ts', "'@cloud-copilot/iam-simulate'"],
    ['agpl-in-tests-alone', 'lambdas/handlers/bad.ts', "'@cloud-copilot/iam-simulate'"],
    ['no-unresolvable', 'infra/bad.ts', "'./not-there.ts'"],
    ['core-has-no-node-modules', 'lambdas/core/bad.ts', "'node:crypto'"],
    ['core-uses-zod-at-most', 'lambdas/core/bad.ts', "'fast-check'"],
    ['aws-sdk-in-aws-alone', 'lambdas/renewal/bad.ts', "'@aws-sdk/client-acm'"],
    ['acme-client-in-acme-alone', 'lambdas/renewal/bad.ts', "'acme-client'"],
  ])('reports a planted violation of %s', (rule, file, module) => {
    plant(file, `import * as forbidden from ${module};\nexport const bad = forbidden;\n`);
    expect(violations()).toContain(rule);
  });

  it('holds for types too', () => {
    plant('lambdas/core/bad.ts', "import type { there } from '../acme/there.ts';\nexport type Bad = typeof there;\n");
    expect(violations()).toContain('core-imports-nothing-of-ours');
  });

  it('is the one that `npm run check` uses', () => {
    expect(readFileSync(join(root, 'package.json'), 'utf8')).toContain('depcruise --config .dependency-cruiser.cjs');
  });
});
