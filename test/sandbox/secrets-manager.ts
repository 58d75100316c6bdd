import { randomBytes, randomUUID } from 'node:crypto';
import { ACCOUNT } from './aws-account.ts';
import {
  answerJson,
  type JsonInput,
  optionalFlag,
  optionalInteger,
  optionalObjects,
  optionalText,
  optionalTexts,
  readInput,
  requiredText,
  requireLength,
  requireOneOf,
  requireRange,
  seconds,
} from './aws-json.ts';
import { type AwsAnswer, type AwsRequest, type AwsService, AwsServiceError } from './aws-service.ts';
import { readTags } from './aws-tags.ts';
import { readFilters } from './secrets-manager-filters.ts';
import { readKmsKeyId, readLabels, readName, readToken, readValue, requireTags } from './secrets-manager-input.ts';
import {
  addVersion,
  holderOf,
  labelsByVersion,
  moveLabel,
  noSuchVersion,
  type SecretValue,
  type SecretVersion,
  type SecretVersions,
  sameValue,
} from './secrets-manager-versions.ts';
import { TokenBucket } from './token-bucket.ts';

export interface SecretsManagerSettings {
  /** Whether requests draw on token buckets. */
  throttling: boolean;
  /** How old the state is that ListSecrets shows; AWS says that it can be five minutes. */
  listStalenessMilliseconds: number;
  /** How old the state is that DescribeSecret, GetSecretValue and ListSecretVersionIds show. Writes see what is there. */
  readStalenessMilliseconds: number;
}

/** A secret at one moment. */
export interface SecretState {
  readonly arn: string;
  readonly name: string;
  readonly description: string;
  readonly tags: Readonly<Record<string, string>>;
  /** The key that it is encrypted with; AWS's own for Secrets Manager when there is none. */
  readonly kmsKeyId?: string;
  readonly versions: SecretVersions;
  readonly createdAt: number;
  readonly changedAt: number;
  /** When it may be deleted for good; only a secret that is scheduled for deletion has one. */
  readonly deletionAt?: number;
}

/** What the tests see of a secret. */
export interface SecretSummary extends SecretState {
  readonly region: string;
  /** Staging label to version id. */
  readonly stages: Readonly<Record<string, string>>;
}

/** One state that a secret was in, and since when. */
export interface SecretChange {
  readonly at: number;
  readonly operation: string;
  /** `undefined` since it was deleted for good. */
  readonly secret: SecretSummary | undefined;
}

/** AWS says 50 for most; https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_limits.html */
const REQUESTS_PER_SECOND: Readonly<Record<string, { readonly bucket: string; readonly perSecond: number }>> = {
  CreateSecret: { bucket: 'create', perSecond: 50 },
  PutSecretValue: { bucket: 'write', perSecond: 50 },
  UpdateSecretVersionStage: { bucket: 'write', perSecond: 50 },
  TagResource: { bucket: 'tag', perSecond: 50 },
  UntagResource: { bucket: 'tag', perSecond: 50 },
  DeleteSecret: { bucket: 'delete', perSecond: 50 },
  RestoreSecret: { bucket: 'restore', perSecond: 50 },
  ListSecrets: { bucket: 'list', perSecond: 100 },
  ListSecretVersionIds: { bucket: 'versions', perSecond: 50 },
  DescribeSecret: { bucket: 'describe', perSecond: 40_000 },
  GetSecretValue: { bucket: 'read', perSecond: 10_000 },
};

const DAY = 24 * 60 * 60 * 1_000;

/**
 * AWS Secrets Manager, region by region. The rules that it holds are listed in `rules-aws.md`.
 *
 * The methods after `answer` are for tests: they bypass the API, its limits and faults, and find a secret by name or
 * ARN, in whatever region it is.
 */
export class SecretsManager implements AwsService {
  readonly name = 'secretsmanager';
  readonly protocol = 'json-1.1';
  /** May be changed at any time. */
  readonly settings: SecretsManagerSettings;
  readonly #clock: { now(): number };
  /** Where `create` puts a secret. */
  readonly #region: string;
  readonly #records: SecretRecord[] = [];
  /** Secrets by `region name`; those deleted for good are only in `#records`. */
  readonly #byName = new Map<string, SecretRecord>();
  readonly #buckets = new Map<string, TokenBucket>();

