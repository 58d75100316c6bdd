import {
  CreateSecretCommand,
  type CreateSecretRequest,
  DeleteSecretCommand,
  DescribeSecretCommand,
  type FilterNameStringType,
  GetSecretValueCommand,
  type GetSecretValueRequest,
  ListSecretsCommand,
  type ListSecretsRequest,
  ListSecretVersionIdsCommand,
  PutSecretValueCommand,
  type PutSecretValueRequest,
  RestoreSecretCommand,
  SecretsManagerClient,
  type Tag,
  TagResourceCommand,
  UntagResourceCommand,
  UpdateSecretVersionStageCommand,
} from '@aws-sdk/client-secrets-manager';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { SecretsManager } from './secrets-manager.ts';
import { startTestAws, type TestAws } from './test-aws.ts';
import { VirtualClock } from './virtual-clock.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const DAY = 24 * 60 * MINUTE;
const START = Date.UTC(2026, 10, 24);
const NAME = 'evercert/example.com';

let clock: VirtualClock;
let secrets: SecretsManager;
let aws: TestAws;
let client: SecretsManagerClient;

beforeEach(async () => {
  clock = new VirtualClock(START);
  secrets = new SecretsManager({ clock });
  aws = await startTestAws(clock, [secrets]);
  client = new SecretsManagerClient(aws.clientOptions());
});

afterEach(async () => {
  client.destroy();
  expect(aws.server.bugs).toEqual([]);
  await aws.stop();
});

/** A version id of 32 characters that a reader can tell from others. */
const token = (name: string) => name.padEnd(32, '-');

const create = (input: Partial<CreateSecretRequest> = {}) =>
  client.send(
    new CreateSecretCommand({ Name: NAME, SecretString: 'first', ClientRequestToken: token('first'), ...input }),
  );
const put = (value: string, more: Partial<PutSecretValueRequest> = {}) =>
  client.send(
    new PutSecretValueCommand({ SecretId: NAME, SecretString: value, ClientRequestToken: token(value), ...more }),
  );
const move = (VersionStage: string, to: string | undefined, from: string | undefined) =>
  client.send(
    new UpdateSecretVersionStageCommand({
      SecretId: NAME,
      VersionStage,
      MoveToVersionId: to && token(to),
      RemoveFromVersionId: from && token(from),
    }),
  );
const get = (more: Partial<GetSecretValueRequest> = {}) =>
  client.send(new GetSecretValueCommand({ SecretId: NAME, ...more }));
const describeSecret = (SecretId = NAME) => client.send(new DescribeSecretCommand({ SecretId }));
const list = (input: ListSecretsRequest = {}) => client.send(new ListSecretsCommand(input));
const remove = (more: object = {}) => client.send(new DeleteSecretCommand({ SecretId: NAME, ...more }));
const tag = (Tags: Tag[]) => client.send(new TagResourceCommand({ SecretId: NAME, Tags }));
const untag = (...TagKeys: string[]) => client.send(new UntagResourceCommand({ SecretId: NAME, TagKeys }));

/** Version names by label, as the API shows them. */
async function labels(): Promise<Record<string, string>> {
  const { VersionIdsToStages = {} } = await describeSecret();
  return Object.fromEntries(
    Object.entries(VersionIdsToStages).flatMap(([id, stages]) => stages.map((stage) => [stage, id.replace(/-+$/, '')])),
  );
}

/** The body of a request that no SDK has completed. */
async function raw(operation: string, body: string) {
  const response = await fetch(aws.server.url, {
    method: 'POST',
    headers: {
      'x-amz-target': `secretsmanager.${operation}`,
      authorization:
        'AWS4-HMAC-SHA256 Credential=AKIA/20261124/eu-central-1/secretsmanager/aws4_request, SignedHeaders=host, Signature=0',
    },
    body,
  });
  return { status: response.status, body: JSON.parse(await response.text()) as unknown };
}

const notFound = { name: 'ResourceNotFoundException', message: "Secrets Manager can't find the specified secret." };
const markedForDeletion = {
  name: 'InvalidRequestException',
  message: "You can't perform this operation on the secret because it was marked for deletion.",
};

