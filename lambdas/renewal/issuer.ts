import { findOrRegisterAccount } from '../acme/account.ts';
import { generatePrivateKey } from '../acme/private-key.ts';
import { type AcmeEndpoint, type AcmeSession, openSession } from '../acme/session.ts';
import { issuerSecretName } from '../core/certificate-name.ts';
import { fitsTag } from '../core/certificate-tags.ts';
import { MINUTE, SECOND } from '../core/duration.ts';
import { RenewalFailure } from '../core/failure.ts';
import {
  type IssuerSettings,
  type IssuerSettingsInput,
  parseExternalAccountBinding,
  parseIssuerSettings,
} from '../core/issuer-settings.ts';
import { type IssuerTags, isIssuerPaused, readIssuerTags, writeIssuerTags } from '../core/issuer-tags.ts';
import { digest } from './digest.ts';
import type { OpenIssuer } from './open-issuer.ts';
import type { SecretDescription } from './ports/secret-vault.ts';
import type { Run } from './run.ts';
import { LIVE, PENDING, SPEC } from './stages.ts';

/** How long a registration may take before another run tries it. */
const REGISTRATION_LEASE = 2 * MINUTE;

/**
 * Opens an issuer once in a run. Throws `unknown-issuer`, `ca-rate-limited` without asking the CA while it is paused,
 * and whatever the CA or AWS refuses. Registers the account when it has none yet.
 */
export function openIssuer(name: string, run: Run, options: { readonly force?: boolean } = {}): Promise<OpenIssuer> {
  const known = run.known.issuers.get(name);
  if (known) return known;
  const opening = open(name, run, options.force ?? false);
  run.known.issuers.set(name, opening);
  opening.catch(() => run.known.issuers.delete(name));
  return opening;
}

/**
 * Creates an issuer's secret with a new account key, or changes its settings, and makes sure that the CA knows the
 * account. A wrong issuer therefore fails here, not at the first renewal.
 */
