import { appendFileSync, existsSync, readFileSync } from 'node:fs';

/** Names the file in which the processes of a test run collect what they have used. */
export const USED_GRANTS_FILE = 'EVERCERT_USED_GRANTS_FILE';

/** Notes the grants that a sandbox has used, if somebody collects them. */
export function noteUsedGrants(used: ReadonlySet<string>): void {
  const file = process.env[USED_GRANTS_FILE];
  if (file !== undefined && used.size > 0) appendFileSync(file, `${[...used].join('\n')}\n`);
}

export function readUsedGrants(file: string): ReadonlySet<string> {
  return new Set(existsSync(file) ? readFileSync(file, 'utf8').split('\n').filter(Boolean) : []);
}
