import {
  CreateSecretCommand,
  DeleteSecretCommand,
  DescribeSecretCommand,
  GetSecretValueCommand,
  ListSecretsCommand,
  PutSecretValueCommand,
  RestoreSecretCommand,
  type SecretsManagerClient,
  type Tag,
  TagResourceCommand,
  UntagResourceCommand,
  UpdateSecretVersionStageCommand,
} from '@aws-sdk/client-secrets-manager';
import { askAgain } from '../renewal/ask-again.ts';
import type { Clock } from '../renewal/ports/clock.ts';
import type { SecretDescription, SecretVault, StageMove } from '../renewal/ports/secret-vault.ts';
import { type AwsOperation, awsErrorName, call } from './call.ts';
import { nextPage } from './next-page.ts';
import { type AnySecret, rememberOwnWrites } from './own-writes.ts';

/** The most that ListSecrets returns at once. */
const PAGE = 100;

export interface SecretVaultOptions {
  /** What the waits for an answer that shows our writes sleep on. */
  readonly clock: Clock;
  /** The KMS key that new secrets are encrypted with, by ARN. Those that exist keep theirs. */
  readonly encryptionKey?: string | undefined;
}

/**
 * AWS Secrets Manager. ClientRequestToken is the version's id, and AWS itself compares the values behind equal ones:
 * https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_PutSecretValue.html
 *
 * "All Secrets Manager operations are eventually consistent"
 * (https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_ListSecrets.html): what doesn't show our own writes of a
 * moment ago is asked again for some seconds, and then believed, because somebody else may have written since.
 */