describe('CreateSecret', () => {
  it('makes a secret whose first version is current', async () => {
    const created = await create({ Description: 'a pair', Tags: [{ Key: 'a', Value: 'b' }] });
    expect(created).toMatchObject({ Name: NAME, VersionId: token('first') });
    expect(created.ARN).toMatch(
      /^arn:aws:secretsmanager:eu-central-1:123456789012:secret:evercert\/example\.com-[A-Za-z0-9]{6}$/,
    );
    expect(await get()).toMatchObject({
      ARN: created.ARN,
      Name: NAME,
      SecretString: 'first',
      VersionId: token('first'),
      VersionStages: ['AWSCURRENT'],
      CreatedDate: new Date(START),
    });
    expect(await describeSecret()).toMatchObject({
      ARN: created.ARN,
      Description: 'a pair',
      Tags: [{ Key: 'a', Value: 'b' }],
      CreatedDate: new Date(START),
      LastChangedDate: new Date(START),
    });
  });

  it('makes a secret without a version when there is no value', async () => {
    const created = await create({ SecretString: undefined });
    expect(created.VersionId).toBeUndefined();
    expect((await describeSecret()).VersionIdsToStages).toBeUndefined();
    await expect(get()).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
      message: "Secrets Manager can't find the specified secret value for staging label: AWSCURRENT",
    });
  });

  it('ignores a repetition with the same token and value', async () => {
    const first = await create();
    expect(await create()).toMatchObject({ ARN: first.ARN, VersionId: first.VersionId });
    expect(secrets.secret(NAME)?.versions).toHaveLength(1);
  });

  it('refuses the same token with another value', async () => {
    const { ARN } = await create();
    await expect(create({ SecretString: 'other' })).rejects.toMatchObject({
      name: 'ResourceExistsException',
      message:
        `You can't use ClientRequestToken ${token('first')} because that value is already in use for a version of ` +
        `secret ${ARN}.`,
    });
  });

  it('refuses a name that is taken', async () => {
    await create();
    await expect(create({ ClientRequestToken: token('second') })).rejects.toMatchObject({
      name: 'ResourceExistsException',
      message: `The operation failed because the secret ${NAME} already exists.`,
    });
    expect(secrets.value(NAME)).toBe('first');
  });

  it('refuses the name of a secret that is scheduled for deletion', async () => {
    await create();
    await remove();
    await expect(create()).rejects.toMatchObject({
      name: 'InvalidRequestException',
      message: "You can't create this secret because a secret with this name is already scheduled for deletion.",
    });
  });

  it('keeps names to letters, digits and /_+=.@-, 512 of them at most', async () => {
    await create({ Name: 'Az09/_+=.@-' });
    await create({ Name: 'n'.repeat(512) });
    const invalidName = {
      name: 'ValidationException',
      message:
        'Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!',
    };
    for (const Name of ['*.example.com', 'a b', 'ä']) {
      await expect(create({ Name })).rejects.toMatchObject(invalidName);
    }
    await expect(create({ Name: 'n'.repeat(513) })).rejects.toMatchObject({ name: 'ValidationException' });
  });

  it('keeps regions apart', async () => {
    await create();
    const elsewhere = new SecretsManagerClient(aws.clientOptions('us-east-1'));
    await expect(elsewhere.send(new DescribeSecretCommand({ SecretId: NAME }))).rejects.toMatchObject(notFound);
    await elsewhere.send(new CreateSecretCommand({ Name: NAME, SecretString: 'there' }));
    expect(secrets.secrets().map(({ region }) => region)).toEqual(['eu-central-1', 'us-east-1']);
    expect(secrets.secrets('us-east-1')).toHaveLength(1);
  });
});

describe('a secret', () => {
  it('is found by name, ARN, and ARN without its random characters', async () => {
    const { ARN = '' } = await create();
    expect(await describeSecret(ARN)).toMatchObject({ Name: NAME });
    expect(await describeSecret(ARN.slice(0, -7))).toMatchObject({ ARN });
    await expect(describeSecret(`${ARN.slice(0, -6)}aaaaaa`)).rejects.toMatchObject(notFound);
    await expect(describeSecret('none')).rejects.toMatchObject(notFound);
  });

  it('has a name that may look like the end of an ARN', async () => {
    await create({ Name: 'pair-abcdef' });
    const { ARN } = await describeSecret('pair-abcdef');
    expect(await describeSecret(ARN)).toMatchObject({ Name: 'pair-abcdef' });
  });
});

describe('a value', () => {
  it('is text or binary, not both and not neither', async () => {
    await create({ SecretString: undefined, SecretBinary: Buffer.from([0, 255]) });
    expect(await get()).toMatchObject({ SecretBinary: new Uint8Array([0, 255]) });
    await expect(put('second', { SecretBinary: Buffer.from('b') })).rejects.toMatchObject({
      name: 'InvalidParameterException',
    });
    await expect(put('second', { SecretString: undefined })).rejects.toMatchObject({
      name: 'InvalidRequestException',
      message: 'You must provide either SecretString or SecretBinary.',
    });
  });

  it('has 65,536 bytes at most', async () => {
    await create({ SecretString: 'x'.repeat(65_536) });
    const tooLong = {
      name: 'ValidationException',
      message:
        "1 validation error detected: Value at 'secretString' failed to satisfy constraint: Member must have length " +
        'less than or equal to 65536',
    };
    const ClientRequestToken = token('second');
    await expect(put('x'.repeat(65_537), { ClientRequestToken })).rejects.toMatchObject(tooLong);
    await expect(put('ä'.repeat(32_769), { ClientRequestToken })).rejects.toMatchObject(tooLong);
    const SecretBinary = Buffer.alloc(65_537);
    const binary = put('', { ClientRequestToken, SecretString: undefined, SecretBinary });
    await expect(binary).rejects.toMatchObject({ name: 'ValidationException' });
  });

  it('is not empty', async () => {
    await expect(create({ SecretString: '' })).rejects.toMatchObject({ name: 'ValidationException' });
  });
});

