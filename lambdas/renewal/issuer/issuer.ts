import type { AcmeEndpoint } from '../../acme/endpoint.ts';
import { generatePrivateKey } from '../../acme/private-key.ts';
import { openSession } from '../../acme/session.ts';
import { issuerSecretName } from '../../core/certificate-name.ts';
import { messageOf, RenewalFailure } from '../../core/failure.ts';
import { type IssuerSettings, type IssuerSettingsInput, parseIssuerSettings } from '../../core/issuer-settings.ts';
import { isIssuerPaused, readIssuerTags } from '../../core/issuer-tags.ts';
import { jsonObjectIn } from '../../core/json-text.ts';
import { SPEC } from '../../core/stages.ts';
import { digest } from '../digest.ts';
import type { SecretDescription } from '../ports/secret-vault.ts';
import type { IssuerRun } from '../run.ts';
import { accountKeyValue, liveAccountKey } from './account-key.ts';
import type { OpenIssuer } from './open-issuer.ts';
import { type AccountOwner, knownAccount, registerAccount } from './register-account.ts';
import { finishRollover, isRolloverAsked, type KeyOwner, rollOver } from './roll-over-key.ts';

/**
 * Opens an issuer once in a run. Throws `unknown-issuer`, `ca-rate-limited` without asking the CA while it is paused,
 * and whatever the CA or AWS refuses. Registers the account when it has none yet, and gives it another key when the
 * settings ask for one; a rollover that fails is told in the log, and the old key goes on.
 */
export function openIssuer(
  name: string,
  run: IssuerRun,
  options: { readonly force?: boolean } = {},
): Promise<OpenIssuer> {
  const known = run.known.issuers.get(name);
  if (known) return known;
  return remember(name, open(name, run, options), run);
}

/** The issuer with an account of its own in the place of one that the CA has forgotten. */
export function reopenIssuer({ name, accountUrl }: OpenIssuer, run: IssuerRun): Promise<OpenIssuer> {
  run.known.issuerSecrets.delete(name);
  return remember(name, open(name, run, { force: true, forgotten: accountUrl }), run);
}

function remember(name: string, opening: Promise<OpenIssuer>, run: IssuerRun): Promise<OpenIssuer> {
  run.known.issuers.set(name, opening);
  opening.catch(() => run.known.issuers.delete(name));
  return opening;
}

/**
 * Creates an issuer's secret with a new account key, or changes its settings, and makes sure that the CA knows the
 * account under the key that is asked for. A wrong issuer therefore fails here, not at the first renewal. `tags` are those of
 * a new secret: an account may forbid secrets without certain tags.
 */
export async function configureIssuer(
  name: string,
  input: IssuerSettingsInput,
  run: IssuerRun,
  tags: Readonly<Record<string, string>> = {},
): Promise<OpenIssuer> {
  const settings = parseIssuerSettings(input, `issuer ${name}`);
  const fullName = issuerSecretName(run.settings.prefix, name);
  if (!(await run.vault.describe(fullName))) {
    // Creating the secret is the lock for making an account key: the loser uses the winner's.
    const { keyRollover } = settings;
    const value = accountKeyValue({ accountKey: await generatePrivateKey('ecdsa-p256'), keyRollover });
    const description = `ACME account key of the issuer ${name}, kept by evercert`;
    await run.vault.create({ name: fullName, description, value, token: digest('account', fullName, value), tags });
  }
  const secret = await describeIssuer(name, run);
  const value = JSON.stringify(settings);
  const previous = secret.stages[SPEC];
  if (previous === undefined || (await run.vault.read(secret.arn, previous)) !== value) {
    const token = digest('issuer', secret.arn, previous ?? '', value);
    await run.vault.put({ id: secret.arn, value, token, stage: SPEC });
  }
  run.known.issuers.delete(name);
  run.known.issuerSecrets.delete(name);
  return remember(name, open(name, run, { force: true, strict: true }), run);
}

/** The settings alone: for decisions that need no CA. */
export async function readIssuerSettings(name: string, run: IssuerRun): Promise<IssuerSettings> {
  return settingsOf(await describeIssuer(name, run), name, run);
}

export type NamedIssuer = IssuerSettings & { readonly name: string };

/** A spec's issuers in their order, as `readIssuerSettings` has each. */
export function readIssuers(names: readonly string[], run: IssuerRun): Promise<readonly NamedIssuer[]> {
  return Promise.all(names.map(async (name) => ({ name, ...(await readIssuerSettings(name, run)) })));
}