export async function configureIssuer(name: string, input: IssuerSettingsInput, run: Run): Promise<OpenIssuer> {
  const settings = parseIssuerSettings(input, `issuer ${name}`);
  const fullName = issuerSecretName(run.settings.prefix, name);
  if (!(await run.vault.describe(fullName))) {
    // Creating the secret is the lock for making an account key: the loser uses the winner's.
    const value = JSON.stringify({ accountKey: await generatePrivateKey('ecdsa-p256') });
    const description = `ACME account key of the issuer ${name}, kept by evercert`;
    await run.vault.create({ name: fullName, description, value, token: digest('account', fullName, value), tags: {} });
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
  return openIssuer(name, run, { force: true });
}

/** The settings alone: for decisions that need no CA. */
export async function readIssuerSettings(name: string, run: Run): Promise<IssuerSettings> {
  return settingsOf(await describeIssuer(name, run), name, run);
}

/** Remembers for all certificates and runs what the CA said: not before this instant. */
export async function pauseIssuer(name: string, notBefore: number, run: Run): Promise<void> {
  const secret = await existingIssuer(name, run);
  const known = readIssuerTags(secret.tags).notBefore ?? 0;
  if (notBefore > known) await run.vault.tag(secret.arn, writeIssuerTags({ notBefore }));
}

async function open(name: string, run: Run, force: boolean): Promise<OpenIssuer> {
  const secret = await describeIssuer(name, run);
  const tags = readIssuerTags(secret.tags);
  if (!force && isIssuerPaused(tags, run.clock.now())) {
    throw new RenewalFailure(
      'ca-rate-limited',
      `the CA of issuer ${name} has asked us to wait until ${new Date(tags.notBefore ?? 0).toISOString()}; nothing was sent to it`,
      { details: { retryAt: tags.notBefore ?? 0 } },
    );
  }
  const settings = await settingsOf(secret, name, run);
  const accountKey = await accountKeyOf(secret, name, run);
  const session = (account?: string) =>
    openSession(endpointOf(settings), { accountKey, clock: run.clock, ...(account ? { accountUrl: account } : {}) });
  const known = accountOf(tags, secret);
  if (known) return { name, arn: secret.arn, settings, session: session(known), accountUrl: known };

  const registering = session();
  const registered = await register(registering, { name, settings, secret }, run);
  const own = registered.by === 'us';
  return {
    name,
    arn: secret.arn,
    settings,
    session: own ? registering : session(registered.accountUrl),
    accountUrl: registered.accountUrl,
  };
}

/**
 * Finds or registers the account. Only the holder of the registration's claim asks the CA; whoever comes second waits
 * for the account that the first one gets. Asking twice would be harmless with most CAs, but not with those whose
 * external account bindings can be used once.
 */
async function register(
  session: AcmeSession,
  issuer: { readonly name: string; readonly settings: IssuerSettings; readonly secret: SecretDescription },
  run: Run,
): Promise<{ readonly accountUrl: string; readonly by: 'us' | 'another' }> {
  const { secret } = issuer;
  const accountSpec = secret.stages[SPEC] ?? '';
  for (let attempt = 1; ; attempt += 1) {
    const token = digest('registration', secret.arn, accountSpec, attempt);
    const claim: Registration = { owner: run.id, leaseUntil: run.clock.now() + REGISTRATION_LEASE };
    const outcome = await run.vault.put({ id: secret.arn, value: JSON.stringify(claim), token, stage: PENDING });
    const holder = outcome === 'written' ? claim : parseRegistration(await run.vault.read(secret.arn, token));
    if (holder.owner === run.id) {
      const { accountUrl } = await findOrRegisterAccount(
        session,
        await accountRequest(issuer.name, issuer.settings, run),
      );
      // A URL that no tag can hold is looked up again by every run.
      if (fitsTag(accountUrl)) await run.vault.tag(secret.arn, writeIssuerTags({ accountUrl, accountSpec }));
      return { accountUrl, by: 'us' };
    }
    const accountUrl = await registeredByAnother(secret, holder.leaseUntil, run);
    if (accountUrl) return { accountUrl, by: 'another' };
  }
}

interface Registration {
  readonly owner: string;
  readonly leaseUntil: number;
}

async function registeredByAnother(
  secret: SecretDescription,
  leaseUntil: number,
  run: Run,
): Promise<string | undefined> {
  while (run.clock.now() < leaseUntil) {
    await run.clock.sleep(2 * SECOND);
    const now = await run.vault.describe(secret.arn);
    const accountUrl = now && accountOf(readIssuerTags(now.tags), now);
    if (accountUrl) return accountUrl;
  }
  return undefined;
}

async function accountRequest(
  name: string,
  settings: IssuerSettings,
  run: Run,
): Promise<Parameters<typeof findOrRegisterAccount>[1]> {
  const { email, externalAccountBinding: binding } = settings;
  return {
    ...(email ? { email } : {}),
    ...(binding ? { externalAccountBinding: await readBinding(binding.secret, name, run) } : {}),
  };
}

async function readBinding(
  id: string,
  issuer: string,
  run: Run,
): Promise<ReturnType<typeof parseExternalAccountBinding>> {
  const secret = await run.vault.describe(id);
  const version = secret?.stages[LIVE];
  const text = secret && version ? await run.vault.read(secret.arn, version) : undefined;
  if (text === undefined) {
    throw new RenewalFailure(
      'invalid-input',
      `issuer ${issuer}: externalAccountBinding.secret names ${id}, which does not exist or has no value`,
    );
  }
  return parseExternalAccountBinding(parseJson(text), `external account binding in the secret ${id}`);
}

function describeIssuer(name: string, run: Run): Promise<SecretDescription> {
  const known = run.known.issuerSecrets.get(name);
  if (known) return known;
  const describing = existingIssuer(name, run);
  run.known.issuerSecrets.set(name, describing);
  describing.catch(() => run.known.issuerSecrets.delete(name));
  return describing;
}

async function existingIssuer(name: string, run: Run): Promise<SecretDescription> {
  const fullName = issuerSecretName(run.settings.prefix, name);
  const secret = await run.vault.describe(fullName);
  if (secret) return secret;
  throw new RenewalFailure(
    'unknown-issuer',
    `there is no issuer ${name}: no secret ${fullName} exists. Configure an issuer of that name first.`,
  );
}

async function settingsOf(secret: SecretDescription, name: string, run: Run): Promise<IssuerSettings> {
  const version = secret.stages[SPEC];
  const text = version === undefined ? undefined : await run.vault.read(secret.arn, version);
  if (text === undefined) {
    throw new RenewalFailure(
      'unknown-issuer',
      `the issuer ${name} has no settings (version ACME_SPEC of ${secret.name}): configure it again`,
    );
  }
  return parseIssuerSettings(parseJson(text), `settings of issuer ${name}`);
}

async function accountKeyOf(secret: SecretDescription, name: string, run: Run): Promise<string> {
  const version = secret.stages[LIVE];
  const value = parseJson((version === undefined ? undefined : await run.vault.read(secret.arn, version)) ?? '');
  if (typeof value === 'object' && value !== null && 'accountKey' in value && typeof value.accountKey === 'string')
    return value.accountKey;
  throw new RenewalFailure(
    'corrupt-secret',
    `the account key of issuer ${name} is missing from ${secret.name}: restore version AWSPREVIOUS`,
  );
}

/** An account belongs to the settings with which it was registered: another directory or e-mail means another look. */
function accountOf(tags: IssuerTags, secret: SecretDescription): string | undefined {
  return tags.accountSpec === secret.stages[SPEC] ? tags.accountUrl : undefined;
}

/** What `acme` has to know of the settings. */
export function endpointOf(settings: IssuerSettings): AcmeEndpoint {
  const { directoryUrl, caBundle, allowHttp, allowPrivateAddresses, allowedHosts } = settings;
  return { directoryUrl, allowHttp, allowPrivateAddresses, allowedHosts, ...(caBundle ? { caBundle } : {}) };
}

function parseRegistration(text: string | undefined): Registration {
  const value = parseJson(text ?? '');
  const known = typeof value === 'object' && value !== null && 'owner' in value && 'leaseUntil' in value;
  return known
    ? { owner: String(value.owner), leaseUntil: Number(value.leaseUntil) || 0 }
    : { owner: '', leaseUntil: 0 };
}

/** `undefined` for what is no JSON; the values are secret, so that no message quotes them. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