  constructor(options: {
    readonly clock: { now(): number };
    readonly settings?: Partial<SecretsManagerSettings>;
    readonly region?: string;
  }) {
    this.#clock = options.clock;
    this.#region = options.region ?? 'eu-central-1';
    this.settings = {
      throttling: true,
      listStalenessMilliseconds: 0,
      readStalenessMilliseconds: 0,
      ...options.settings,
    };
  }

  operationOf({ headers }: AwsRequest): string | undefined {
    const [, operation = ''] = /^secretsmanager\.(\w+)$/.exec(headers['x-amz-target'] ?? '') ?? [];
    return operation in REQUESTS_PER_SECOND ? operation : undefined;
  }

  async answer(operation: string, { body, region }: AwsRequest): Promise<AwsAnswer> {
    if (this.settings.throttling && !this.#bucket(operation, region).take()) {
      throw new AwsServiceError(400, 'ThrottlingException', 'Rate exceeded');
    }
    this.#removeExpired();
    const input = readInput(body);
    switch (operation) {
      case 'CreateSecret':
        return this.#createSecret(input, region);
      case 'DescribeSecret':
        return this.#describeSecret(input, region);
      case 'GetSecretValue':
        return this.#getSecretValue(input, region);
      case 'PutSecretValue':
        return this.#putSecretValue(input, region);
      case 'UpdateSecretVersionStage':
        return this.#updateSecretVersionStage(input, region);
      case 'ListSecrets':
        return this.#listSecrets(input, region);
      case 'ListSecretVersionIds':
        return this.#listSecretVersionIds(input, region);
      case 'TagResource':
        return this.#tagResource(input, region);
      case 'UntagResource':
        return this.#untagResource(input, region);
      case 'DeleteSecret':
        return this.#deleteSecret(input, region);
      case 'RestoreSecret':
        return this.#restoreSecret(input, region);
      default:
        throw new AwsServiceError(501, 'NotImplemented', `The sandbox's Secrets Manager has no ${operation}.`);
    }
  }

  /** In the order in which they were created; those scheduled for deletion too. */
  secrets(region?: string): readonly SecretSummary[] {
    this.#removeExpired();
    return [...this.#byName.values()]
      .filter((record) => region === undefined || record.region === region)
      .map((record) => summary(record.region, record.state));
  }

  secret(id: string, region?: string): SecretSummary | undefined {
    this.#removeExpired();
    const record = [...this.#byName.values()].find(
      (candidate) =>
        (region === undefined || candidate.region === region) &&
        (candidate.state.name === id || candidate.state.arn === id),
    );
    return record && summary(record.region, record.state);
  }

  /** The text of a version by its staging label or id; binary values as UTF-8. */
  value(id: string, stage = 'AWSCURRENT'): string | undefined {
    const { versions = [] } = this.secret(id) ?? {};
    const version = holderOf(versions, stage) ?? versions.find((candidate) => candidate.id === stage);
    return version && textOf(version.value);
  }

  /** The version that has the label now. */
  versionId(id: string, stage: string): string | undefined {
    return this.secret(id)?.stages[stage];
  }

  /** Every state that secrets of this name were in, oldest first. */
  history(id: string): readonly SecretChange[] {
    return this.#records
      .flatMap(({ region, past }) => past.map((change) => ({ ...change, region })))
      .filter(({ state }) => state.name === id || state.arn === id)
      .map(({ at, operation, region, state, gone }) => ({
        at,
        operation,
        secret: gone ? undefined : summary(region, state),
      }));
  }

  /** A secret that somebody else made. Throws what CreateSecret would. */
  create(name: string, value: string, tags: Readonly<Record<string, string>> = {}, region = this.#region): void {
    this.#create(
      { Name: name, SecretString: value, ClientRequestToken: randomUUID(), Tags: tagList(tags) },
      region,
      'create',
    );
  }