describe('a ClientRequestToken', () => {
  it('has 32 to 64 characters', async () => {
    await create({ ClientRequestToken: 't'.repeat(64) });
    for (const ClientRequestToken of ['t'.repeat(31), 't'.repeat(65)]) {
      await expect(put('second', { ClientRequestToken })).rejects.toMatchObject({
        name: 'InvalidParameterException',
        message: 'ClientRequestToken must be 32-64 characters long.',
      });
    }
  });

  it('is made up by the SDK, not by the API', async () => {
    await create();
    const { VersionId } = await put('second', { ClientRequestToken: undefined });
    expect(VersionId).toMatch(/^[0-9a-f-]{36}$/);
    expect(await raw('PutSecretValue', JSON.stringify({ SecretId: NAME, SecretString: 'third' }))).toEqual({
      status: 400,
      body: {
        __type: 'InvalidRequestException',
        message: 'You must provide a ClientRequestToken value. We recommend a UUID-type value.',
      },
    });
  });
});

describe('PutSecretValue', () => {
  it('moves AWSCURRENT to the new version and AWSPREVIOUS to the one before', async () => {
    await create();
    expect(await put('second')).toMatchObject({ VersionId: token('second'), VersionStages: ['AWSCURRENT'] });
    expect(await labels()).toEqual({ AWSCURRENT: 'second', AWSPREVIOUS: 'first' });
    await put('third');
    expect(await labels()).toEqual({ AWSCURRENT: 'third', AWSPREVIOUS: 'second' });
  });

  it('with staging labels leaves AWSCURRENT where it is', async () => {
    await create();
    expect(await put('second', { VersionStages: ['B', 'A'] })).toMatchObject({ VersionStages: ['A', 'B'] });
    expect(await labels()).toEqual({ AWSCURRENT: 'first', A: 'second', B: 'second' });
  });

  it('takes its staging labels from other versions without asking', async () => {
    await create();
    await put('second', { VersionStages: ['A', 'B'] });
    await put('third', { VersionStages: ['B'] });
    expect(await labels()).toEqual({ AWSCURRENT: 'first', A: 'second', B: 'third' });
  });

  it('with AWSCURRENT among its labels moves AWSPREVIOUS too', async () => {
    await create();
    await put('second', { VersionStages: ['A', 'AWSCURRENT'] });
    expect(await labels()).toEqual({ AWSCURRENT: 'second', A: 'second', AWSPREVIOUS: 'first' });
  });

  it('makes the first version current, whatever its labels', async () => {
    await create({ SecretString: undefined });
    const answer = await put('first', { VersionStages: ['A'] });
    expect(answer.VersionStages).toEqual(['A', 'AWSCURRENT']);
    expect(await labels()).toEqual({ AWSCURRENT: 'first', A: 'first' });
  });

  it('with a known token and the same value succeeds and moves nothing', async () => {
    await create();
    await put('second');
    const repeated = await put('first', { VersionStages: ['AWSCURRENT', 'A'] });
    expect(repeated).toMatchObject({ VersionId: token('first'), VersionStages: ['AWSPREVIOUS'] });
    expect(await labels()).toEqual({ AWSCURRENT: 'second', AWSPREVIOUS: 'first' });
  });

  it('with a known token and another value is refused', async () => {
    await create();
    await expect(put('other', { ClientRequestToken: token('first') })).rejects.toMatchObject({
      name: 'ResourceExistsException',
      message: expect.stringContaining("You can't use ClientRequestToken first"),
    });
    const asBinary = put('', {
      ClientRequestToken: token('first'),
      SecretString: undefined,
      SecretBinary: Buffer.from('first'),
    });
    await expect(asBinary).rejects.toMatchObject({ name: 'ResourceExistsException' });
  });

  it('keeps twenty staging labels across all versions', async () => {
    await create();
    const names = (count: number) => Array.from({ length: count }, (_, index) => `L${index}`);
    await put('second', { VersionStages: names(19) });
    await expect(put('third', { VersionStages: ['L19'] })).rejects.toMatchObject({ name: 'LimitExceededException' });
    await put('third', { VersionStages: ['L18'] });
    await expect(put('fourth')).rejects.toMatchObject({ name: 'LimitExceededException' });
    expect(secrets.value(NAME)).toBe('first');
    await expect(move('L19', 'third', undefined)).rejects.toMatchObject({ name: 'LimitExceededException' });
  });

  it('purges deprecated versions older than a day beyond a hundred, and fails when there are none', async () => {
    secrets.settings.throttling = false;
    await create();
    for (let index = 1; index < 100; index += 1) await put(`v${index}`);
    await expect(put('v100')).rejects.toMatchObject({ name: 'LimitExceededException' });
    await clock.advance(DAY - SECOND);
    await expect(put('v100')).rejects.toMatchObject({ name: 'LimitExceededException' });
    await clock.advance(SECOND);
    await put('v100');
    await expect(get({ VersionId: token('first') })).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
    expect(await get({ VersionId: token('v1') })).toMatchObject({ SecretString: 'v1' });
    expect(secrets.secret(NAME)?.versions).toHaveLength(100);
  });

  it('refuses an empty list of labels', async () => {
    await create();
    await expect(put('second', { VersionStages: [] })).rejects.toMatchObject({ name: 'ValidationException' });
  });
});

