import { RenewalFailure } from '../../core/failure.ts';
import { jsonObjectIn } from '../../core/json-text.ts';
import { LIVE } from '../../core/stages.ts';
import type { SecretDescription } from '../ports/secret-vault.ts';
import type { IssuerRun } from '../run.ts';

/** The value of an issuer's AWSCURRENT. */
export interface AccountKey {
  /** PEM. */
  readonly accountKey: string;
  /** The text of `keyRollover` in the settings for which the key was made. */
  readonly keyRollover?: string | undefined;
}

/** Throws `corrupt-secret` when it isn't there. */
export async function liveAccountKey(secret: SecretDescription, name: string, run: IssuerRun): Promise<AccountKey> {
  const version = secret.stages[LIVE];
  const key = parseAccountKey(version === undefined ? undefined : await run.vault.read(secret.arn, version));
  if (key) return key;
  throw new RenewalFailure(
    'corrupt-secret',
    `the account key of issuer ${name} is missing from ${secret.name}: restore version AWSPREVIOUS`,
  );
}

export function accountKeyValue({ accountKey, keyRollover }: AccountKey): string {
  return JSON.stringify({ accountKey, ...(keyRollover === undefined ? {} : { keyRollover }) });
}

export function parseAccountKey(text: string | undefined): AccountKey | undefined {
  const { accountKey, keyRollover } = jsonObjectIn(text) ?? {};
  if (typeof accountKey !== 'string') return undefined;
  return { accountKey, ...(typeof keyRollover === 'string' ? { keyRollover } : {}) };
}
