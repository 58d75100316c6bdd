import { secretName } from '../../core/certificate-name.ts';
import type { CertificateSpec } from '../../core/certificate-spec.ts';
import {
  acmTagOf,
  type CertificateTags,
  readCertificateTags,
  writeCertificateTags,
} from '../../core/certificate-tags.ts';
import { MINUTE } from '../../core/duration.ts';
import { parsePhysicalId, physicalIdOf } from '../../core/physical-id.ts';
import type { ProvisionAnswer } from '../../core/provision-answer.ts';
import {
  type CertificateProperties,
  type ProvisionRequest,
  parseCertificateProperties,
} from '../../core/provision-event.ts';
import { ISSUED, SPEC } from '../../core/stages.ts';
import { askAgain } from '../ask-again.ts';
import { restoreStackTags } from '../certificate/stack-tags.ts';
import { putSpecValue } from '../certificate/write-spec.ts';
import type { SecretDescription } from '../ports/secret-vault.ts';
import { untilIdle } from './follow-renewal.ts';
import { disown, isOwner, keep, unmanage } from './owner.ts';
import type { ProvisionRun } from './provision-run.ts';
import { findImports, type RegionalImport, removeImports } from './remove-imports.ts';
import { begun, isNewest, isOvertaken } from './request-history.ts';

/** How long a renewal that runs may go on before its secret is taken from it. */
const PATIENCE = 3 * MINUTE;
/** How long ACM is asked again to delete an import that something uses. */
const IN_USE = 10 * MINUTE;

/**
 * A Delete. What it may touch depends on what the secret's tags say:
 *
 * - The stack's resource doesn't own the secret, or a newer request has been begun since: nothing.
 * - It does, but under another physical id: this one was replaced, and only its imports go.
 * - Its Create has not succeeded: what the Create found is put back, and nothing that existed before is removed.
 * - Otherwise the removal policy holds. `retain` (whatever is not `destroy`): the secret is kept and no longer managed,
 *   and its imports stay. `destroy`: its deletion is scheduled, and imports go unless something uses them.
 *
 * Properties that can't be read are no failure: a stack has to be deletable whatever they are.
 */
export async function deleteCertificate(request: ProvisionRequest, run: ProvisionRun): Promise<ProvisionAnswer> {
  const target = targetOf(request);
  const secret = target && (await ownedSecret(target.name, request, run));
  const tags = readCertificateTags(secret?.tags ?? {});
  if (!secret || !isOwner(request, tags)) return done(request, 'this resource owns nothing');
  if (isOvertaken(request.requestId, tags)) return done(request, 'a newer request has been worked on since');
  if (!isNewest(request.requestId, tags)) {
    await run.vault.tag(secret.arn, writeCertificateTags(begun(request.requestId, tags)));
  }
  if (tags.resource !== target.id)
    return target.madeUp ? done(request, 'this resource owns nothing') : removeReplaced(request, secret, run);
  if (tags.takenFrom !== undefined) return undo(request, secret, run);
  // A Create that CloudFormation believes to have failed removes nothing.
  if (removalPolicy(request) === 'destroy' && !target.madeUp) return destroy(request, secret, run);
  await keep(secret, run);
  return done(request, `the secret ${secret.name} is kept and no longer managed`);
}

/** The Create may have ended a moment ago: whether it has made the secret, or owns it, is asked again. */
function ownedSecret(
  name: string,
  request: ProvisionRequest,
  { vault, settings, clock }: ProvisionRun,
): Promise<SecretDescription | undefined> {
  const isOwned = (secret: SecretDescription | undefined) => isOwner(request, readCertificateTags(secret?.tags ?? {}));
  return askAgain(() => vault.describe(secretName(settings.prefix, name)), isOwned, clock);
}

/** Undoes what a failed Update has begun under another name, unless a newer request goes on with it. */
export async function undoTakeOver(request: ProvisionRequest, run: ProvisionRun): Promise<void> {
  const name = properties(request)?.name;
  const secret = name === undefined ? undefined : await run.vault.describe(secretName(run.settings.prefix, name));
  const tags = readCertificateTags(secret?.tags ?? {});
  if (!secret || !isOwner(request, tags) || isOvertaken(request.requestId, tags)) return;
  if (tags.takenFrom !== undefined) await undo(request, secret, run);
}

/** Puts back what the Create found: `taken-from` says what that was. */
async function undo(request: ProvisionRequest, secret: SecretDescription, run: ProvisionRun): Promise<ProvisionAnswer> {
  const [found, specBefore, tagsBefore] = (readCertificateTags(secret.tags).takenFrom ?? '').split(' ');
  if (found === 'new') return undoNew(request, secret, run);
  if (specBefore && specBefore !== '-' && secret.stages[SPEC] !== specBefore) {
    const value = await run.vault.read(secret.arn, specBefore);
    if (value !== undefined) await putSpecValue(secret, value, run.vault);
  }
  await restoreStackTags(secret, tagsBefore === '-' ? undefined : tagsBefore, run);
  if (found === 'managed') {
    await disown(secret, run.vault);
    return done(request, `the secret ${secret.name} is no stack's again`);
  }
  await keep(secret, run);
  return done(request, `the secret ${secret.name} is kept and no longer managed`);
}

