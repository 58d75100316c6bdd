import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { readApp } from '../sandbox/deployment.ts';
import { UNUSED_GRANTS } from '../sandbox/iam-exceptions.ts';
import { synthesizedApp } from '../sandbox/synthesis.ts';
import { readUsedGrants, USED_GRANTS_FILE } from '../sandbox/used-grants.ts';

interface RunResults {
  readonly testResults: readonly { readonly testFilePath: string; readonly skipped: boolean }[];
  readonly numPendingTests: number;
}

/**
 * A reporter of jest: when all end-to-end tests have run, each action that a role of the template may do must have been
 * used, as the only statement that allowed it. What is left is a grant that nobody needs, or a test that is missing.
 */
// biome-ignore lint/style/noDefaultExport: jest asks for one.
export default class UnusedGrants {
  private readonly folder = mkdtempSync(join(tmpdir(), 'evercert-grants-'));
  private problem: Error | undefined;

  onRunStart(): void {
    process.env[USED_GRANTS_FILE] = join(this.folder, 'used.txt');
  }

  async onRunComplete(_contexts: unknown, results: RunResults): Promise<void> {
    if (isComplete(results)) this.problem = problemOf(await unusedGrants(join(this.folder, 'used.txt')));
    rmSync(this.folder, { recursive: true });
    if (this.problem) process.stderr.write(`\n${this.problem.message}\n`);
  }

  /** Fails the run, whatever its tests say. */
  getLastError(): Error | undefined {
    return this.problem;
  }
}

function isComplete({ testResults, numPendingTests }: RunResults): boolean {
  const ran = testResults.filter(({ skipped }) => !skipped).map(({ testFilePath }) => basename(testFilePath));
  const all = readdirSync(import.meta.dirname).filter((name) => name.endsWith('.e2e.test.ts'));
  return numPendingTests === 0 && all.every((name) => ran.includes(name));
}

async function unusedGrants(file: string): Promise<readonly string[]> {
  const used = readUsedGrants(file);
  const apps = await Promise.all([synthesizedApp('direct'), synthesizedApp('durable')]);
  const grants = new Set(apps.flatMap((folder) => readApp(folder).grants));
  return [...grants].filter((grant) => !used.has(grant) && !(grant in UNUSED_GRANTS)).sort();
}

function problemOf(unused: readonly string[]): Error | undefined {
  if (unused.length === 0) return undefined;
  return new Error(
    `No end-to-end test uses these grants (role, statement, action). Remove them from infra/permissions.ts, test what ` +
      `needs them, or give the reason in test/sandbox/iam-exceptions.ts:\n${unused.map((grant) => `  ${grant}`).join('\n')}`,
  );
}