describe('UpdateSecretVersionStage', () => {
  beforeEach(async () => {
    await create();
    await put('second', { VersionStages: ['PENDING'] });
  });

  it('moves AWSCURRENT from the version that it names, and AWSPREVIOUS to it', async () => {
    await move('AWSCURRENT', 'second', 'first');
    expect(await labels()).toEqual({ AWSCURRENT: 'second', AWSPREVIOUS: 'first', PENDING: 'second' });
    await move('AWSCURRENT', 'first', 'second');
    expect(await labels()).toEqual({ AWSCURRENT: 'first', AWSPREVIOUS: 'second', PENDING: 'second' });
  });

  it('refuses to move a label without the version that it is on', async () => {
    await expect(move('AWSCURRENT', 'second', undefined)).rejects.toMatchObject({
      name: 'InvalidParameterException',
      message:
        "The parameter RemoveFromVersionId can't be empty. Staging label AWSCURRENT is currently attached to version " +
        `${token('first')}, so you must explicitly reference that version in RemoveFromVersionId.`,
    });
    await expect(move('PENDING', 'first', undefined)).rejects.toMatchObject({ name: 'InvalidParameterException' });
    expect(await labels()).toEqual({ AWSCURRENT: 'first', PENDING: 'second' });
  });

  it('refuses to move a label from a version that it is not on', async () => {
    await put('third', { VersionStages: ['OTHER'] });
    const mismatch = { name: 'InvalidParameterException' };
    await expect(move('AWSCURRENT', 'third', 'second')).rejects.toMatchObject(mismatch);
    await move('AWSCURRENT', 'second', 'first');
    await expect(move('AWSCURRENT', 'second', 'first')).rejects.toMatchObject(mismatch);
    await expect(move('NEW', 'third', 'first')).rejects.toMatchObject(mismatch);
    expect(await labels()).toEqual({ AWSCURRENT: 'second', AWSPREVIOUS: 'first', PENDING: 'second', OTHER: 'third' });
  });

  it('adds a label that no version has', async () => {
    await move('GOOD', 'first', undefined);
    expect(await labels()).toEqual({ AWSCURRENT: 'first', GOOD: 'first', PENDING: 'second' });
  });

  it('leaves a label alone that is on the version already', async () => {
    await move('AWSCURRENT', 'first', undefined);
    expect(await labels()).toEqual({ AWSCURRENT: 'first', PENDING: 'second' });
  });

  it('removes a label, but never AWSCURRENT', async () => {
    await move('PENDING', undefined, 'second');
    expect(await labels()).toEqual({ AWSCURRENT: 'first' });
    await expect(move('AWSCURRENT', undefined, 'first')).rejects.toMatchObject({
      name: 'InvalidParameterException',
      message:
        "You can only move staging label AWSCURRENT to a different secret version. It can't be completely removed.",
    });
    await expect(move('PENDING', undefined, undefined)).rejects.toMatchObject({ name: 'InvalidParameterException' });
  });

  it('knows no version that does not exist', async () => {
    await expect(move('AWSCURRENT', 'none', 'first')).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
  });
});

describe('a deprecated version', () => {
  beforeEach(async () => {
    await create();
    await put('second');
    await put('third');
  });

  it('can be read by its id, without labels', async () => {
    const version = await get({ VersionId: token('first') });
    expect(version).toMatchObject({ SecretString: 'first', VersionId: token('first') });
    expect(version.VersionStages).toBeUndefined();
  });

  it('is listed only when it is asked for', async () => {
    const ids = async (IncludeDeprecated: boolean) => {
      const command = new ListSecretVersionIdsCommand({ SecretId: NAME, IncludeDeprecated });
      return (await client.send(command)).Versions?.map(({ VersionId = '' }) => VersionId.replace(/-+$/, ''));
    };
    expect(await ids(false)).toEqual(['second', 'third']);
    expect(await ids(true)).toEqual(['first', 'second', 'third']);
    expect(await labels()).toEqual({ AWSCURRENT: 'third', AWSPREVIOUS: 'second' });
  });

  it('is on a page like any other', async () => {
    const page = (NextToken?: string) =>
      client.send(
        new ListSecretVersionIdsCommand({ SecretId: NAME, IncludeDeprecated: true, MaxResults: 2, NextToken }),
      );
    const first = await page();
    expect(first.Versions).toHaveLength(2);
    const second = await page(first.NextToken);
    expect(second.Versions).toMatchObject([{ VersionId: token('third') }]);
    expect(second.NextToken).toBeUndefined();
  });
});

