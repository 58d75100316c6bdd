import type { AcmeEndpoint } from '../../acme/endpoint.ts';
import { openSession } from '../../acme/session.ts';
import { messageOf, RenewalFailure } from '../../core/failure.ts';
import { isoInstant } from '../../core/instant.ts';
import type { IssuerSettings } from '../../core/issuer-settings.ts';
import { isIssuerPaused, readIssuerTags } from '../../core/issuer-tags.ts';
import type { IssuerRun } from '../run.ts';
import { liveAccountKey } from './account-key.ts';
import type { IssuerRecord, OpenIssuer } from './issuer.ts';
import { describeIssuer, settingsOf } from './issuer-secret.ts';
import { knownAccount, registerAccount } from './register-account.ts';
import { finishRollover, isRolloverAsked, rollOver } from './roll-over-key.ts';

/**
 * Opens an issuer once in a run. Throws `unknown-issuer`, `ca-rate-limited` without asking the CA while it is paused,
 * and whatever the CA or AWS refuses. Registers the account when it has none yet, and gives it another key when the
 * settings ask for one; a rollover that fails is told in the log, and the old key goes on.
 */
export function openIssuer(
  { issuer: name, force }: { readonly issuer: string; readonly force: boolean },
  run: IssuerRun,
): Promise<OpenIssuer> {
  return run.known.issuers.get(name) ?? remember(name, open(name, run, { force }), run);
}

/** The issuer with an account of its own in the place of one that the CA has forgotten. */
export function reopenIssuer({ name, accountUrl }: OpenIssuer, run: IssuerRun): Promise<OpenIssuer> {
  return openAnew(name, run, { force: true, forgotten: accountUrl });
}

/** Opens an issuer whatever the run knows of it: its secret has changed, or its CA has. */
export function openAnew(name: string, run: IssuerRun, options: Opening): Promise<OpenIssuer> {
  run.known.issuerSecrets.delete(name);
  return remember(name, open(name, run, options), run);
}

function remember(name: string, opening: Promise<OpenIssuer>, run: IssuerRun): Promise<OpenIssuer> {
  run.known.issuers.set(name, opening);
  opening.catch(() => run.known.issuers.delete(name));
  return opening;
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
      `the CA of issuer ${name} has asked us to wait until ${isoInstant(tags.notBefore ?? 0)}; nothing was sent to it`,
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
  const record: IssuerRecord = { name, settings, secret, sessionOf, forgotten: options.forgotten };
  const again = (changes: Opening = {}) => {
    run.known.issuerSecrets.delete(name);
    return open(name, run, { ...options, ...changes });
  };
  if (!options.keyIsSettled && (await finishRollover(record, run))) return again({ keyIsSettled: true });

  const { accountKey } = await liveAccountKey(secret, name, run);
  const issuer = await withAccount(accountKey, record, run);
  if (!issuer) return again();
  if (options.keyIsSettled || !(await isRolloverAsked(record, run))) return issuer;
  try {
    await rollOver(record, issuer.accountUrl, run);
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
async function withAccount(accountKey: string, record: IssuerRecord, run: IssuerRun): Promise<OpenIssuer | undefined> {
  const { name, settings, secret, sessionOf, forgotten } = record;
  const opened = { name, arn: secret.arn, settings };
  const known = knownAccount(secret, forgotten);
  if (known) return { ...opened, session: sessionOf(accountKey, known), accountUrl: known };
  const session = sessionOf(accountKey);
  const accountUrl = await registerAccount(session, record, run);
  return accountUrl === undefined ? undefined : { ...opened, session, accountUrl };
}

/** What `acme` has to know of the settings. */
export function endpointOf(settings: IssuerSettings): AcmeEndpoint {
  const { directoryUrl, caBundle, allowHttp, allowPrivateAddresses, allowedHosts } = settings;
  return { directoryUrl, allowHttp, allowPrivateAddresses, allowedHosts, ...(caBundle ? { caBundle } : {}) };
}