  /** A secret as another one was at some moment, with its versions and its tags. */
  place({ name, description, tags, versions }: Omit<SecretState, 'arn' | 'createdAt' | 'changedAt'>): void {
    const now = this.#clock.now();
    const arn = `arn:aws:secretsmanager:${this.#region}:${ACCOUNT}:secret:${name}-${sixCharacters()}`;
    const state: SecretState = { arn, name, description, tags, versions, createdAt: now, changedAt: now };
    const record = { region: this.#region, state, past: [{ at: now, operation: 'place', state, gone: false }] };
    this.#records.push(record);
    this.#byName.set(key(this.#region, name), record);
  }

  /** Somebody edits the value: a new version that becomes AWSCURRENT. Returns its id. */
  overwrite(id: string, value: string, stage = 'AWSCURRENT'): string {
    const record = this.#existing(id);
    const added = { id: randomUUID(), createdAt: this.#clock.now(), value: { string: value } };
    this.#change(record, 'overwrite', { versions: addVersion(record.state.versions, added, [stage]) });
    return added.id;
  }

  /** Sets tags, leaving the others. */
  tag(id: string, tags: Readonly<Record<string, string>>): void {
    const record = this.#existing(id);
    this.#change(record, 'tag', { tags: { ...record.state.tags, ...tags } });
  }

  /** Removes tags. */
  untag(id: string, keys: readonly string[]): void {
    const record = this.#existing(id);
    this.#change(record, 'untag', { tags: without(record.state.tags, keys) });
  }

  /** Deletes it for good, at once. */
  delete(id: string): void {
    this.#remove(this.#existing(id), 'delete');
  }

  /** Fills the token buckets. */
  resetThrottling(): void {
    this.#buckets.clear();
  }

  #createSecret(input: JsonInput, region: string): AwsAnswer {
    const { state, versionId } = this.#create(input, region, 'CreateSecret');
    return answerJson({ ...identity(state), VersionId: versionId });
  }

  #create(
    input: JsonInput,
    region: string,
    operation: string,
  ): { readonly state: SecretState; readonly versionId: string | undefined } {
    const name = readName(input);
    const description = optionalText(input, 'Description') ?? '';
    requireLength('Description', description, 0, 2_048);
    const value = readValue(input);
    const token = value && readToken(input);
    const tags = readTags(input);
    requireTags(tags);
    const kmsKeyId = readKmsKeyId(input);

    const existing = this.#byName.get(key(region, name));
    if (existing?.state.deletionAt !== undefined) {
      throw invalidRequest(
        "You can't create this secret because a secret with this name is already scheduled for deletion.",
      );
    }
    if (existing) {
      const same = existing.state.versions.find(({ id }) => id === token);
      if (!same || !value) throw resourceExists(`The operation failed because the secret ${name} already exists.`);
      requireSameValue(existing.state, same, value);
      return { state: existing.state, versionId: same.id };
    }
    const now = this.#clock.now();
    const state: SecretState = {
      arn: `arn:aws:secretsmanager:${region}:${ACCOUNT}:secret:${name}-${sixCharacters()}`,
      name,
      description,
      tags,
      ...(kmsKeyId === undefined ? {} : { kmsKeyId }),
      versions: value && token ? addVersion([], { id: token, createdAt: now, value }, ['AWSCURRENT']) : [],
      createdAt: now,
      changedAt: now,
    };
    const record = { region, state, past: [{ at: now, operation, state, gone: false }] };
    this.#records.push(record);
    this.#byName.set(key(region, name), record);
    return { state, versionId: token };
  }