describe('GetSecretValue', () => {
  it('reads by label and by id, which must agree', async () => {
    await create();
    await put('second');
    expect(await get({ VersionStage: 'AWSPREVIOUS' })).toMatchObject({ SecretString: 'first' });
    expect(await get({ VersionId: token('second'), VersionStage: 'AWSCURRENT' })).toMatchObject({
      SecretString: 'second',
    });
    await expect(get({ VersionId: token('second'), VersionStage: 'AWSPREVIOUS' })).rejects.toMatchObject({
      name: 'InvalidRequestException',
      message: 'You provided a VersionStage that is not associated to the provided VersionId.',
    });
  });

  it('names what it does not find', async () => {
    await create();
    const missing = (what: string) => ({
      name: 'ResourceNotFoundException',
      message: `Secrets Manager can't find the specified secret value for ${what}`,
    });
    await expect(get({ VersionStage: 'AWSPREVIOUS' })).rejects.toMatchObject(missing('staging label: AWSPREVIOUS'));
    const VersionId = token('none');
    await expect(get({ VersionId })).rejects.toMatchObject(missing(`VersionId: ${VersionId}`));
  });
});

describe('tags', () => {
  const refusals: [string, Tag, string][] = [
    ['a key of more than 128 characters', { Key: 'k'.repeat(129), Value: '' }, 'ValidationException'],
    ['a value of more than 256 characters', { Key: 'k', Value: 'v'.repeat(257) }, 'ValidationException'],
    ['a key that begins with aws:', { Key: 'aws:k', Value: '' }, 'InvalidParameterException'],
    ['a key that begins with AWS:', { Key: 'AWS:k', Value: '' }, 'InvalidParameterException'],
    ['a star in a key', { Key: '*', Value: '' }, 'InvalidParameterException'],
    ['a star in a value', { Key: 'k', Value: '*.example.com' }, 'InvalidParameterException'],
    ['a comma in a value', { Key: 'k', Value: 'a,b' }, 'InvalidParameterException'],
  ];

  it.each(refusals)('refuse %s', async (_what, refused, name) => {
    await create();
    await expect(tag([refused])).rejects.toMatchObject({ name });
    await expect(create({ Name: 'other', Tags: [refused] })).rejects.toMatchObject({ name });
    expect(secrets.secret(NAME)?.tags).toEqual({});
  });

  it('take letters of any script, digits, spaces and _.:/=+-@', async () => {
    await create();
    await tag([{ Key: 'clé 1_.:/=+-@', Value: `é 1_.:/=+-@${'v'.repeat(244)}` }]);
    expect(Object.keys(secrets.secret(NAME)?.tags ?? {})).toEqual(['clé 1_.:/=+-@']);
  });

  it('are set without touching others, and removed whether they are there or not', async () => {
    await create({
      Tags: [
        { Key: 'a', Value: '1' },
        { Key: 'b', Value: '1' },
      ],
    });
    await tag([
      { Key: 'b', Value: '2' },
      { Key: 'c', Value: '' },
    ]);
    expect(secrets.secret(NAME)?.tags).toEqual({ a: '1', b: '2', c: '' });
    await untag('a', 'none');
    expect((await describeSecret()).Tags).toEqual([
      { Key: 'b', Value: '2' },
      { Key: 'c', Value: '' },
    ]);
  });

  it('are fifty at most', async () => {
    await create({ Tags: Array.from({ length: 50 }, (_, index) => ({ Key: `k${index}`, Value: '' })) });
    await tag([{ Key: 'k0', Value: 'again' }]);
    await expect(tag([{ Key: 'k50', Value: '' }])).rejects.toMatchObject({ name: 'InvalidParameterException' });
    await untag('k0');
    await tag([{ Key: 'k50', Value: '' }]);
  });
});

