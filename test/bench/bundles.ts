/**
 * What `cdk synth` bundles for each function: size, time to import, and how long a warm synth takes.
 * `npm run bench:bundles [-- --json]`.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { BUNDLE_LIMITS } from './bundle-limits.ts';

const IMPORTS = 5;

const root = join(import.meta.dirname, '../..');
const folder = mkdtempSync(join(tmpdir(), 'evercert-bundles-'));
try {
  synthesize();
  const synthSeconds = synthesize();
  const bundles = [...bundlesOf(JSON.parse(readFileSync(join(folder, 'Evercert.template.json'), 'utf8')))].map(
    ([name, file]) => ({
      name,
      bytes: statSync(file).size,
      limit: BUNDLE_LIMITS[name] ?? 0,
      importMilliseconds: importTime(file),
    }),
  );
  if (process.argv.includes('--json')) console.log(JSON.stringify({ synthSeconds, bundles }));
  else {
    for (const { name, bytes, limit, importMilliseconds } of bundles) {
      const judged = bytes <= limit ? `limit ${kilobytes(limit)}` : `OVER its limit of ${kilobytes(limit)}`;
      console.log(
        `${name.padEnd(10)} ${kilobytes(bytes).padStart(8)} (${judged}), imported in ${importMilliseconds} ms`,
      );
    }
    console.log(`cdk synth, warm: ${synthSeconds.toFixed(1)} s`);
  }
} finally {
  rmSync(folder, { recursive: true });
}

/** Seconds. */
function synthesize(): number {
  const began = performance.now();
  const cli = join(root, 'node_modules/aws-cdk/bin/cdk');
  const context = ['-c', 'domain=leane.dev', '-c', 'email=ops@leane.dev', '-c', 'region=eu-central-1'];
  execFileSync(process.execPath, [cli, 'synth', '--quiet', '--output', folder, ...context], {
    cwd: root,
    stdio: 'pipe',
  });
  return (performance.now() - began) / 1000;
}

interface Template {
  readonly Resources: Readonly<
    Record<string, { readonly Type: string; readonly Metadata?: Readonly<Record<string, string>> }>
  >;
}

/** The bundle of each function, by the function's name. */
function* bundlesOf({ Resources }: Template): Generator<readonly [string, string]> {
  for (const [id, { Type, Metadata }] of Object.entries(Resources)) {
    const asset = Metadata?.['aws:asset:path'];
    const name = Object.keys(BUNDLE_LIMITS).find((each) => id.toLowerCase().startsWith(`renewer${each}`));
    if (Type === 'AWS::Lambda::Function' && asset && name) yield [name, join(folder, asset, 'index.mjs')];
  }
}

/** Milliseconds that a new process needs to import the bundle; the median of a few. */
function importTime(file: string): number {
  const script = `const began = performance.now(); await import(${JSON.stringify(pathToFileURL(file).href)}); console.log(performance.now() - began)`;
  const times = Array.from({ length: IMPORTS }, () =>
    Number(execFileSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' })),
  ).sort((a, b) => a - b);
  return Math.round(times[Math.floor(IMPORTS / 2)] ?? 0);
}

function kilobytes(bytes: number): string {
  return `${Math.round(bytes / 1000)} kB`;
}