/** Which of a spec's issuers a pair is from, by the directory in its value; `undefined` for one from elsewhere. */
export function issuerOfDirectory(
  directoryUrl: string | undefined,
  issuers: readonly NamedIssuer[],
): NamedIssuer | undefined {
  return issuers.find((issuer) => issuer.directoryUrl === directoryUrl);
}

interface Opening {
  /** Asks the CA although it is paused. */
  readonly force?: boolean;
  /** Whether a rollover that fails is a failure. */
  readonly strict?: boolean;
  /** The URL of an account that the CA has forgotten. */
  readonly forgotten?: string;
  /** After a rollover: once in an opening is enough. */
  readonly keyIsSettled?: boolean;
}

async function open(name: string, run: IssuerRun, options: Opening): Promise<OpenIssuer> {
  const secret = await describeIssuer(name, run);
  const tags = readIssuerTags(secret.tags);
  if (!options.force && isIssuerPaused(tags, run.clock.now())) {
    throw new RenewalFailure(
      'ca-rate-limited',
      `the CA of issuer ${name} has asked us to wait until ${new Date(tags.notBefore ?? 0).toISOString()}; nothing was sent to it`,
      { details: { retryAt: tags.notBefore ?? 0 } },
    );
  }
  const settings = await settingsOf(secret, name, run);
  const sessionOf = (accountKey: string, accountUrl?: string) =>
    openSession(endpointOf(settings), {
      accountKey,
      clock: run.clock,
      cas: run.cas,
      ...(accountUrl ? { accountUrl } : {}),
    });
  const owner = { name, settings, secret, sessionOf, forgotten: options.forgotten };
  const again = (changes: Opening = {}) => {
    run.known.issuerSecrets.delete(name);
    return open(name, run, { ...options, ...changes });
  };
  if (!options.keyIsSettled && (await finishRollover(owner, run))) return again({ keyIsSettled: true });

  const { accountKey } = await liveAccountKey(secret, name, run);
  const issuer = await withAccount(accountKey, owner, run);
  if (!issuer) return again();
  if (options.keyIsSettled || !(await isRolloverAsked(owner, run))) return issuer;
  try {
    await rollOver(owner, issuer.accountUrl, run);
  } catch (error) {
    if (options.strict) throw error;
    run.log.warn('the account could not get a new key; the old one is still used', {
      issuer: name,
      problem: messageOf(error),
    });
    return issuer;
  }
  return again({ keyIsSettled: true });
}

/** `undefined` when another run has registered the account in the meantime. */
async function withAccount(
  accountKey: string,
  owner: AccountOwner & KeyOwner,
  run: IssuerRun,
): Promise<OpenIssuer | undefined> {
  const { name, settings, secret, sessionOf } = owner;
  const opened = { name, arn: secret.arn, settings };
  const known = knownAccount(owner);
  if (known) return { ...opened, session: sessionOf(accountKey, known), accountUrl: known };
  const session = sessionOf(accountKey);
  const accountUrl = await registerAccount(session, owner, run);
  return accountUrl === undefined ? undefined : { ...opened, session, accountUrl };
}

function describeIssuer(name: string, run: IssuerRun): Promise<SecretDescription> {
  const known = run.known.issuerSecrets.get(name);
  if (known) return known;
  const describing = existingIssuer(name, run);
  run.known.issuerSecrets.set(name, describing);
  describing.catch(() => run.known.issuerSecrets.delete(name));
  return describing;
}

/** Read anew. Throws `unknown-issuer`. */
export async function existingIssuer(name: string, run: IssuerRun): Promise<SecretDescription> {
  const fullName = issuerSecretName(run.settings.prefix, name);
  const secret = await run.vault.describe(fullName);
  if (secret) return secret;
  throw new RenewalFailure(
    'unknown-issuer',
    `there is no issuer ${name}: no secret ${fullName} exists. Configure an issuer of that name first.`,
  );
}

async function settingsOf(secret: SecretDescription, name: string, run: IssuerRun): Promise<IssuerSettings> {
  const version = secret.stages[SPEC];
  const text = version === undefined ? undefined : await run.vault.read(secret.arn, version);
  if (text === undefined) {
    throw new RenewalFailure(
      'unknown-issuer',
      `the issuer ${name} has no settings (version ACME_SPEC of ${secret.name}): configure it again`,
    );
  }
  return parseIssuerSettings(jsonObjectIn(text), `settings of issuer ${name}`);
}

/** What `acme` has to know of the settings. */
export function endpointOf(settings: IssuerSettings): AcmeEndpoint {
  const { directoryUrl, caBundle, allowHttp, allowPrivateAddresses, allowedHosts } = settings;
  return { directoryUrl, allowHttp, allowPrivateAddresses, allowedHosts, ...(caBundle ? { caBundle } : {}) };
}