export function createSecretVault(client: SecretsManagerClient, options: SecretVaultOptions): SecretVault {
  const { clock } = options;
  const own = rememberOwnWrites(clock);
  const ask = <T>(operation: string, id: string, send: () => Promise<T>) =>
    call(`secretsmanager:${operation}` satisfies AwsOperation, `secret ${id}`, send);

  async function describeAny(id: string): Promise<AnySecret | undefined> {
    const isShown = (secret: AnySecret | undefined) => own.isShownBy(id, secret);
    const secret = await askAgain(() => describeOnce(id), isShown, clock);
    if (!isShown(secret)) own.forget(id);
    return secret;
  }

  async function describeOnce(id: string): Promise<AnySecret | undefined> {
    try {
      const command = new DescribeSecretCommand({ SecretId: id });
      const secret = await ask('DescribeSecret', id, () => client.send(command));
      return {
        ...description({ ...secret, versions: secret.VersionIdsToStages }),
        scheduled: secret.DeletedDate !== undefined,
      };
    } catch (error) {
      if (awsErrorName(error) === 'ResourceNotFoundException') return undefined;
      throw error;
    }
  }

  async function describeIf(id: string, wanted: 'live' | 'scheduled'): Promise<SecretDescription | undefined> {
    const { scheduled, ...secret } = (await describeAny(id)) ?? {};
    return 'arn' in secret && scheduled === (wanted === 'scheduled') ? secret : undefined;
  }

  const describe = (id: string) => describeIf(id, 'live');

  async function readOnce(id: string, versionId: string): Promise<string | undefined> {
    try {
      const command = new GetSecretValueCommand({ SecretId: id, VersionId: versionId });
      const { SecretString, SecretBinary } = await ask('GetSecretValue', id, () => client.send(command));
      return SecretString ?? (SecretBinary ? new TextDecoder().decode(SecretBinary) : undefined);
    } catch (error) {
      if (awsErrorName(error) === 'ResourceNotFoundException') return undefined;
      // So AWS says of a secret that is scheduled for deletion, among others.
      if (awsErrorName(error) === 'InvalidRequestException' && !(await describe(id))) return undefined;
      throw error;
    }
  }

  return {
    async *list(tag, value) {
      // Two independent prefix filters, not a pair: what they let through is looked at again.
      const Filters = [
        { Key: 'tag-key' as const, Values: [tag] },
        { Key: 'tag-value' as const, Values: [value] },
      ];
      let NextToken: string | undefined;
      do {
        const command = new ListSecretsCommand({ Filters, MaxResults: PAGE, NextToken });
        const page = await call('secretsmanager:ListSecrets', `tag ${tag}=${value}`, () => client.send(command));
        for (const entry of page.SecretList ?? []) {
          const secret = description({ ...entry, versions: entry.SecretVersionsToStages });
          if (!entry.DeletedDate && secret.tags[tag] === value) yield secret;
        }
        NextToken = nextPage('secretsmanager:ListSecrets', NextToken, page.NextToken);
      } while (NextToken);
    },

    describe,

    // Nobody makes a version's id up: one that isn't there is most likely not shown yet.
    read(id, versionId) {
      const isShown = (value: string | undefined) => (value === undefined) === (own.isScheduled(id) ?? false);
      return askAgain(() => readOnce(id, versionId), isShown, clock);
    },

    async create({ name, description, value, token, tags }) {
      try {
        const command = new CreateSecretCommand({
          Name: name,
          Description: description,
          SecretString: value,
          ClientRequestToken: token,
          Tags: tagList(tags),
          KmsKeyId: options.encryptionKey,
        });
        await ask('CreateSecret', name, () => client.send(command));
        own.note(name, {});
        return 'created';
      } catch (error) {
        switch (awsErrorName(error)) {
          case 'ResourceExistsException':
            own.note(name, {});
            return 'exists';
          // So AWS says of a name that is scheduled for deletion, among others.
          case 'InvalidRequestException':
            if (await describeAny(name)) return 'exists';
            throw error;
          default:
            throw error;
        }
      }
    },

    async put({ id, value, token, stage }) {
      try {
        const command = new PutSecretValueCommand({
          SecretId: id,
          SecretString: value,
          ClientRequestToken: token,
          VersionStages: [stage],
        });
        await ask('PutSecretValue', id, () => client.send(command));
        own.note(id, { stages: { [stage]: token } });
        return 'written';
      } catch (error) {
        if (awsErrorName(error) === 'ResourceExistsException') return 'taken';
        throw error;
      }
    },

    async moveStage(move) {
      try {
        const command = new UpdateSecretVersionStageCommand({
          SecretId: move.id,
          VersionStage: move.stage,
          MoveToVersionId: move.to,
          RemoveFromVersionId: move.from,
        });
        await ask('UpdateSecretVersionStage', move.id, () => client.send(command));
        own.note(move.id, { stages: { [move.stage]: move.to } });
        return 'moved';
      } catch (error) {
        return (await whereItIs(move, error)) ?? Promise.reject(error);
      }
    },

    async tag(id, tags) {
      if (Object.keys(tags).length === 0) return;
      const command = new TagResourceCommand({ SecretId: id, Tags: tagList(tags) });
      await ask('TagResource', id, () => client.send(command));
      own.note(id, { tags });
    },

    async untag(id, keys) {
      if (keys.length === 0) return;
      const command = new UntagResourceCommand({ SecretId: id, TagKeys: [...keys] });
      await ask('UntagResource', id, () => client.send(command));
      own.note(id, { tags: Object.fromEntries(keys.map((key) => [key, undefined])) });
    },

    describeScheduled: (id) => describeIf(id, 'scheduled'),

    async scheduleDeletion(id) {
      try {
        // Thirty days: https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_DeleteSecret.html
        await ask('DeleteSecret', id, () => client.send(new DeleteSecretCommand({ SecretId: id })));
        own.note(id, { scheduled: true });
      } catch (error) {
        if (awsErrorName(error) === 'ResourceNotFoundException') return;
        // So AWS says of a secret that is scheduled for deletion already, among others.
        if (awsErrorName(error) === 'InvalidRequestException' && (await describeAny(id))?.scheduled) return;
        throw error;
      }
    },

    async restore(id) {
      await ask('RestoreSecret', id, () => client.send(new RestoreSecretCommand({ SecretId: id })));
      own.note(id, { scheduled: false });
    },
  };

  /** AWS refuses a mismatch and a repetition alike: where the label is now tells one from the other. */
  async function whereItIs({ id, stage, to, from }: StageMove, error: unknown): Promise<'moved' | 'lost' | undefined> {
    const name = awsErrorName(error);
    if (name !== 'InvalidParameterException' && name !== 'ResourceNotFoundException') return undefined;
    // That it is where it has to be moved from contradicts the refusal, unless the version that it is moved to is missing.
    const secret = await askAgain(
      () => describe(id),
      (shown) => shown?.stages[stage] !== from,
      clock,
    );
    if (!secret || secret.stages[stage] === from) return undefined;
    return secret.stages[stage] === to ? 'moved' : 'lost';
  }
}

function description(secret: {
  readonly ARN?: string | undefined;
  readonly Name?: string | undefined;
  readonly Tags?: readonly Tag[] | undefined;
  readonly versions: Readonly<Record<string, readonly string[]>> | undefined;
}): SecretDescription {
  return {
    arn: secret.ARN ?? '',
    name: secret.Name ?? '',
    tags: Object.fromEntries((secret.Tags ?? []).map(({ Key, Value }) => [Key ?? '', Value ?? ''])),
    stages: Object.fromEntries(
      Object.entries(secret.versions ?? {}).flatMap(([version, labels]) => labels.map((label) => [label, version])),
    ),
  };
}

function tagList(tags: Readonly<Record<string, string>>): Tag[] {
  return Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
}