  #describeSecret(input: JsonInput, region: string): AwsAnswer {
    const state = this.#shown(input, region);
    const stages = labelsByVersion(state.versions);
    return answerJson({
      ...described(state),
      ...(Object.keys(stages).length > 0 ? { VersionIdsToStages: stages } : {}),
    });
  }

  #getSecretValue(input: JsonInput, region: string): AwsAnswer {
    const state = requireLive(this.#shown(input, region));
    const id = optionalText(input, 'VersionId');
    const stage = optionalText(input, 'VersionStage') ?? (id === undefined ? 'AWSCURRENT' : undefined);
    const version = findVersion(state.versions, id, stage);
    return answerJson({
      ...identity(state),
      VersionId: version.id,
      ...('string' in version.value ? { SecretString: version.value.string } : { SecretBinary: version.value.binary }),
      ...(version.labels.length > 0 ? { VersionStages: version.labels } : {}),
      CreatedDate: seconds(version.createdAt),
    });
  }

  #putSecretValue(input: JsonInput, region: string): AwsAnswer {
    const token = readToken(input);
    const value = readValue(input);
    const labels = readLabels(input);
    const record = this.#findLive(input, region);
    const { state } = record;
    if (!value) throw invalidRequest('You must provide either SecretString or SecretBinary.');
    const existing = state.versions.find(({ id }) => id === token);
    if (existing) {
      requireSameValue(state, existing, value);
      return answerJson({ ...identity(state), VersionId: token, VersionStages: existing.labels });
    }
    const added = { id: token, createdAt: this.#clock.now(), value };
    const versions = addVersion(state.versions, added, labels);
    this.#change(record, 'PutSecretValue', { versions });
    const stages = versions.find(({ id }) => id === token)?.labels ?? [];
    return answerJson({ ...identity(state), VersionId: token, VersionStages: stages });
  }

  #updateSecretVersionStage(input: JsonInput, region: string): AwsAnswer {
    const label = requiredText(input, 'VersionStage');
    requireLength('VersionStage', label, 1, 256);
    const to = optionalText(input, 'MoveToVersionId');
    const from = optionalText(input, 'RemoveFromVersionId');
    const record = this.#findLive(input, region);
    const { versions } = record.state;
    this.#change(record, 'UpdateSecretVersionStage', { versions: moveLabel(versions, { label, to, from }) });
    return answerJson(identity(record.state));
  }

  #listSecrets(input: JsonInput, region: string): AwsAnswer {
    const pageSize = readPageSize(input);
    const passes = readFilters(optionalObjects(input, 'Filters') ?? []);
    const withPlannedDeletion = optionalFlag(input, 'IncludePlannedDeletion') ?? false;
    const order = optionalText(input, 'SortOrder') ?? 'asc';
    requireOneOf('SortOrder', order, ['asc', 'desc']);
    const asOf = this.#clock.now() - this.settings.listStalenessMilliseconds;
    const listed = this.#records
      .filter((record) => record.region === region)
      .flatMap((record) => stateAt(record, asOf) ?? [])
      .filter((state) => (withPlannedDeletion || state.deletionAt === undefined) && passes(state));
    if (order === 'desc') listed.reverse();
    const { items, next } = page(listed, pageSize, optionalText(input, 'NextToken'), ({ arn }) => arn);
    return answerJson({
      SecretList: items.map((state) => {
        const stages = labelsByVersion(state.versions);
        return { ...described(state), ...(Object.keys(stages).length > 0 ? { SecretVersionsToStages: stages } : {}) };
      }),
      NextToken: next,
    });
  }

  #listSecretVersionIds(input: JsonInput, region: string): AwsAnswer {
    const state = this.#shown(input, region);
    const withDeprecated = optionalFlag(input, 'IncludeDeprecated') ?? false;
    const listed = state.versions.filter(({ labels }) => withDeprecated || labels.length > 0);
    const { items, next } = page(listed, readPageSize(input), optionalText(input, 'NextToken'), ({ id }) => id);
    return answerJson({
      ...identity(state),
      Versions: items.map(({ id, labels, createdAt }) => ({
        VersionId: id,
        ...(labels.length > 0 ? { VersionStages: labels } : {}),
        CreatedDate: seconds(createdAt),
        KmsKeyIds: [state.kmsKeyId ?? 'DefaultEncryptionKey'],
      })),
      NextToken: next,
    });
  }

  #tagResource(input: JsonInput, region: string): AwsAnswer {
    const added = readTags(input);
    requireTags(added);
    const record = this.#findLive(input, region);
    const tags = { ...record.state.tags, ...added };
    requireTags(tags);
    this.#change(record, 'TagResource', { tags });
    return { status: 200, body: '' };
  }

  #untagResource(input: JsonInput, region: string): AwsAnswer {
    const keys = optionalTexts(input, 'TagKeys') ?? [];
    const record = this.#findLive(input, region);
    this.#change(record, 'UntagResource', { tags: without(record.state.tags, keys) });
    return { status: 200, body: '' };
  }

  #deleteSecret(input: JsonInput, region: string): AwsAnswer {
    const days = optionalInteger(input, 'RecoveryWindowInDays');
    const force = optionalFlag(input, 'ForceDeleteWithoutRecovery') ?? false;
    if (force && days !== undefined) {
      throw invalidParameter("You can't use ForceDeleteWithoutRecovery in conjunction with RecoveryWindowInDays.");
    }
    if (days !== undefined && (days < 7 || days > 30)) {
      throw invalidParameter('The RecoveryWindowInDays value must be between 7 and 30 days (inclusive).');
    }
    const now = this.#clock.now();
    if (force) {
      const id = requiredText(input, 'SecretId');
      const record = this.#lookUp(id, region);
      if (record) this.#remove(record, 'DeleteSecret');
      const arn = `arn:aws:secretsmanager:${region}:${ACCOUNT}:secret:${id}`;
      return answerJson({ ...(record ? identity(record.state) : { ARN: arn, Name: id }), DeletionDate: seconds(now) });
    }
    const record = this.#findLive(input, region);
    const deletionAt = now + (days ?? 30) * DAY;
    this.#change(record, 'DeleteSecret', { deletionAt });
    return answerJson({ ...identity(record.state), DeletionDate: seconds(deletionAt) });
  }

  #restoreSecret(input: JsonInput, region: string): AwsAnswer {
    const record = this.#find(input, region);
    const { deletionAt, ...state } = record.state;
    if (deletionAt !== undefined) this.#set(record, 'RestoreSecret', state);
    return answerJson(identity(state));
  }

  /** The secret as reads show it: as it was before what has been written of late. */
  #shown(input: JsonInput, region: string): SecretState {
    const { readStalenessMilliseconds: staleness } = this.settings;
    if (staleness === 0) return this.#find(input, region).state;
    const id = readSecretId(input);
    const asOf = this.#clock.now() - staleness;
    const shown = this.#records
      .filter((record) => record.region === region)
      .map((record) => stateAt(record, asOf))
      .find((state) => state && [state.name, state.arn, state.arn.slice(0, -7)].includes(id));
    if (shown) return shown;
    throw noSuchSecret();
  }

  #find(input: JsonInput, region: string): SecretRecord {
    const record = this.#lookUp(readSecretId(input), region);
    if (record) return record;
    throw noSuchSecret();
  }

  #findLive(input: JsonInput, region: string): SecretRecord {
    const record = this.#find(input, region);
    requireLive(record.state);
    return record;
  }

  /** By name, ARN, or ARN without its last seven characters. */
  #lookUp(id: string, region: string): SecretRecord | undefined {
    const [, arnName] = new RegExp(`^arn:aws:secretsmanager:${region}:${ACCOUNT}:secret:(.+)$`).exec(id) ?? [];
    if (arnName === undefined) return this.#byName.get(key(region, id));
    const complete = this.#byName.get(key(region, arnName.slice(0, -7)));
    return complete?.state.arn === id ? complete : this.#byName.get(key(region, arnName));
  }

  #existing(id: string): SecretRecord {
    this.#removeExpired();
    const record = [...this.#byName.values()].find(({ state }) => state.name === id || state.arn === id);
    if (!record) throw new Error(`The sandbox has no secret ${id}.`);
    return record;
  }

  #change(record: SecretRecord, operation: string, changed: Partial<SecretState>): void {
    this.#set(record, operation, { ...record.state, ...changed, changedAt: this.#clock.now() });
  }

  #set(record: SecretRecord, operation: string, state: SecretState, gone = false): void {
    record.state = state;
    record.past.push({ at: this.#clock.now(), operation, state, gone });
  }

  #remove(record: SecretRecord, operation: string): void {
    this.#byName.delete(key(record.region, record.state.name));
    this.#set(record, operation, record.state, true);
  }

  #removeExpired(): void {
    const now = this.#clock.now();
    for (const record of this.#byName.values()) {
      if (record.state.deletionAt !== undefined && record.state.deletionAt <= now) this.#remove(record, 'expire');
    }
  }

  #bucket(operation: string, region: string): TokenBucket {
    const { bucket = operation, perSecond = 50 } = REQUESTS_PER_SECOND[operation] ?? {};
    const existing = this.#buckets.get(key(region, bucket));
    if (existing) return existing;
    const created = new TokenBucket({ capacity: perSecond, perSecond }, this.#clock);
    this.#buckets.set(key(region, bucket), created);
    return created;
  }
}

