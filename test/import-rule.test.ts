import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

const root = join(import.meta.dirname, '..');

/** What must not be: a file in a folder that imports something, under a rule of `.dependency-cruiser.cjs`. */
const VIOLATIONS = [
  ['core-imports-nothing-of-ours', 'lambdas/core', "'../acme/there.ts'"],
  ['acme-imports-core', 'lambdas/acme', "'../renewal/there.ts'"],
  ['renewal-sees-ports-never-adapters', 'lambdas/renewal', "'../aws/there.ts'"],
  ['aws-implements-ports', 'lambdas/aws', "'../dns/there.ts'"],
  ['dns-implements-ports', 'lambdas/dns', "'../aws/there.ts'"],
  ['handlers-compose', 'lambdas/handlers', "'../../infra/there.ts'"],
  ['infra-imports-core', 'infra', "'../lambdas/renewal/there.ts'"],
  ['examples-use-infra', 'examples', "'../lambdas/core/there.ts'"],
  ['durable-sdk-in-handlers-alone', 'lambdas/aws', "'@aws/durable-execution-sdk-js'"],
  ['agpl-in-tests-alone', 'infra', "'@cloud-copilot/iam-simulate'"],
  ['agpl-in-tests-alone', 'lambdas/handlers', "'@cloud-copilot/iam-simulate'"],
  ['deployed-code-has-its-dependencies', 'lambdas/acme', "'fast-check'"],
  ['no-unresolvable', 'infra', "'./not-there.ts'"],
  ['core-has-no-node-modules', 'lambdas/core', "'node:crypto'"],
  ['core-uses-zod-at-most', 'lambdas/core', "'fast-check'"],
  ['aws-sdk-in-aws-alone', 'lambdas/renewal', "'@aws-sdk/client-acm'"],
  ['acme-client-in-acme-alone', 'lambdas/renewal', "'acme-client'"],
] as const;

/** Copies of the sources' configuration with planted files, looked at by the real dependency-cruiser. */
describe('the import rule', () => {
  const folders: string[] = [];
  let found: string;

  const tree = (planted: Readonly<Record<string, string>>): string => {
    const folder = mkdtempSync(join(tmpdir(), 'evercert-imports-'));
    folders.push(folder);
    for (const file of ['.dependency-cruiser.cjs', 'package.json', 'tsconfig.json'])
      cpSync(join(root, file), join(folder, file));
    symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
    const rings = ['core', 'acme', 'renewal', 'aws', 'dns', 'handlers'].map((ring) => `lambdas/${ring}`);
    const there = [...rings, 'infra', 'examples', 'test'].map((ring) => [
      `${ring}/there.ts`,
      'export const there = 1;\n',
    ]);
    for (const [file, text] of [...there, ...Object.entries(planted)] as [string, string][]) {
      mkdirSync(dirname(join(folder, file)), { recursive: true });
      writeFileSync(join(folder, file), text);
    }
    return folder;
  };

  /** As `error <rule>: <file> → <module>`. */
  const violations = (folder: string): string => {
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

  beforeAll(() => {
    const planted = VIOLATIONS.map(([, folder, module], index) => [
      `${folder}/bad-${index}.ts`,
      `import * as forbidden from ${module};\nexport const bad = forbidden;\n`,
    ]);
    const type = "import type { there } from '../acme/there.ts';\nexport type Bad = typeof there;\n";
    found = violations(tree({ ...Object.fromEntries(planted), 'lambdas/core/bad-type.ts': type }));
  });

  afterAll(() => {
    for (const folder of folders) rmSync(folder, { recursive: true });
  });

  it('finds nothing in a tree that follows it', () => {
    const fine = "import { there } from '../core/there.ts';\nexport const fine = there;\n";
    expect(violations(tree({ 'lambdas/renewal/fine.ts': fine }))).toBe('');
  });

  it.each(VIOLATIONS.map((violation, index) => [...violation, index] as const))(
    'reports a planted violation of %s (%s imports %s)',
    (rule, folder, _module, index) => {
      expect(found).toContain(`error ${rule}: ${folder}/bad-${index}.ts`);
    },
  );

  it('holds for types too', () => {
    expect(found).toContain('error core-imports-nothing-of-ours: lambdas/core/bad-type.ts');
  });

  it('lets deployed code take types from development dependencies', () => {
    const fine = "import type { Arbitrary } from 'fast-check';\nexport type Fine = Arbitrary<string>;\n";
    expect(violations(tree({ 'lambdas/acme/fine.ts': fine }))).toBe('');
  });

  it('is the one that `npm run check` uses', () => {
    expect(readFileSync(join(root, 'package.json'), 'utf8')).toContain('depcruise --config .dependency-cruiser.cjs');
  });
});
