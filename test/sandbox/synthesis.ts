import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { ACCOUNT } from './aws-account.ts';
import { nativeEnvironment } from './native-require.ts';

/** How `renew` is deployed: everything in one invocation, or as a durable function. */
export type Execution = 'direct' | 'durable';

const PROJECT = join(import.meta.dirname, '../..');
const CONFIG = 'test/sandbox/app.config.ts';
/** What a template and its bundles are made of. */
const SOURCES = ['infra', 'lambdas', CONFIG, 'cdk.json', 'package-lock.json'];
const CACHE = join(PROJECT, 'node_modules/.cache/evercert');
const CACHE_LIFE = 24 * 60 * 60_000;

/**
 * The folder with the synthesized app (CDK's cloud assembly: template and bundles), from a cache as long as no source has
 * changed. Processes that want the same one at the same moment wait for the first of them.
 */
export function synthesizedApp(execution: Execution): Promise<string> {
  const folder = join(CACHE, `${digestOf(SOURCES)}-${execution}`);
  // A failure as well: the next test would only wait for the same one.
  const known = synthesized.get(folder) ?? inCache(folder, execution);
  synthesized.set(folder, known);
  return known;
}

const synthesized = new Map<string, Promise<string>>();

async function inCache(folder: string, execution: Execution): Promise<string> {
  const lock = `${folder}.lock`;
  mkdirSync(CACHE, { recursive: true });
  while (!existsSync(folder)) {
    if (!take(lock)) {
      await wait(100);
      continue;
    }
    try {
      if (existsSync(folder)) break;
      removeOld();
      const unfinished = `${folder}.unfinished`;
      rmSync(unfinished, { recursive: true, force: true });
      await synthesize(unfinished, execution);
      // At once, so that nobody sees half of it.
      renameSync(unfinished, folder);
    } finally {
      rmSync(lock, { force: true });
    }
  }
  return folder;
}

/** As the CDK CLI runs the app that cdk.json names. */
async function synthesize(folder: string, execution: Execution): Promise<void> {
  const { context } = JSON.parse(readFileSync(join(PROJECT, 'cdk.json'), 'utf8')) as { readonly context: object };
  const child = spawn(process.execPath, ['infra/app.ts'], {
    cwd: PROJECT,
    stdio: ['ignore', 'ignore', 'pipe'],
    env: {
      ...nativeEnvironment,
      CDK_OUTDIR: folder,
      CDK_CONTEXT_JSON: JSON.stringify({ ...context, config: CONFIG }),
      CDK_DEFAULT_ACCOUNT: ACCOUNT,
      EVERCERT_SANDBOX_EXECUTION: execution,
    },
  });
  const chunks: Buffer[] = [];
  child.stderr.on('data', (chunk: Buffer) => chunks.push(chunk));
  const code = await new Promise((resolve, reject) => child.once('close', resolve).once('error', reject));
  if (code === 0) return;
  throw new Error(`infra/app.ts can not be synthesized (${code}):\n${Buffer.concat(chunks).toString('utf8')}`);
}

function digestOf(paths: readonly string[]): string {
  const digest = createHash('sha256');
  for (const file of paths.flatMap(filesOf).sort()) {
    const content = readFileSync(join(PROJECT, file));
    digest.update(`${file} ${content.length}\n`).update(content);
  }
  return digest.digest('hex').slice(0, 16);
}

function filesOf(path: string): string[] {
  if (!statSync(join(PROJECT, path)).isDirectory()) return [path];
  return readdirSync(join(PROJECT, path)).flatMap((name) => filesOf(`${path}/${name}`));
}

/** The lock is a file with the id of the process that holds it. */
function take(lock: string): boolean {
  try {
    writeFileSync(lock, String(process.pid), { flag: 'wx' });
    return true;
  } catch {
    if (isAbandoned(lock)) rmSync(lock, { force: true });
    return false;
  }
}

function isAbandoned(lock: string): boolean {
  try {
    const holder = Number(readFileSync(lock, 'utf8'));
    if (holder > 0) process.kill(holder, 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}

function removeOld(): void {
  for (const name of readdirSync(CACHE)) {
    const path = join(CACHE, name);
    const since = statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Date.now();
    if (Date.now() - since > CACHE_LIFE) rmSync(path, { recursive: true, force: true });
  }
}
