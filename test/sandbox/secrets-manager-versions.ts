import { AwsServiceError } from './aws-service.ts';

/** Exactly one of the two; `binary` is base64, as on the wire. */
export type SecretValue = { readonly string: string } | { readonly binary: string };

export interface SecretVersion {
  readonly id: string;
  readonly createdAt: number;
  readonly value: SecretValue;
  /** Sorted; a version without any is deprecated. */
  readonly labels: readonly string[];
}

/** In the order in which they were created. */
export type SecretVersions = readonly SecretVersion[];

const MOST_LABELS = 20;
const MOST_VERSIONS = 100;
/** Younger versions are never purged, deprecated or not. */
const SHORTEST_LIFE = 24 * 60 * 60 * 1_000;

/**
 * The versions after a new one was added with `labels`, which move to it from wherever they are; AWSPREVIOUS follows
 * AWSCURRENT. A secret's first version always becomes current.
 * https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_PutSecretValue.html
 *
 * Throws `LimitExceededException` for the 21st staging label and the 101st version that can't be purged
 * (https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_limits.html).
 */
export function addVersion(
  versions: SecretVersions,
  added: Omit<SecretVersion, 'labels'>,
  labels: readonly string[],
): SecretVersions {
  const all = versions.length === 0 && !labels.includes('AWSCURRENT') ? [...labels, 'AWSCURRENT'] : labels;
  const labelled = all.reduce((before, label) => attach(before, label, added.id), [
    ...versions,
    { ...added, labels: [] },
  ] as SecretVersions);
  if (labelled.flatMap((version) => version.labels).length > MOST_LABELS) {
    throw limitExceeded(`A secret can have ${MOST_LABELS} staging labels across all of its versions.`);
  }
  return purge(labelled, added.createdAt);
}

/** What UpdateSecretVersionStage is asked for. */
export interface LabelMove {
  readonly label: string;
  readonly to: string | undefined;
  readonly from: string | undefined;
}

/**
 * The versions after a label was moved: a compare-and-swap, because a label that is on another version than `to` moves
 * only if `from` names that version. AWSPREVIOUS follows AWSCURRENT, which is never removed altogether.
 * https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_UpdateSecretVersionStage.html
 *
 * Throws `InvalidParameterException` when `from` is missing or another version, `ResourceNotFoundException` when there
 * is no version `to`.
 */
export function moveLabel(versions: SecretVersions, { label, to, from }: LabelMove): SecretVersions {
  const holder = holderOf(versions, label);
  if (to !== undefined && !versions.some(({ id }) => id === to)) throw noSuchVersion(`VersionId: ${to}`);
  if (to === undefined && from === undefined) {
    throw invalidParameter('You must provide MoveToVersionId, RemoveFromVersionId or both.');
  }
  if (from !== undefined && holder?.id !== from) {
    throw invalidParameter(`Staging label ${label} is not attached to version ${from}.`);
  }
  if (from === undefined && holder !== undefined && holder.id !== to) {
    throw invalidParameter(
      `The parameter RemoveFromVersionId can't be empty. Staging label ${label} is currently attached to version ` +
        `${holder.id}, so you must explicitly reference that version in RemoveFromVersionId.`,
    );
  }
  if (to === undefined) {
    if (label === 'AWSCURRENT') {
      throw invalidParameter(
        "You can only move staging label AWSCURRENT to a different secret version. It can't be completely removed.",
      );
    }
    return withoutLabel(versions, label);
  }
  const moved = attach(versions, label, to);
  if (moved.flatMap((version) => version.labels).length > MOST_LABELS) {
    throw limitExceeded(`A secret can have ${MOST_LABELS} staging labels across all of its versions.`);
  }
  return moved;
}

/** The version that has the label. */
export function holderOf(versions: SecretVersions, label: string): SecretVersion | undefined {
  return versions.find(({ labels }) => labels.includes(label));
}

/** Labels by version, as DescribeSecret and ListSecrets show them: deprecated versions are left out. */
export function labelsByVersion(versions: SecretVersions): Record<string, readonly string[]> {
  return Object.fromEntries(versions.filter(({ labels }) => labels.length > 0).map(({ id, labels }) => [id, labels]));
}

export function sameValue(one: SecretValue, other: SecretValue): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

/** `what` is `VersionId: …` or `staging label: …`, as AWS says it. */
export function noSuchVersion(what: string): AwsServiceError {
  const message = `Secrets Manager can't find the specified secret value for ${what}`;
  return new AwsServiceError(400, 'ResourceNotFoundException', message);
}

function attach(versions: SecretVersions, label: string, to: string): SecretVersions {
  const holder = holderOf(versions, label);
  if (holder?.id === to) return versions;
  const previous = label === 'AWSCURRENT' ? holder?.id : undefined;
  const freed = withoutLabel(previous === undefined ? versions : withoutLabel(versions, 'AWSPREVIOUS'), label);
  return freed.map((version) => {
    if (version.id === to) return { ...version, labels: [...version.labels, label].sort() };
    if (version.id === previous) return { ...version, labels: [...version.labels, 'AWSPREVIOUS'].sort() };
    return version;
  });
}

function withoutLabel(versions: SecretVersions, label: string): SecretVersions {
  return versions.map((version) =>
    version.labels.includes(label)
      ? { ...version, labels: version.labels.filter((other) => other !== label) }
      : version,
  );
}

/** Drops the oldest deprecated versions as far as the quota demands it. */
function purge(versions: SecretVersions, now: number): SecretVersions {
  let excess = versions.length - MOST_VERSIONS;
  const kept = versions.filter(({ labels, createdAt }) => {
    if (excess <= 0 || labels.length > 0 || now - createdAt < SHORTEST_LIFE) return true;
    excess -= 1;
    return false;
  });
  if (excess > 0)
    throw limitExceeded(`A secret can have ${MOST_VERSIONS} versions that are labelled or younger than 24 hours.`);
  return kept;
}

function invalidParameter(message: string): AwsServiceError {
  return new AwsServiceError(400, 'InvalidParameterException', message);
}

function limitExceeded(message: string): AwsServiceError {
  return new AwsServiceError(400, 'LimitExceededException', message);
}
