import type { CertificateSpec } from '../../core/certificate-spec.ts';
import { type CertificateTags, readCertificateTags, writeCertificateTags } from '../../core/certificate-tags.ts';
import { messageOf } from '../../core/failure.ts';
import { isoInstant } from '../../core/instant.ts';
import { parsePhysicalId, physicalIdOf } from '../../core/physical-id.ts';
import type { ProvisionAnswer } from '../../core/provision-answer.ts';
import { type ProvisionRequest, parseCertificateProperties } from '../../core/provision-event.ts';
import { tagImports, writeStackTags } from '../certificate/stack-tags.ts';
import { putSpec } from '../certificate/write-spec.ts';
import type { SecretDescription } from '../ports/secret-vault.ts';
import { undoTakeOver } from './delete-certificate.ts';
import { followRenewal } from './follow-renewal.ts';
import type { ProvisionRun } from './provision-run.ts';
import { findImports, removeImports } from './remove-imports.ts';
import { type Claimant, expectOwned, takeOver } from './take-over.ts';

/**
 * A Create or an Update of a certificate: owns its secret, writes the spec, and has `renew` do what is missing. Throws
 * what the renewal failed with.
 *
 * A failed Create is undone by the Delete that CloudFormation sends for it. A failed Update gets none, so what it had
 * begun under another name is undone at once.
 */
export async function provisionCertificate(request: ProvisionRequest, run: ProvisionRun): Promise<ProvisionAnswer> {
  const { name, spec, waitForIssuance, tags } = parseCertificateProperties(request.properties);
  const { stackId, logicalId, requestId, physicalId } = request;
  const id = physicalIdOf({ name, key: spec.key });
  const claimant: Claimant = { stackId, logicalId, requestId, name, spec, tags, resource: id };
  try {
    const secret = await takeOver(claimant, run);
    await writeStackTags(secret.arn, tags, run);
    await putSpec(secret, spec, run.vault);
    if (waitForIssuance) await followRenewal(name, secret.arn, run);
    const settled = await settle(claimant, run);
    await tagImports(settled.arn, run);
    // No Delete comes for the key type of an update that failed: its rollback is this one.
    if (physicalId === id) await removeAbandoned(request, spec, settled, run);
    return { status: 'SUCCESS', physicalId: id, data: attributes(settled, spec, waitForIssuance) };
  } catch (error) {
    if (request.type === 'Update' && parsePhysicalId(physicalId ?? '')?.name !== name) await undoTakeOver(request, run);
    throw error;
  }
}

/** The Create or Update has succeeded: the physical id is the one that is answered, and nothing is undone any more. */
async function settle(claimant: Claimant, run: ProvisionRun): Promise<SecretDescription> {
  const secret = await expectOwned(claimant, run);
  const { resource, takenFrom } = readCertificateTags(secret.tags);
  if (resource !== claimant.resource || takenFrom !== undefined) {
    const tags = writeCertificateTags({ resource: claimant.resource, takenFrom: undefined });
    await run.vault.tag(secret.arn, tags);
  }
  return secret;
}

/** Imports of the key type that an update tried in vain; nobody has heard of their ARNs. Never throws. */
async function removeAbandoned(
  { oldProperties }: ProvisionRequest,
  { key }: CertificateSpec,
  secret: SecretDescription,
  run: ProvisionRun,
): Promise<void> {
  try {
    const old = parseCertificateProperties(oldProperties).spec;
    if (old.key === key) return;
    const wanted = { secretArn: secret.arn, key: old.key, regions: old.acm, domainName: old.domainNames[0] ?? '' };
    await removeImports(await findImports(wanted, run), run.clock.now(), run);
  } catch (error) {
    run.log.warn('imports of a key type that was given up may be left in ACM', {
      secret: secret.arn,
      problem: messageOf(error),
    });
  }
}

function attributes(secret: SecretDescription, spec: CertificateSpec, issued: boolean): Record<string, string> {
  const tags: CertificateTags = readCertificateTags(secret.tags);
  const arns = spec.acm.flatMap((region) => {
    const arn = tags.acm[region]?.arn;
    return issued && arn !== undefined ? [[`CertificateArn.${region}`, arn] as const] : [];
  });
  return {
    SecretArn: secret.arn,
    // Empty while nothing has been issued: a template that reads it must not fail for that.
    NotAfter: tags.notAfter === undefined ? '' : isoInstant(tags.notAfter),
    ...Object.fromEntries(arns),
  };
}
