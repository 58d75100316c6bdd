import { isSecretArn, secretName } from '../../core/certificate-name.ts';
import { RENEWER_TAG, readCertificateTags } from '../../core/certificate-tags.ts';
import { isRenewalFailure, RenewalFailure } from '../../core/failure.ts';
import type { Settings } from '../../core/settings.ts';
import { SPEC } from '../../core/stages.ts';
import { askAgain } from '../ask-again.ts';
import type { SecretDescription, SecretVault } from '../ports/secret-vault.ts';
import type { RenewalPorts } from '../run.ts';

/**
 * Finds the secret of a certificate by the certificate's name: `<prefix>/<name>`, or a secret of exactly that name or ARN.
 * Throws `unknown-certificate` when there is none that carries our tag, which takes some seconds because somebody may have
 * created it a moment ago, or when two do.
 */
export async function describeCertificate(
  name: string,
  { vault, clock }: Pick<RenewalPorts, 'vault' | 'clock'>,
  settings: Settings,
): Promise<SecretDescription> {
  const secret = await askAgain(() => findCertificate(name, vault, settings), isComplete, clock);
  if (secret) return secret;
  throw new RenewalFailure(
    'unknown-certificate',
    `no certificate ${name}: there is no secret ${candidates(name, settings).join(' or ')} with the tag ` +
      `${RENEWER_TAG}=${settings.renewer}. Create it with a renew event that has a spec, or adopt an existing secret by giving it that tag and listing it in adoptedSecrets.`,
  );
}

/** As `describeCertificate`; `undefined` when there is none. */
export async function findCertificate(
  name: string,
  vault: SecretVault,
  settings: Settings,
): Promise<SecretDescription | undefined> {
  const described = await Promise.all(
    candidates(name, settings).map((candidate) =>
      candidate === name && !isSecretArn(name) ? describeIfAllowed(name, vault) : vault.describe(candidate),
    ),
  );
  const [secret, other] = described.filter((found) => found?.tags[RENEWER_TAG] === settings.renewer);
  if (!other) return secret;
  throw new RenewalFailure(
    'unknown-certificate',
    `${name} names two certificates, in the secrets ${secret?.name} and ${other.name}: give the ARN of the one that is meant`,
  );
}

/** Whoever registers a certificate creates its secret, and then writes the spec. */
function isComplete(secret: SecretDescription | undefined): boolean {
  return secret !== undefined && (SPEC in secret.stages || readCertificateTags(secret.tags).state !== 'registered');
}

/** A secret of a bare name is seldom ours, and then the function may not even see it. */
async function describeIfAllowed(name: string, vault: SecretVault): Promise<SecretDescription | undefined> {
  try {
    return await vault.describe(name);
  } catch (error) {
    if (isRenewalFailure(error) && error.code === 'access-denied') return undefined;
    throw error;
  }
}

function candidates(name: string, settings: Settings): readonly string[] {
  return isSecretArn(name) ? [name] : [secretName(settings.prefix, name), name];
}