/** A secret through time; `state` is the last of `past`. */
interface SecretRecord {
  readonly region: string;
  state: SecretState;
  readonly past: {
    readonly at: number;
    readonly operation: string;
    readonly state: SecretState;
    readonly gone: boolean;
  }[];
}

function key(region: string, name: string): string {
  return `${region} ${name}`;
}

function stateAt({ past }: SecretRecord, time: number): SecretState | undefined {
  const last = past.findLast(({ at }) => at <= time);
  return last?.gone ? undefined : last?.state;
}

function summary(region: string, state: SecretState): SecretSummary {
  const stages = state.versions.flatMap(({ id, labels }) => labels.map((label) => [label, id]));
  return { ...state, region, stages: Object.fromEntries(stages) };
}

function identity({ arn, name }: SecretState): { readonly ARN: string; readonly Name: string } {
  return { ARN: arn, Name: name };
}

function described(state: SecretState): object {
  const { description, tags, kmsKeyId, createdAt, changedAt, deletionAt } = state;
  return {
    ...identity(state),
    ...(description ? { Description: description } : {}),
    ...(kmsKeyId === undefined ? {} : { KmsKeyId: kmsKeyId }),
    CreatedDate: seconds(createdAt),
    LastChangedDate: seconds(changedAt),
    ...(deletionAt === undefined ? {} : { DeletedDate: seconds(deletionAt) }),
    ...(Object.keys(tags).length > 0 ? { Tags: tagList(tags) } : {}),
  };
}

