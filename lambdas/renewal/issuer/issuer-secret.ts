import { SPEC } from '../../core/stages.ts';
import { digest } from '../digest.ts';
import type { SecretVault } from '../ports/secret-vault.ts';

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