describe('a secret that is scheduled for deletion', () => {
  it('is there for the recovery window, 30 days unless told, and then gone', async () => {
    await create();
    const { DeletionDate } = await remove();
    expect(DeletionDate).toEqual(new Date(START + 30 * DAY));
    expect(await describeSecret()).toMatchObject({ DeletedDate: new Date(START + 30 * DAY) });
    await clock.advance(30 * DAY - 1);
    await describeSecret();
    await clock.advance(1);
    await expect(describeSecret()).rejects.toMatchObject(notFound);
    await create();
  });

  it('has a recovery window of 7 to 30 days', async () => {
    await create();
    for (const RecoveryWindowInDays of [6, 31]) {
      await expect(remove({ RecoveryWindowInDays })).rejects.toMatchObject({
        name: 'InvalidParameterException',
        message: 'The RecoveryWindowInDays value must be between 7 and 30 days (inclusive).',
      });
    }
    expect((await remove({ RecoveryWindowInDays: 7 })).DeletionDate).toEqual(new Date(START + 7 * DAY));
  });

  it('can be described and restored, and its versions listed, but nothing else', async () => {
    await create();
    await remove();
    const refused = [
      () => get(),
      () => put('second'),
      () => move('A', 'first', undefined),
      () => tag([{ Key: 'a', Value: 'b' }]),
      () => untag('a'),
      () => remove(),
    ];
    for (const attempt of refused) await expect(attempt()).rejects.toMatchObject(markedForDeletion);
    expect(await labels()).toEqual({ AWSCURRENT: 'first' });
    await client.send(new ListSecretVersionIdsCommand({ SecretId: NAME }));
    await client.send(new RestoreSecretCommand({ SecretId: NAME }));
    expect(await get()).toMatchObject({ SecretString: 'first' });
    expect((await describeSecret()).DeletedDate).toBeUndefined();
  });

  it('is gone at once with ForceDeleteWithoutRecovery, and its name is free', async () => {
    const { ARN } = await create();
    await remove();
    await remove({ ForceDeleteWithoutRecovery: true });
    await expect(describeSecret()).rejects.toMatchObject(notFound);
    await remove({ ForceDeleteWithoutRecovery: true });
    expect((await create()).ARN).not.toBe(ARN);
    const both = remove({ ForceDeleteWithoutRecovery: true, RecoveryWindowInDays: 7 });
    await expect(both).rejects.toMatchObject({
      name: 'InvalidParameterException',
      message: "You can't use ForceDeleteWithoutRecovery in conjunction with RecoveryWindowInDays.",
    });
  });
});

