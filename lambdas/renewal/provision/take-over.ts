import { secretName } from '../../core/certificate-name.ts';
import type { CertificateSpec } from '../../core/certificate-spec.ts';
import { KEPT_TAG, RENEWER_TAG, readCertificateTags, writeCertificateTags } from '../../core/certificate-tags.ts';
import { RenewalFailure } from '../../core/failure.ts';
import type { StackTags } from '../../core/stack-tags.ts';
import { SPEC, TAGS } from '../../core/stages.ts';
import { createCertificateSecret } from '../certificate/create-secret.ts';
import type { SecretDescription } from '../ports/secret-vault.ts';
import { isOwner, type Owner, ownedByAnother, ownerTags } from './owner.ts';
import type { ProvisionRun } from './provision-run.ts';
import { begun, isKnown, isNewest, isOvertaken } from './request-history.ts';

/** What is to be owned, and by whom. */
export interface Claimant extends Owner {
  readonly requestId: string;
  readonly name: string;
  readonly spec: CertificateSpec;
  readonly tags: StackTags;
  /** The physical id that it will have. */
  readonly resource: string;
}

/**
 * Makes the stack's resource the owner of a certificate's secret: a new one, one of ours that is scheduled for deletion,
 * one that a stack has left, or a managed one without an owner. What was found is written down until the Create has
 * succeeded, so that it can be undone.
 *
 * Throws `owned-by-stack` when another stack owns it, `spec-conflict` when it isn't ours, and `deployment-superseded` for
 * a request that has been undone, or that a newer one has overtaken.
 */
export async function takeOver(claimant: Claimant, run: ProvisionRun): Promise<SecretDescription> {
  const found = (await findOrRestore(claimant, run)) ?? (await createOrFind(claimant, run));
  const { secret, restored } = found;
  const tags = readCertificateTags(secret.tags);
  const managed = secret.tags[RENEWER_TAG] === run.settings.renewer;
  if (isOvertaken(claimant.requestId, tags)) throw superseded(claimant.name);
  if (isOwner(claimant, tags) && managed && !restored) {
    if (!isNewest(claimant.requestId, tags)) {
      await run.vault.tag(secret.arn, writeCertificateTags(begun(claimant.requestId, tags)));
    }
    return secret;
  }
  if (tags.stack === undefined && isKnown(claimant.requestId, tags)) throw superseded(claimant.name);
  await run.vault.tag(secret.arn, {
    [RENEWER_TAG]: run.settings.renewer,
    [KEPT_TAG]: '',
    ...ownerTags(claimant, {
      resource: claimant.resource,
      ...begun(claimant.requestId, tags),
      takenFrom: [managed ? 'managed' : 'kept', secret.stages[SPEC] ?? '-', secret.stages[TAGS] ?? '-'].join(' '),
    }),
  });
  run.log.info('certificate taken over', { certificate: claimant.name, stack: claimant.stackId, managed });
  return expectOwned(claimant, run);
}

/**
 * The secret as it is now. Throws `owned-by-stack` or `deployment-superseded` when it isn't the claimant's any more, and
 * `deployment-superseded` when a newer request has been begun while this one waited: what it records then has to stay.
 */
export async function expectOwned(claimant: Claimant, run: ProvisionRun): Promise<SecretDescription> {
  const secret = await run.vault.describe(secretName(run.settings.prefix, claimant.name));
  const tags = readCertificateTags(secret?.tags ?? {});
  if (secret && isOwner(claimant, tags) && !isOvertaken(claimant.requestId, tags)) return secret;
  if (ownedByAnother(claimant, tags)) throw owned(claimant.name, tags.stack);
  throw superseded(claimant.name);
}

interface Found {
  readonly secret: SecretDescription;
  /** It was scheduled for deletion. */
  readonly restored: boolean;
}

async function findOrRestore(claimant: Claimant, run: ProvisionRun): Promise<Found | undefined> {
  const name = secretName(run.settings.prefix, claimant.name);
  const secret = await run.vault.describe(name);
  if (secret) {
    if (!isOwner(claimant, readCertificateTags(secret.tags))) expectOurs(secret, run);
    expectUnowned(claimant, secret);
    return { secret, restored: false };
  }
  const scheduled = await run.vault.describeScheduled(name);
  if (!scheduled) return undefined;
  expectOurs(scheduled, run);
  // Where a stack has scheduled it, its tags name that stack for ever. Where somebody else has, it is still the stack's.
  if (scheduled.tags[RENEWER_TAG] === run.settings.renewer) expectUnowned(claimant, scheduled);
  if (isKnown(claimant.requestId, readCertificateTags(scheduled.tags))) throw superseded(claimant.name);
  await run.vault.restore(scheduled.arn);
  run.log.info('secret restored', { certificate: claimant.name, secret: scheduled.arn });
  return { secret: scheduled, restored: true };
}

function expectUnowned(claimant: Claimant, secret: SecretDescription): void {
  const { stack } = readCertificateTags(secret.tags);
  if (ownedByAnother(claimant, { stack })) throw owned(claimant.name, stack);
}

function expectOurs(secret: SecretDescription, { settings }: ProvisionRun): void {
  if (secret.tags[RENEWER_TAG] === settings.renewer || secret.tags[KEPT_TAG] === settings.renewer) return;
  throw new RenewalFailure(
    'spec-conflict',
    `the secret ${secret.name} exists and carries neither the tag ${RENEWER_TAG}=${settings.renewer} nor ` +
      `${KEPT_TAG}=${settings.renewer}: give it the first one to have it managed, or choose another name`,
  );
}

async function createOrFind(claimant: Claimant, run: ProvisionRun): Promise<Found> {
  const { name, spec } = claimant;
  const owner = ownerTags(claimant, {
    resource: claimant.resource,
    ...begun(claimant.requestId, {}),
    takenFrom: 'new',
  });
  const { domainNames } = spec;
  await createCertificateSecret({ name, domainNames, tags: { ...claimant.tags, ...owner } }, run);
  // Somebody else may have been first.
  const found = await findOrRestore(claimant, run);
  if (found) return found;
  throw new RenewalFailure(
    'spec-conflict',
    `the secret ${secretName(run.settings.prefix, name)} was created and has disappeared: somebody deletes it`,
  );
}

function owned(name: string, stack: string | undefined): RenewalFailure {
  return new RenewalFailure(
    'owned-by-stack',
    `${name} belongs to the stack ${stack}: remove its AcmeCertificate there first, or choose another name here`,
  );
}

function superseded(name: string): RenewalFailure {
  return new RenewalFailure(
    'deployment-superseded',
    `${name}: CloudFormation has sent a newer request for this resource, or deleted it, in the meantime`,
  );
}
