import { findAccount } from '../../acme/account.ts';
import { changeAccountKey } from '../../acme/account-key-change.ts';
import { generatePrivateKey } from '../../acme/private-key.ts';
import { isRenewalFailure, RenewalFailure } from '../../core/failure.ts';
import { jsonObjectIn } from '../../core/json-text.ts';
import { LIVE, NEXT_KEY, SPEC } from '../../core/stages.ts';
import { digest } from '../digest.ts';
import type { SecretDescription } from '../ports/secret-vault.ts';
import type { IssuerRun } from '../run.ts';
import { type AccountKey, accountKeyValue, liveAccountKey, parseAccountKey } from './account-key.ts';
import type { IssuerRecord } from './issuer.ts';
import { rememberAccount } from './register-account.ts';

/** The value of `ACME_NEXT_KEY`: stored before the CA hears of the key. */
interface NextKey extends AccountKey {
  /** The live version that it takes the place of. */
  readonly replaces: string;
}

/** Whether the settings have a text for which no key has been made yet. */
export async function isRolloverAsked({ name, settings, secret }: IssuerRecord, run: IssuerRun) {
  const { keyRollover } = await liveAccountKey(secret, name, run);
  return settings.keyRollover !== undefined && settings.keyRollover !== keyRollover;
}

/**
 * Ends what a run left that died in the middle of a rollover: nobody knows whether the CA has the new key, so it is asked
 * for the account of that one (RFC 8555, section 7.3.1). If there is one, the new key becomes the live one; the answer is
 * whether that happened. Otherwise the old key is good, and the new one is given up unless the settings still ask for it.
 */
export async function finishRollover(record: IssuerRecord, run: IssuerRun): Promise<boolean> {
  const { secret, settings } = record;
  const next = await unfinished(secret, run);
  if (!next) return false;
  const accountUrl = await findAccount(record.sessionOf(next.accountKey));
  if (accountUrl !== undefined) {
    await makeLive(record, next, accountUrl, run);
    return true;
  }
  if (settings.keyRollover !== next.keyRollover) {
    const token = digest('given up', secret.arn, secret.stages[NEXT_KEY] ?? '');
    await run.vault.put({ id: secret.arn, value: '{}', token, stage: NEXT_KEY });
  }
  return false;
}

/**
 * Gives the account a new key. Safe to repeat, and to do twice at once: both use the key that is stored first, and whoever
 * is refused because the other was faster finds the account under the new key.
 */
export async function rollOver(record: IssuerRecord, accountUrl: string, run: IssuerRun): Promise<void> {
  const { name, secret } = record;
  const { accountKey } = await liveAccountKey(secret, name, run);
  const next = (await unfinished(secret, run)) ?? (await storeNextKey(record, run));
  try {
    await changeAccountKey(record.sessionOf(accountKey, accountUrl), next.accountKey);
  } catch (error) {
    if (!isRenewalFailure(error) || error.code !== 'ca-refused') throw error;
    if ((await findAccount(record.sessionOf(next.accountKey))) !== accountUrl) throw error;
  }
  await makeLive(record, next, accountUrl, run);
}

async function storeNextKey({ name, settings, secret }: IssuerRecord, run: IssuerRun): Promise<NextKey> {
  const next: NextKey = {
    accountKey: await generatePrivateKey('ecdsa-p256'),
    keyRollover: settings.keyRollover,
    replaces: secret.stages[LIVE] ?? '',
  };
  // Its predecessor is in the id: what was given up is not found again.
  const token = digest('next account key', secret.arn, next.replaces, secret.stages[NEXT_KEY] ?? '');
  const value = JSON.stringify(next);
  if ((await run.vault.put({ id: secret.arn, value, token, stage: NEXT_KEY })) === 'written') return next;
  const first = parseNextKey(await run.vault.read(secret.arn, token));
  if (first) return first;
  throw new RenewalFailure(
    'corrupt-secret',
    `issuer ${name}: the next account key (version ${token} of ${secret.name}) can not be read`,
  );
}

/** The old key stays as AWSPREVIOUS. Repeating it is harmless: the version is the same. */
async function makeLive({ secret }: IssuerRecord, next: NextKey, accountUrl: string, run: IssuerRun): Promise<void> {
  const value = accountKeyValue(next);
  const token = digest('account', secret.arn, next.replaces, value);
  await run.vault.put({ id: secret.arn, value, token, stage: LIVE });
  const accountSpec = secret.stages[SPEC] ?? '';
  await rememberAccount(secret.arn, { accountUrl, accountSpec, accountKey: token }, run);
}

async function unfinished(secret: SecretDescription, run: IssuerRun): Promise<NextKey | undefined> {
  const version = secret.stages[NEXT_KEY];
  const next = version === undefined ? undefined : parseNextKey(await run.vault.read(secret.arn, version));
  return next?.replaces === secret.stages[LIVE] ? next : undefined;
}

function parseNextKey(text: string | undefined): NextKey | undefined {
  const key = parseAccountKey(text);
  const { replaces } = jsonObjectIn(text) ?? {};
  return key && typeof replaces === 'string' ? { ...key, replaces } : undefined;
}