describe('ListSecrets', () => {
  const names = async (input: ListSecretsRequest = {}) => (await list(input)).SecretList?.map(({ Name }) => Name);
  const filtered = (...filters: [FilterNameStringType, ...string[]][]) =>
    names({ Filters: filters.map(([Key, ...Values]) => ({ Key, Values })) });

  it('shows tags and labels, without deprecated versions', async () => {
    await create({ Tags: [{ Key: 'a', Value: 'b' }] });
    await put('second');
    await put('third');
    expect((await list()).SecretList).toMatchObject([
      {
        Name: NAME,
        Tags: [{ Key: 'a', Value: 'b' }],
        SecretVersionsToStages: { [token('second')]: ['AWSPREVIOUS'], [token('third')]: ['AWSCURRENT'] },
      },
    ]);
  });

  it('leaves out what is scheduled for deletion unless told', async () => {
    await create();
    await remove();
    expect(await names()).toEqual([]);
    expect((await list({ IncludePlannedDeletion: true })).SecretList).toMatchObject([
      { Name: NAME, DeletedDate: expect.any(Date) },
    ]);
  });

  it('pages, a hundred at most', async () => {
    for (let index = 0; index < 101; index += 1) secrets.create(`s${index}`, 'value');
    const first = await list();
    expect(first.SecretList).toHaveLength(100);
    const second = await list({ NextToken: first.NextToken });
    expect(second.SecretList).toMatchObject([{ Name: 's100' }]);
    expect(second.NextToken).toBeUndefined();
    expect((await list({ MaxResults: 3 })).SecretList).toHaveLength(3);
    for (const MaxResults of [0, 101]) {
      await expect(list({ MaxResults })).rejects.toMatchObject({ name: 'ValidationException' });
    }
    await expect(list({ NextToken: 'none' })).rejects.toMatchObject({ name: 'InvalidNextTokenException' });
  });

  it('skips nothing when a secret goes between two pages', async () => {
    for (const name of ['a', 'b', 'c']) secrets.create(name, 'value');
    const { NextToken } = await list({ MaxResults: 2 });
    secrets.delete('a');
    expect(await names({ NextToken })).toEqual(['c']);
  });

  it('shows the newest first when told', async () => {
    for (const name of ['a', 'b', 'c']) secrets.create(name, 'value');
    expect(await names({ SortOrder: 'desc' })).toEqual(['c', 'b', 'a']);
  });

  describe('filters', () => {
    beforeEach(async () => {
      secrets.create('evercert/a', 'value', { 'evercert:renewer': 'evercert', team: 'web' });
      secrets.create('evercert/b', 'value', { 'evercert:renewer': 'evercert-test' });
      secrets.create('Evercert/c', 'value', { team: 'evercert' });
      await create({ Name: 'legacy', Description: 'The Old Pair', Tags: [{ Key: 'Team', Value: 'Web' }] });
    });

    it('match the beginning of a name, in the same case', async () => {
      expect(await filtered(['name', 'evercert/'])).toEqual(['evercert/a', 'evercert/b']);
      expect(await filtered(['name', 'a'])).toEqual([]);
    });

    it('match the beginning of a tag, in the same case: another value may come with the one that was meant', async () => {
      expect(await filtered(['tag-key', 'team'])).toEqual(['evercert/a', 'Evercert/c']);
      expect(await filtered(['tag-value', 'evercert'])).toEqual(['evercert/a', 'evercert/b', 'Evercert/c']);
    });

    it('know nothing of each other: key and value may be of different tags', async () => {
      expect(await filtered(['tag-key', 'team'], ['tag-value', 'evercert'])).toEqual(['evercert/a', 'Evercert/c']);
    });

    it('take any of several values, all of several filters', async () => {
      expect(await filtered(['name', 'legacy', 'Evercert'])).toEqual(['Evercert/c', 'legacy']);
      expect(await filtered(['name', 'evercert'], ['tag-key', 'team'])).toEqual(['evercert/a']);
    });

    it('are negated by an exclamation mark', async () => {
      expect(await filtered(['name', '!evercert'])).toEqual(['Evercert/c', 'legacy']);
      expect(await filtered(['tag-key', '!evercert:renewer'])).toEqual(['Evercert/c', 'legacy']);
    });

    it('find words in descriptions, and in everything, in any case', async () => {
      expect(await filtered(['description', 'old pa'])).toEqual(['legacy']);
      expect(await filtered(['all', 'WEB'])).toEqual(['evercert/a', 'legacy']);
    });

    it('match no owning service and no primary region, because there is none', async () => {
      expect(await filtered(['owning-service', 'rds'])).toEqual([]);
      expect(await filtered(['primary-region', 'eu-central-1'])).toEqual([]);
    });

    it('have keys that AWS knows, and values', async () => {
      await expect(filtered(['tags' as FilterNameStringType, 'a'])).rejects.toMatchObject({
        name: 'ValidationException',
        message: expect.stringContaining("Value 'tags' at 'filters.1.member.key' failed to satisfy constraint"),
      });
      await expect(filtered(['name'])).rejects.toMatchObject({ name: 'InvalidParameterException' });
    });
  });

  it('shows the state as it was so long ago', async () => {
    secrets.settings.listStalenessMilliseconds = 5 * MINUTE;
    await create();
    expect(await names()).toEqual([]);
    await clock.advance(5 * MINUTE);
    expect(await names()).toEqual([NAME]);
    await tag([{ Key: 'a', Value: 'b' }]);
    await put('second');
    expect((await list()).SecretList).toMatchObject([{ SecretVersionsToStages: { [token('first')]: ['AWSCURRENT'] } }]);
    expect((await list()).SecretList?.[0]?.Tags).toBeUndefined();
    expect(await labels()).toEqual({ AWSCURRENT: 'second', AWSPREVIOUS: 'first' });
    await clock.advance(5 * MINUTE);
    expect((await list()).SecretList).toMatchObject([{ Tags: [{ Key: 'a', Value: 'b' }] }]);
    await remove({ ForceDeleteWithoutRecovery: true });
    expect(await names()).toEqual([NAME]);
    await clock.advance(5 * MINUTE);
    expect(await names()).toEqual([]);
  });
});

describe('reads', () => {
  const SOON = 2 * SECOND;
  const missing = { name: 'ResourceNotFoundException' };
  const read = (value: string) => client.send(new GetSecretValueCommand({ SecretId: NAME, VersionId: token(value) }));

  beforeEach(() => {
    secrets.settings.readStalenessMilliseconds = SOON;
  });

  it('show a secret and its versions after a while, though nobody can create them again', async () => {
    await create();
    await expect(describeSecret()).rejects.toMatchObject(missing);
    await expect(read('first')).rejects.toMatchObject(missing);
    await expect(create({ ClientRequestToken: token('other') })).rejects.toMatchObject({
      name: 'ResourceExistsException',
    });
    await clock.advance(SOON);
    expect((await describeSecret()).VersionIdsToStages).toEqual({ [token('first')]: ['AWSCURRENT'] });
    await put('second');
    await expect(read('second')).rejects.toMatchObject(missing);
    await clock.advance(SOON);
    expect(await read('second')).toMatchObject({ SecretString: 'second', VersionStages: ['AWSCURRENT'] });
  });

  it('show labels and tags as they were, while writes compare with what they are', async () => {
    await create();
    await put('second');
    await clock.advance(SOON);
    await move('AWSCURRENT', 'first', 'second');
    await tag([{ Key: 'a', Value: 'b' }]);
    const before = await describeSecret();
    expect(before.VersionIdsToStages).toMatchObject({ [token('second')]: ['AWSCURRENT'] });
    expect(before.Tags).toBeUndefined();
    await expect(move('AWSCURRENT', 'first', 'second')).rejects.toMatchObject({ name: 'InvalidParameterException' });
    await clock.advance(SOON);
    expect((await describeSecret()).VersionIdsToStages).toMatchObject({ [token('first')]: ['AWSCURRENT'] });
    expect((await describeSecret()).Tags).toEqual([{ Key: 'a', Value: 'b' }]);
    await untag('a');
    expect((await describeSecret()).Tags).toEqual([{ Key: 'a', Value: 'b' }]);
  });

  it('show a secret for a while after it was scheduled for deletion, restored, or deleted', async () => {
    await create();
    await clock.advance(SOON);
    await remove();
    expect((await describeSecret()).DeletedDate).toBeUndefined();
    expect(await read('first')).toMatchObject({ SecretString: 'first' });
    await expect(put('second')).rejects.toMatchObject({ name: 'InvalidRequestException' });
    await clock.advance(SOON);
    expect((await describeSecret()).DeletedDate).toBeDefined();
    await client.send(new RestoreSecretCommand({ SecretId: NAME }));
    await expect(read('first')).rejects.toMatchObject({ name: 'InvalidRequestException' });
    await clock.advance(SOON);
    await remove({ ForceDeleteWithoutRecovery: true });
    expect(await read('first')).toMatchObject({ SecretString: 'first' });
    await clock.advance(SOON);
    await expect(describeSecret()).rejects.toMatchObject(missing);
  });
});

