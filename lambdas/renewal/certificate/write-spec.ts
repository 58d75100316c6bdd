import { isSecretArn, secretName } from '../../core/certificate-name.ts';
import type { CertificateSpec } from '../../core/certificate-spec.ts';
import { RENEWER_TAG, readCertificateTags } from '../../core/certificate-tags.ts';
import { RenewalFailure } from '../../core/failure.ts';
import type { Settings } from '../../core/settings.ts';
import { SPEC } from '../../core/stages.ts';
import { digest } from '../digest.ts';
import type { SecretDescription, SecretVault } from '../ports/secret-vault.ts';
import type { RenewalPorts } from '../run.ts';
import { createCertificateSecret } from './create-secret.ts';
import { describeCertificate, findCertificate } from './find-certificate.ts';

/**
 * Creates a managed certificate, or changes what is wanted of it; the live pair stays untouched either way. Writing
 * the spec that is there already changes nothing.
 *
 * Throws `owned-by-stack` for one that a stack owns, and `spec-conflict` when somebody else wrote another spec at the
 * same moment: the new version's id comes from the one that it replaces, so that only one of two writers succeeds.
 */
export async function writeSpec(
  name: string,
  spec: CertificateSpec,
  ports: Pick<RenewalPorts, 'vault' | 'clock'>,
  settings: Settings,
): Promise<void> {
  const secret = await findOrCreate(name, spec, ports, settings);
  const { stack } = readCertificateTags(secret.tags);
  if (stack) {
    throw new RenewalFailure(
      'owned-by-stack',
      `${name} belongs to the stack ${stack}: change its AcmeCertificate there and deploy; a renew event without a spec renews it`,
    );
  }
  await putSpec(secret, spec, ports.vault);
}

/** The spec's version alone, whoever owns the certificate. Throws `spec-conflict` as `writeSpec` does. */
export async function putSpec(secret: SecretDescription, spec: CertificateSpec, vault: SecretVault): Promise<void> {
  await putSpecValue(secret, JSON.stringify(spec), vault);
}

/** As `putSpec`, for what has been a spec's version before: it is written again, so that each version has one successor. */
export async function putSpecValue(secret: SecretDescription, value: string, vault: SecretVault): Promise<void> {
  const previous = secret.stages[SPEC];
  if (previous !== undefined && (await vault.read(secret.arn, previous)) === value) return;
  const token = digest('spec', secret.arn, previous ?? '');
  if ((await vault.put({ id: secret.arn, value, token, stage: SPEC })) === 'taken') {
    throw new RenewalFailure(
      'spec-conflict',
      `two specs were written for ${secret.name} at the same moment, and the other one was first. Look at it (version ` +
        'ACME_SPEC of the secret) and send yours again if it shall replace it.',
    );
  }
}

async function findOrCreate(
  name: string,
  spec: CertificateSpec,
  ports: Pick<RenewalPorts, 'vault' | 'clock'>,
  settings: Settings,
): Promise<SecretDescription> {
  const { vault } = ports;
  // Also an adopted secret, which keeps its name: its certificate gets a spec of its own.
  const existing = await findCertificate(name, vault, settings);
  if (existing) return existing;
  if (isSecretArn(name)) await describeCertificate(name, ports, settings);
  const fullName = secretName(settings.prefix, name);
  await ofThisRenewer(fullName, vault, settings);
  const { domainNames } = spec;
  const created = await createCertificateSecret({ name, domainNames }, { vault, settings });
  const secret = await ofThisRenewer(fullName, vault, settings);
  if (secret) return secret;
  throw new RenewalFailure(
    'spec-conflict',
    created === 'exists'
      ? `the secret ${fullName} is scheduled for deletion: restore it (aws secretsmanager restore-secret) or delete it for good first`
      : `the secret ${fullName} was created and has disappeared again: somebody deletes it`,
  );
}

/** A secret of that name that is not marked as ours is somebody's: nothing is written into it. */
async function ofThisRenewer(
  name: string,
  vault: SecretVault,
  settings: Settings,
): Promise<SecretDescription | undefined> {
  const secret = await vault.describe(name);
  if (!secret || secret.tags[RENEWER_TAG] === settings.renewer) return secret;
  throw new RenewalFailure(
    'spec-conflict',
    `the secret ${name} exists and does not carry the tag ${RENEWER_TAG}=${settings.renewer}: give it that tag to have it managed, or choose another name`,
  );
}
