import * as z from 'zod/mini';
import { readCertificateTags } from '../../core/certificate-tags.ts';
import { RenewalFailure } from '../../core/failure.ts';
import { jsonObjectIn } from '../../core/json-text.ts';
import type { StackTags } from '../../core/stack-tags.ts';
import { TAGS } from '../../core/stages.ts';
import { digest } from '../digest.ts';
import type { TagChanges } from '../ports/certificate-targets.ts';
import type { SecretDescription, SecretVault } from '../ports/secret-vault.ts';
import type { ProvisionRun } from '../provision/provision-run.ts';

/**
 * What the version `ACME_TAGS` of a certificate's or an issuer's secret says: the tags that its stack gives it, and those that may still
 * have to be taken away. A version and not the tags themselves, because others tag secrets and imports too, and an import
 * that a renewal makes later has to get the stack's alone.
 */
interface TagRecord {
  readonly tags: StackTags;
  readonly former: TagChanges['remove'];
}

const recordSchema = z.object({
  tags: z.record(z.string(), z.string()),
  former: z.array(z.tuple([z.string(), z.string()])),
});

/** The tags that a certificate's stack gives it; none when no stack does. */
export async function stackTagsOf(arn: string, vault: SecretVault): Promise<StackTags> {
  const secret = await vault.describe(arn);
  return secret ? (await readRecord(secret, vault)).tags : {};
}

/**
 * Writes down which tags a stack wants, and brings them to the secret. What it or a former deployment gave and no longer wants
 * goes, unless somebody has given it another value.
 */
export async function writeStackTags(id: string, tags: StackTags, { vault }: ProvisionRun): Promise<void> {
  const secret = await existing(id, vault);
  const before = await readRecord(secret, vault);
  const former = distinct([...Object.entries(before.tags), ...before.former].filter(([key]) => !(key in tags)));
  // First, so that whoever goes on after a crash knows what may have to be taken away.
  await writeRecord(secret, before, { tags, former }, vault);
  const surplus = former.filter(([key, value]) => secret.tags[key] === value).map(([key]) => key);
  // In this order: a secret can be at its limit of tags.
  await vault.untag(secret.arn, surplus);
  const missing = Object.entries(tags).filter(([key, value]) => secret.tags[key] !== value);
  await vault.tag(secret.arn, Object.fromEntries(missing));
}

/** Brings the tags that are written down to the imports that are recorded; what was to be taken away is then forgotten. */
export async function tagImports(id: string, { vault, targets }: ProvisionRun): Promise<void> {
  const secret = await existing(id, vault);
  const record = await readRecord(secret, vault);
  const { tags: set, former: remove } = record;
  if (Object.keys(set).length === 0 && remove.length === 0) return;
  const imports = Object.entries(readCertificateTags(secret.tags).acm);
  await Promise.all(imports.map(([region, { arn }]) => targets.retag(region, arn, { set, remove })));
  await writeRecord(secret, record, { tags: set, former: [] }, vault);
}

/** Puts back what a version of `ACME_TAGS` says; without one, the stack's tags go. */
export async function restoreStackTags(
  secret: SecretDescription,
  version: string | undefined,
  run: ProvisionRun,
): Promise<void> {
  const text = version === undefined ? undefined : await run.vault.read(secret.arn, version);
  await writeStackTags(secret.arn, text === undefined ? {} : parseRecord(text, secret.name).tags, run);
  await tagImports(secret.arn, run);
}

async function existing(id: string, vault: SecretVault): Promise<SecretDescription> {
  const secret = await vault.describe(id);
  if (secret) return secret;
  throw new RenewalFailure('spec-conflict', `the secret ${id} has disappeared: somebody deletes it`);
}

async function readRecord(secret: SecretDescription, vault: SecretVault): Promise<TagRecord> {
  const version = secret.stages[TAGS];
  const text = version === undefined ? undefined : await vault.read(secret.arn, version);
  return text === undefined ? { tags: {}, former: [] } : parseRecord(text, secret.name);
}

function parseRecord(text: string, secret: string): TagRecord {
  const record = z.safeParse(recordSchema, jsonObjectIn(text));
  if (record.success) return record.data;
  throw new RenewalFailure(
    'corrupt-secret',
    `the tags of the stack in ${secret} (version ACME_TAGS) can not be read: put the label back on the version that had it before`,
  );
}

/** Each version has one successor for each content, so that a repetition after a lost answer is harmless. */
async function writeRecord(
  secret: SecretDescription,
  before: TagRecord,
  record: TagRecord,
  vault: SecretVault,
): Promise<void> {
  const value = JSON.stringify(record);
  if (value === JSON.stringify(before)) return;
  const previous = secret.stages[TAGS] ?? '';
  await vault.put({ id: secret.arn, value, token: digest('tags', secret.arn, previous, value), stage: TAGS });
}

function distinct(tags: TagChanges['remove']): TagChanges['remove'] {
  return [...new Map(tags.map((tag) => [JSON.stringify(tag), tag])).values()];
}