describe('throttling', () => {
  const throttled = { name: 'ThrottlingException', message: 'Rate exceeded' };

  it('gives PutSecretValue and UpdateSecretVersionStage one bucket of 50 a second', async () => {
    await create();
    for (let index = 0; index < 49; index += 1) await put('first');
    await move('A', 'first', undefined);
    await expect(put('first')).rejects.toMatchObject(throttled);
    await expect(move('A', 'first', undefined)).rejects.toMatchObject(throttled);
    await tag([{ Key: 'a', Value: 'b' }]);
    await clock.advance(20);
    await put('first');
    await expect(put('first')).rejects.toMatchObject(throttled);
  });

  it('gives TagResource and UntagResource one bucket of 50 a second', async () => {
    await create();
    for (let index = 0; index < 50; index += 1) await untag('a');
    await expect(tag([{ Key: 'a', Value: 'b' }])).rejects.toMatchObject(throttled);
  });

  it('lets a hundred lists pass', async () => {
    for (let index = 0; index < 100; index += 1) await list();
    await expect(list()).rejects.toMatchObject(throttled);
    const elsewhere = new SecretsManagerClient(aws.clientOptions('us-east-1'));
    await elsewhere.send(new ListSecretsCommand({}));
  });

  it('lets fifty creations pass, and can be reset and turned off', async () => {
    for (let index = 0; index < 50; index += 1) await create({ Name: `s${index}` });
    await expect(create()).rejects.toMatchObject(throttled);
    secrets.resetThrottling();
    await create();
    secrets.settings.throttling = false;
    for (let index = 0; index < 60; index += 1) await create();
  });
});

describe('a malformed request', () => {
  it('is no JSON, or has members of another type', async () => {
    for (const body of ['{', '[]', '{"SecretId":1}']) {
      expect(await raw('DescribeSecret', body)).toMatchObject({
        status: 400,
        body: { __type: 'SerializationException' },
      });
    }
  });

  it('lacks what is required', async () => {
    expect(await raw('DescribeSecret', '{}')).toMatchObject({
      status: 400,
      body: {
        __type: 'ValidationException',
        message:
          "1 validation error detected: Value null at 'secretId' failed to satisfy constraint: Member must not be null",
      },
    });
  });
});

describe('for tests', () => {
  it('somebody edits a value by hand', async () => {
    await create();
    const id = secrets.overwrite(NAME, 'edited');
    expect(secrets.value(NAME)).toBe('edited');
    expect(secrets.value(NAME, 'AWSPREVIOUS')).toBe('first');
    expect(secrets.value(NAME, token('first'))).toBe('first');
    expect(secrets.versionId(NAME, 'AWSCURRENT')).toBe(id);
  });

  it('the history has every state', async () => {
    await create();
    await clock.advance(MINUTE);
    await put('second');
    secrets.tag(NAME, { a: 'b' });
    secrets.untag(NAME, ['a']);
    secrets.delete(NAME);
    expect(secrets.history(NAME)).toMatchObject([
      { at: START, operation: 'CreateSecret', secret: { stages: { AWSCURRENT: token('first') } } },
      { at: START + MINUTE, operation: 'PutSecretValue', secret: { stages: { AWSCURRENT: token('second') } } },
      { operation: 'tag', secret: { tags: { a: 'b' } } },
      { operation: 'untag', secret: { tags: {} } },
      { operation: 'delete', secret: undefined },
    ]);
    expect(secrets.secret(NAME)).toBeUndefined();
  });
});
