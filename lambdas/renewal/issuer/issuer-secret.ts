import { issuerSecretName } from '../../core/certificate-name.ts';
import { RenewalFailure } from '../../core/failure.ts';
import { type IssuerSettings, parseIssuerSettings } from '../../core/issuer-settings.ts';
import { jsonObjectIn } from '../../core/json-text.ts';
import { SPEC } from '../../core/stages.ts';
import { askAgain } from '../ask-again.ts';
import { digest } from '../digest.ts';
import type { SecretDescription, SecretVault } from '../ports/secret-vault.ts';
import type { IssuerRun } from '../run.ts';

/** The settings alone: for decisions that need no CA. */
export async function readIssuerSettings(name: string, run: IssuerRun): Promise<IssuerSettings> {
  return settingsOf(await describeIssuer(name, run), name, run);
}

export type NamedIssuer = IssuerSettings & { readonly name: string };

/** A spec's issuers in its order. Throws `unknown-issuer`. */
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

/** Once in a run. Throws `unknown-issuer`. */
export function describeIssuer(name: string, run: IssuerRun): Promise<SecretDescription> {
  const known = run.known.issuerSecrets.get(name);
  if (known) return known;
  const describing = existingIssuer(name, run);
  run.known.issuerSecrets.set(name, describing);
  describing.catch(() => run.known.issuerSecrets.delete(name));
  return describing;
}

/** Read anew. Throws `unknown-issuer`, which takes some seconds because somebody may have made it a moment ago. */
export async function existingIssuer(
  name: string,
  run: IssuerRun,
  isComplete: (secret: SecretDescription | undefined) => boolean = hasSettings,
): Promise<SecretDescription> {
  const fullName = issuerSecretName(run.settings.prefix, name);
  const secret = await askAgain(() => run.vault.describe(fullName), isComplete, run.clock);
  if (secret) return secret;
  throw new RenewalFailure(
    'unknown-issuer',
    `there is no issuer ${name}: no secret ${fullName} exists. Configure an issuer of that name first.`,
  );
}

export function isThere(secret: SecretDescription | undefined): boolean {
  return secret !== undefined;
}

function hasSettings(secret: SecretDescription | undefined): boolean {
  return secret?.stages[SPEC] !== undefined;
}

/** Throws `unknown-issuer` when there are none. */
export async function settingsOf(secret: SecretDescription, name: string, run: IssuerRun): Promise<IssuerSettings> {
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

/**
 * Writes an issuer's settings as what follows `previous`, also where they were in force before: a version that has been followed
 * by another one can't be followed by the same once more. Returns the version.
 */
export async function putIssuerSettings(
  arn: string,
  previous: string | undefined,
  value: string,
  { vault }: { readonly vault: SecretVault },
): Promise<string> {
  const token = digest('issuer', arn, previous ?? '', value);
  await vault.put({ id: arn, value, token, stage: SPEC });
  return token;
}
