import { findOrRegisterAccount } from '../../acme/account.ts';
import type { AcmeSession } from '../../acme/session.ts';
import { fitsTag } from '../../core/certificate-tags.ts';
import { MINUTE, SECOND } from '../../core/duration.ts';
import { type ExternalAccountBinding, parseExternalAccountBinding } from '../../core/external-account-binding.ts';
import { RenewalFailure } from '../../core/failure.ts';
import { type IssuerTags, readIssuerTags, writeIssuerTags } from '../../core/issuer-tags.ts';
import { jsonObjectIn } from '../../core/json-text.ts';
import { LIVE, PENDING, SPEC } from '../../core/stages.ts';
import { digest } from '../digest.ts';
import type { SecretDescription } from '../ports/secret-vault.ts';
import type { IssuerRun } from '../run.ts';
import type { IssuerRecord } from './issuer.ts';

/** How long a registration may take before another run tries it. */
const REGISTRATION_LEASE = 2 * MINUTE;

/**
 * An account belongs to the settings and to the key with which it was looked up. Another directory or e-mail means another
 * look; and so does another key: a run that has read the issuer before a rollover registers the key from before anew.
 */
export function knownAccount(secret: SecretDescription, forgotten?: string): string | undefined {
  const { accountUrl, accountSpec, accountKey } = readIssuerTags(secret.tags);
  const isOfThese = accountSpec === secret.stages[SPEC] && accountKey === secret.stages[LIVE];
  return isOfThese && accountUrl !== forgotten ? accountUrl : undefined;
}

/**
 * Ties an account to the settings and the key that it was looked up with. One whose URL no tag can hold is looked up again by
 * every run.
 */
export async function rememberAccount(
  arn: string,
  account: Required<Omit<IssuerTags, 'notBefore'>>,
  { vault }: Pick<IssuerRun, 'vault'>,
): Promise<void> {
  if (fitsTag(account.accountUrl)) await vault.tag(arn, writeIssuerTags(account));
}

/**
 * Finds or registers the account. Only the holder of the registration's claim asks the CA; whoever comes second waits
 * until the first one has got it. `undefined` when the issuer has changed meanwhile, or has its account by now: it is to be
 * read again. Asking twice would be harmless with most CAs, but not with those whose external account bindings can be used
 * once.
 */
export async function registerAccount(
  session: AcmeSession,
  record: IssuerRecord,
  run: IssuerRun,
): Promise<string | undefined> {
  const { secret } = record;
  const { [SPEC]: accountSpec = '', [LIVE]: accountKey = '' } = secret.stages;
  for (let attempt = 1; ; attempt += 1) {
    const token = digest('registration', secret.arn, accountSpec, accountKey, attempt);
    const claim: Registration = { owner: run.id, leaseUntil: run.clock.now() + REGISTRATION_LEASE };
    const outcome = await run.vault.put({ id: secret.arn, value: JSON.stringify(claim), token, stage: PENDING });
    const holder = outcome === 'written' ? claim : await readRegistration(secret.arn, token, claim, run);
    if (holder.owner === run.id) {
      if (await isOutdated(record, run)) return undefined;
      const { accountUrl } = await findOrRegisterAccount(session, await accountRequest(record, run));
      await rememberAccount(secret.arn, { accountUrl, accountSpec, accountKey }, run);
      return accountUrl;
    }
    if (await waitForRegistration(record, holder.leaseUntil, run)) return undefined;
  }
}

/** Whether the settings, the key or the account are others by now: a key from before a rollover would get a second account. */
async function isOutdated({ secret, forgotten }: IssuerRecord, run: IssuerRun): Promise<boolean> {
  const now = await run.vault.describe(secret.arn);
  const isSame = now?.stages[SPEC] === secret.stages[SPEC] && now?.stages[LIVE] === secret.stages[LIVE];
  return now !== undefined && (!isSame || knownAccount(now, forgotten) !== undefined);
}

interface Registration {
  readonly owner: string;
  readonly leaseUntil: number;
}

/** Until another run has registered the account, which is the answer, or its claim has ended. */
async function waitForRegistration(
  { secret, forgotten }: IssuerRecord,
  leaseUntil: number,
  run: IssuerRun,
): Promise<boolean> {
  while (run.clock.now() < leaseUntil) {
    await run.clock.sleep(2 * SECOND);
    const now = await run.vault.describe(secret.arn);
    if (now && knownAccount(now, forgotten)) return true;
  }
  return false;
}

async function accountRequest(
  { name, settings }: IssuerRecord,
  run: IssuerRun,
): Promise<Parameters<typeof findOrRegisterAccount>[1]> {
  const { email, externalAccountBinding: binding } = settings;
  return {
    ...(email ? { email } : {}),
    ...(binding ? { externalAccountBinding: await readBinding(binding.secret, name, run) } : {}),
  };
}

async function readBinding(id: string, issuer: string, run: IssuerRun): Promise<ExternalAccountBinding> {
  const secret = await run.vault.describe(id);
  const version = secret?.stages[LIVE];
  const text = secret && version ? await run.vault.read(secret.arn, version) : undefined;
  if (text === undefined) {
    throw new RenewalFailure(
      'invalid-input',
      `issuer ${issuer}: externalAccountBinding.secret names ${id}, which does not exist or has no value`,
    );
  }
  return parseExternalAccountBinding(jsonObjectIn(text), `external account binding in the secret ${id}`);
}

/** One that can't be read for a moment yet is somebody's all the same. */
async function readRegistration(
  arn: string,
  version: string,
  { leaseUntil }: Registration,
  { vault }: IssuerRun,
): Promise<Registration> {
  const text = await vault.read(arn, version);
  return text === undefined ? { owner: '', leaseUntil } : parseRegistration(text);
}

function parseRegistration(text: string): Registration {
  const { owner, leaseUntil } = jsonObjectIn(text) ?? {};
  return { owner: String(owner ?? ''), leaseUntil: Number(leaseUntil) || 0 };
}
