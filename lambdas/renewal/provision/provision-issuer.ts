import { directoryOf } from '../../acme/session.ts';
import { issuerSecretName } from '../../core/certificate-name.ts';
import { type CertificateTags, readCertificateTags, tagOf, writeCertificateTags } from '../../core/certificate-tags.ts';
import { RenewalFailure } from '../../core/failure.ts';
import type { ProvisionAnswer } from '../../core/provision-answer.ts';
import { type IssuerProperties, type ProvisionRequest, parseIssuerProperties } from '../../core/provision-event.ts';
import { LIVE, SPEC } from '../../core/stages.ts';
import { writeStackTags } from '../certificate/stack-tags.ts';
import { configureIssuer } from '../issuer/configure-issuer.ts';
import type { OpenIssuer } from '../issuer/issuer.ts';
import { putIssuerSettings } from '../issuer/issuer-secret.ts';
import { knownAccount, rememberAccount } from '../issuer/register-account.ts';
import type { SecretDescription } from '../ports/secret-vault.ts';
import { isOwner, ownedByAnother, ownerTags } from './owner.ts';
import type { ProvisionRun } from './provision-run.ts';
import { begun, isOvertaken } from './request-history.ts';

/**
 * A Create or an Update of an issuer. The CA's directory is fetched and the account is registered, so that a wrong issuer
 * fails the deployment and not the first renewal; the settings from before are then in force again.
 */
export async function provisionIssuer(request: ProvisionRequest, run: ProvisionRun): Promise<ProvisionAnswer> {
  const wanted = parseIssuerProperties(request.properties);
  const before = await takeOverIssuer(request, wanted, run);
  const issuer = await configureOrRestore(request, wanted, before, run);
  // The CA may have taken its time: what a newer request has done since has to stay.
  const now = await run.vault.describe(issuer.arn);
  expectNewest(request, wanted, readCertificateTags(now?.tags ?? {}));
  await run.vault.tag(issuer.arn, ownerTags(request, {}));
  await writeStackTags(issuer.arn, wanted.tags, run);
  const data = { AccountUrl: issuer.accountUrl, DirectoryUrl: issuer.settings.directoryUrl };
  return { status: 'SUCCESS', physicalId: wanted.name, data };
}

/** The secret stays with its account key, which costs little and is needed for revocation; it is nobody's any more. */
export async function deleteIssuer(request: ProvisionRequest, run: ProvisionRun): Promise<ProvisionAnswer> {
  const { physicalId = '' } = request;
  const secret = await run.vault.describe(issuerSecretName(run.settings.prefix, physicalId));
  const tags = readCertificateTags(secret?.tags ?? {});
  if (!secret || isOvertaken(request.requestId, tags)) {
    return { status: 'SUCCESS', physicalId, reason: 'there is nothing, or a newer request has been worked on since' };
  }
  // Also where its Create has failed: a late repetition of that one is known by it.
  if (!ownedByAnother(request, tags))
    await run.vault.tag(secret.arn, writeCertificateTags(begun(request.requestId, tags)));
  if (!isOwner(request, tags)) return { status: 'SUCCESS', physicalId, reason: 'this resource owns nothing' };
  await run.vault.untag(secret.arn, [tagOf('stack'), tagOf('logicalId')]);
  return { status: 'SUCCESS', physicalId, reason: `the secret ${secret.name} is kept with the account key` };
}

/**
 * The issuer's secret if there is one, restored where it was scheduled for deletion, with this request as the newest. Throws when
 * it may not have it.
 */
async function takeOverIssuer(
  request: ProvisionRequest,
  { name }: IssuerProperties,
  run: ProvisionRun,
): Promise<SecretDescription | undefined> {
  const fullName = issuerSecretName(run.settings.prefix, name);
  const scheduled = await run.vault.describeScheduled(fullName);
  const secret = scheduled ?? (await run.vault.describe(fullName));
  const tags = readCertificateTags(secret?.tags ?? {});
  const { stack } = tags;
  if (ownedByAnother(request, { stack })) {
    throw new RenewalFailure(
      'owned-by-stack',
      `the issuer ${name} belongs to the stack ${stack}: use it from there, or choose another name here`,
    );
  }
  expectNewest(request, { name }, tags);
  if (scheduled) await run.vault.restore(scheduled.arn);
  // Before anything is changed: also a request that fails must not be done after the one that rolls it back.
  if (secret) await run.vault.tag(secret.arn, writeCertificateTags(begun(request.requestId, tags)));
  return secret;
}

function expectNewest(
  { requestId }: ProvisionRequest,
  { name }: Pick<IssuerProperties, 'name'>,
  tags: CertificateTags,
): void {
  if (!isOvertaken(requestId, tags)) return;
  throw new RenewalFailure(
    'deployment-superseded',
    `issuer ${name}: CloudFormation has sent a newer request for this resource, or deleted it, in the meantime`,
  );
}

/** Throws what the new settings failed with; those from before are in force again by then. */
async function configureOrRestore(
  { requestId }: ProvisionRequest,
  { name, settings, tags }: IssuerProperties,
  before: SecretDescription | undefined,
  run: ProvisionRun,
): Promise<OpenIssuer> {
  try {
    const issuer = await configureIssuer(name, settings, run, {
      ...tags,
      ...writeCertificateTags(begun(requestId, {})),
    });
    // A rollback to settings that were in force all along has to succeed, also while the CA can't be reached.
    if (before === undefined || !(await isUnchanged(before, run))) await directoryOf(issuer.session);
    return issuer;
  } catch (error) {
    await restoreSettings(before, run);
    throw error;
  }
}

async function isUnchanged(before: SecretDescription, run: ProvisionRun): Promise<boolean> {
  const { stack } = readCertificateTags(before.tags);
  return stack !== undefined && (await run.vault.describe(before.arn))?.stages[SPEC] === before.stages[SPEC];
}

async function restoreSettings(before: SecretDescription | undefined, run: ProvisionRun): Promise<void> {
  const version = before?.stages[SPEC];
  const now = before && (await run.vault.describe(before.arn))?.stages[SPEC];
  if (!before || version === undefined || now === undefined || now === version) return;
  const value = await run.vault.read(before.arn, version);
  if (value === undefined) return;
  const accountSpec = await putIssuerSettings(before.arn, now, value, run);
  const accountUrl = knownAccount(before);
  if (accountUrl === undefined) return;
  const accountKey = before.stages[LIVE] ?? '';
  await rememberAccount(before.arn, { accountUrl, accountSpec, accountKey }, run);
}