function tagList(tags: Readonly<Record<string, string>>): object[] {
  return Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
}

function without(tags: Readonly<Record<string, string>>, keys: readonly string[]): Record<string, string> {
  return Object.fromEntries(Object.entries(tags).filter(([tag]) => !keys.includes(tag)));
}

function textOf(value: SecretValue): string {
  return 'string' in value ? value.string : Buffer.from(value.binary, 'base64').toString('utf8');
}

function findVersion(versions: SecretVersions, id: string | undefined, stage: string | undefined): SecretVersion {
  if (id === undefined) {
    const labelled = holderOf(versions, stage ?? '');
    if (!labelled) throw noSuchVersion(`staging label: ${stage}`);
    return labelled;
  }
  const version = versions.find((candidate) => candidate.id === id);
  if (!version) throw noSuchVersion(`VersionId: ${id}`);
  if (stage !== undefined && !version.labels.includes(stage)) {
    throw invalidRequest('You provided a VersionStage that is not associated to the provided VersionId.');
  }
  return version;
}

function requireSameValue(secret: SecretState, version: SecretVersion, value: SecretValue): void {
  if (sameValue(version.value, value)) return;
  throw resourceExists(
    `You can't use ClientRequestToken ${version.id} because that value is already in use for a version of secret ` +
      `${secret.arn}.`,
  );
}

function readSecretId(input: JsonInput): string {
  const id = requiredText(input, 'SecretId');
  requireLength('SecretId', id, 1, 2_048);
  return id;
}

function requireLive(state: SecretState): SecretState {
  if (state.deletionAt === undefined) return state;
  throw invalidRequest("You can't perform this operation on the secret because it was marked for deletion.");
}

function noSuchSecret(): AwsServiceError {
  return new AwsServiceError(400, 'ResourceNotFoundException', "Secrets Manager can't find the specified secret.");
}

function readPageSize(input: JsonInput): number {
  const size = optionalInteger(input, 'MaxResults') ?? 100;
  requireRange('MaxResults', size, 1, 100);
  return size;
}

/** The items after the one that `token` names, which need not be there any more if another state is listed now. */
function page<T>(
  all: readonly T[],
  size: number,
  token: string | undefined,
  idOf: (item: T) => string,
): { readonly items: readonly T[]; readonly next: string | undefined } {
  let start = 0;
  if (token !== undefined) {
    const [index, last] = readPageToken(token);
    const found = all.findIndex((item) => idOf(item) === last);
    start = found === -1 ? index : found + 1;
  }
  const items = all.slice(start, start + size);
  const last = items.at(-1);
  const more = last !== undefined && start + size < all.length;
  const next = more ? Buffer.from(JSON.stringify([start + size, idOf(last)])).toString('base64') : undefined;
  return { items, next };
}

function readPageToken(token: string): readonly [index: number, last: string] {
  try {
    const [index, last] = JSON.parse(Buffer.from(token, 'base64').toString()) as unknown[];
    if (typeof index === 'number' && typeof last === 'string') return [index, last];
  } catch {
    // Not one of ours.
  }
  throw new AwsServiceError(400, 'InvalidNextTokenException', 'Invalid pagination token.');
}

/** The random end of an ARN. */
function sixCharacters(): string {
  const characters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
  return [...randomBytes(6)].map((byte) => characters[byte % characters.length]).join('');
}

function invalidRequest(message: string): AwsServiceError {
  return new AwsServiceError(400, 'InvalidRequestException', message);
}

function invalidParameter(message: string): AwsServiceError {
  return new AwsServiceError(400, 'InvalidParameterException', message);
}

function resourceExists(message: string): AwsServiceError {
  return new AwsServiceError(400, 'ResourceExistsException', message);
}