/** A secret that the failed Create has made: without a certificate it is of no use to anybody. */
async function undoNew(
  request: ProvisionRequest,
  secret: SecretDescription,
  run: ProvisionRun,
): Promise<ProvisionAnswer> {
  await unmanage(secret, run);
  await untilIdle(secret.arn, Math.min(run.clock.now() + PATIENCE, run.deadline), run);
  const now = await run.vault.describe(secret.arn);
  if (now?.stages[ISSUED] === undefined || removalPolicy(request) === 'destroy') {
    return destroy(request, secret, run);
  }
  await disown(secret, run.vault);
  return done(request, `the secret ${secret.name} is kept and no longer managed`);
}

async function destroy(
  request: ProvisionRequest,
  secret: SecretDescription,
  run: ProvisionRun,
): Promise<ProvisionAnswer> {
  // First of all: no scan starts a renewal of what is being removed.
  await unmanage(secret, run);
  await untilIdle(secret.arn, Math.min(run.clock.now() + PATIENCE, run.deadline), run);
  const tags = readCertificateTags((await run.vault.describe(secret.arn))?.tags ?? {});
  const recorded = Object.entries(tags.acm).map(([region, { arn }]) => ({ region, arn }));
  const found = await importsOf(request, secret, tags, run);
  const left = await removeImports(distinct([...recorded, ...found]), endOfPatience(run), run);

  // Somebody may have taken it over while ACM was asked.
  const now = await run.vault.describe(secret.arn);
  if (!now || !isOwner(request, readCertificateTags(now.tags)))
    return done(request, 'this resource owns nothing any more');
  const removed = recorded.filter(({ arn }) => !left.some((kept) => kept.arn === arn));
  await run.vault.untag(
    secret.arn,
    removed.map(({ region }) => acmTagOf(region)),
  );
  await run.vault.scheduleDeletion(secret.arn);
  return done(request, `the deletion of the secret ${secret.name} is scheduled${kept(left)}`);
}

async function removeReplaced(
  request: ProvisionRequest,
  secret: SecretDescription,
  run: ProvisionRun,
): Promise<ProvisionAnswer> {
  const tags = readCertificateTags(secret.tags);
  const current = Object.values(tags.acm).map(({ arn }) => arn);
  const found = (await importsOf(request, secret, tags, run)).filter(({ arn }) => !current.includes(arn));
  const left = await removeImports(found, endOfPatience(run), run);
  return done(
    request,
    `the certificate has another key type now; ${found.length - left.length} imports removed${kept(left)}`,
  );
}

/** What ACM has of the request's key type. */
async function importsOf(
  request: ProvisionRequest,
  secret: SecretDescription,
  tags: CertificateTags,
  run: ProvisionRun,
): Promise<readonly RegionalImport[]> {
  const spec: CertificateSpec | undefined = properties(request)?.spec;
  const key = parsePhysicalId(request.physicalId ?? '')?.key ?? spec?.key;
  const domainName = spec?.domainNames[0];
  if (key === undefined || domainName === undefined) return [];
  const regions = [...new Set([...(spec?.acm ?? []), ...Object.keys(tags.acm)])];
  return findImports({ secretArn: secret.arn, key, regions, domainName }, run);
}

interface Target {
  readonly id: string;
  readonly name: string;
  /** CloudFormation has made an id up, because the Create never answered: this is the one that it would have got. */
  readonly madeUp: boolean;
}

function targetOf(request: ProvisionRequest): Target | undefined {
  const { physicalId = '' } = request;
  const parsed = parsePhysicalId(physicalId);
  if (parsed) return { id: physicalId, name: parsed.name, madeUp: false };
  const wanted = properties(request);
  return wanted && { id: physicalIdOf({ name: wanted.name, key: wanted.spec.key }), name: wanted.name, madeUp: true };
}

function properties({ properties: input }: ProvisionRequest): CertificateProperties | undefined {
  try {
    return parseCertificateProperties(input);
  } catch {
    return undefined;
  }
}

/** Also where the other properties can't be read. */
function removalPolicy({ properties: input }: ProvisionRequest): CertificateProperties['removalPolicy'] {
  return (Object(input) as { RemovalPolicy?: unknown }).RemovalPolicy === 'destroy' ? 'destroy' : 'retain';
}

function endOfPatience({ clock, deadline }: ProvisionRun): number {
  return Math.min(clock.now() + IN_USE, deadline);
}

function distinct(imports: readonly RegionalImport[]): readonly RegionalImport[] {
  return [...new Map(imports.map((each) => [each.arn, each])).values()];
}

function kept(left: readonly RegionalImport[]): string {
  return left.length === 0 ? '' : `; kept in ACM because something uses them: ${left.map(({ arn }) => arn).join(', ')}`;
}

function done({ physicalId }: ProvisionRequest, reason: string): ProvisionAnswer {
  return { status: 'SUCCESS', physicalId: physicalId ?? '', reason };
}
