import { generatePrivateKey } from '../../acme/private-key.ts';
import { issuerSecretName } from '../../core/certificate-name.ts';
import { type IssuerSettingsInput, parseIssuerSettings } from '../../core/issuer-settings.ts';
import { SPEC } from '../../core/stages.ts';
import { digest } from '../digest.ts';
import type { IssuerRun } from '../run.ts';
import { accountKeyValue } from './account-key.ts';
import type { OpenIssuer } from './issuer.ts';
import { existingIssuer, isThere, putIssuerSettings } from './issuer-secret.ts';
import { openAnew } from './open-issuer.ts';

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
  const secret = await existingIssuer(name, run, isThere);
  const value = JSON.stringify(settings);
  const previous = secret.stages[SPEC];
  if (previous === undefined || (await run.vault.read(secret.arn, previous)) !== value) {
    await putIssuerSettings(secret.arn, previous, value, run);
  }
  return openAnew(name, run, { force: true, strict: true });
}
