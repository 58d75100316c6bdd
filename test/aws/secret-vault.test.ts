import {
  DescribeSecretCommand,
  GetSecretValueCommand,
  PutSecretValueCommand,
  type SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type AwsClients, createAwsClients } from '../../lambdas/aws/clients.ts';
import { createSecretVault } from '../../lambdas/aws/secret-vault.ts';
import { DAY, MINUTE, SECOND } from '../../lambdas/core/duration.ts';
import type { SecretVault } from '../../lambdas/renewal/ports/secret-vault.ts';
import { secretVaultContract, token } from '../contracts/secret-vault.contract.ts';
import { SecretsManager } from '../sandbox/secrets-manager.ts';
import { type AwsWorld, startAwsWorld } from './aws-world.ts';

let world: AwsWorld;
let secrets: SecretsManager;
let clients: AwsClients;
let client: SecretsManagerClient;
let vault: SecretVault;

async function start() {
  world = await startAwsWorld(({ clock }) => {
    secrets = new SecretsManager({ clock });
    return [secrets];
  });
  clients = createAwsClients({ clock: world.clock });
  client = clients.secretsManager;
  vault = createSecretVault(client, { clock: world.clock });
}

async function stop() {
  clients.destroy();
  await world.stop();
}

secretVaultContract('Secrets Manager', async () => {
  await start();
  return {
    vault,
    settle: () => world.clock.advance(5 * MINUTE),
    stop,
  };
});

secretVaultContract('Secrets Manager, whose reads are two seconds behind,', async () => {
  await start();
  secrets.settings.readStalenessMilliseconds = 2 * SECOND;
  return {
    vault,
    settle: () => world.clock.advance(5 * MINUTE),
    stop,
  };
});

describe('the vault in Secrets Manager', () => {
  beforeEach(start);
  afterEach(stop);

  const create = (value = 'first') =>
    vault.create({ name: 'evercert/a', description: 'made by a test', value, token: token(1), tags: { a: '1' } });
  const put = (value: string) => vault.put({ id: 'evercert/a', value, token: token(2), stage: 'ACME_PENDING' });
  const move = () => vault.moveStage({ id: 'evercert/a', stage: 'AWSCURRENT', from: token(1), to: token(2) });
  const stages = async () => (await vault.describe('evercert/a'))?.stages;
  const loseAnswers = (operation: string, times: number) =>
    world.faults.add({ operation: `secretsmanager:${operation}`, phase: 'after', times, drop: true });

  it('encrypts new secrets with the key that it is given, and with AWS’s own otherwise', async () => {
    const encryptionKey = 'arn:aws:kms:eu-central-1:123456789012:key/1';
    const secret = { description: '', value: 'first', token: token(1), tags: {} };
    await createSecretVault(client, { clock: world.clock, encryptionKey }).create({ ...secret, name: 'evercert/ours' });
    await vault.create({ ...secret, name: 'evercert/theirs' });
    const keys = await Promise.all(
      ['evercert/ours', 'evercert/theirs'].map(
        async (SecretId) => (await client.send(new DescribeSecretCommand({ SecretId }))).KmsKeyId,
      ),
    );
    expect(keys).toEqual([encryptionKey, undefined]);
  });

  it('creates a secret once when the answer is lost', async () => {
    loseAnswers('CreateSecret', 2);
    expect(await create()).toBe('created');
    expect(await stages()).toEqual({ AWSCURRENT: token(1) });
  });

  it('writes a version once when the answer is lost', async () => {
    await create();
    loseAnswers('PutSecretValue', 2);
    expect(await put('second')).toBe('written');
    expect(await stages()).toEqual({ AWSCURRENT: token(1), ACME_PENDING: token(2) });
  });

  it('does not take a version of somebody else for its own when the answer is lost', async () => {
    await create();
    await put('theirs');
    loseAnswers('PutSecretValue', 1);
    expect(await put('ours')).toBe('taken');
  });

  it('moves a label once when the answer is lost', async () => {
    await create();
    await put('second');
    loseAnswers('UpdateSecretVersionStage', 2);
    expect(await move()).toBe('moved');
    expect(await stages()).toEqual({ AWSCURRENT: token(2), AWSPREVIOUS: token(1), ACME_PENDING: token(2) });
  });

  it('sets and removes tags when the answer is lost', async () => {
    await create();
    loseAnswers('TagResource', 1);
    loseAnswers('UntagResource', 1);
    await vault.tag('evercert/a', { b: '2' });
    await vault.untag('evercert/a', ['a']);
    expect((await vault.describe('evercert/a'))?.tags).toEqual({ b: '2' });
  });

  it('asks once when the answer shows what was written', async () => {
    await create();
    await put('second');
    await vault.tag('evercert/a', { b: '2' });
    await vault.describe('evercert/a');
    await vault.read('evercert/a', token(2));
    expect(world.calls.of('secretsmanager:DescribeSecret')).toBe(1);
    expect(world.calls.of('secretsmanager:GetSecretValue')).toBe(1);
  });

  it('believes after four seconds that somebody else has written since, and asks once from then on', async () => {
    await create();
    await vault.tag('evercert/a', { a: 'ours' });
    secrets.tag('evercert/a', { a: 'theirs' });
    const before = world.clock.now();
    expect((await vault.describe('evercert/a'))?.tags).toEqual({ a: 'theirs' });
    expect(world.clock.now() - before).toBeLessThan(4 * SECOND);
    expect(world.calls.of('secretsmanager:DescribeSecret')).toBe(5);
    await vault.describe('evercert/a');
    expect(world.calls.of('secretsmanager:DescribeSecret')).toBe(6);
  });

  it('believes at once what does not show its writes of more than ten seconds ago', async () => {
    await create();
    await vault.tag('evercert/a', { a: 'ours' });
    secrets.tag('evercert/a', { a: 'theirs' });
    await world.clock.advance(10 * SECOND);
    expect((await vault.describe('evercert/a'))?.tags).toEqual({ a: 'theirs' });
    expect(world.calls.of('secretsmanager:DescribeSecret')).toBe(1);
  });

  it('knows that it has moved a label when the answer is lost and reads are behind', async () => {
    await create();
    await put('second');
    secrets.settings.readStalenessMilliseconds = 2 * SECOND;
    // What it knows of its own writes does not help: they were long ago.
    await world.clock.advance(10 * SECOND);
    loseAnswers('UpdateSecretVersionStage', 1);
    expect(await move()).toBe('moved');
  });

  it('reads a binary value as text', async () => {
    await create();
    const command = new PutSecretValueCommand({
      SecretId: 'evercert/a',
      SecretBinary: Buffer.from('binär'),
      ClientRequestToken: token(3),
    });
    await client.send(command);
    expect(await vault.read('evercert/a', token(3))).toBe('binär');
  });

  it('stores a value as text', async () => {
    await create('{"a":1}');
    const { SecretString } = await client.send(new GetSecretValueCommand({ SecretId: 'evercert/a' }));
    expect(SecretString).toBe('{"a":1}');
  });

  it('asks for 100 secrets at a time', async () => {
    for (let count = 0; count < 201; count += 1) {
      await vault.create({ name: `s${count}`, description: '', value: 'x', token: token(1), tags: { r: 'evercert' } });
    }
    await world.clock.advance(5 * MINUTE);
    const names = [];
    for await (const { name } of vault.list('r', 'evercert')) names.push(name);
    expect(new Set(names).size).toBe(201);
    expect(world.calls.of('secretsmanager:ListSecrets')).toBe(3);
  });

  it('has Secrets Manager filter: other secrets are not sent', async () => {
    const answers = new Set<unknown>();
    client.middlewareStack.add(
      (next) => async (request) => {
        const answer = await next(request);
        answers.add((answer.output as { SecretList?: unknown[] }).SecretList?.length);
        return answer;
      },
      { step: 'initialize' },
    );
    for (const renewer of ['evercert', 'other']) {
      await vault.create({ name: renewer, description: '', value: 'x', token: token(1), tags: { r: renewer } });
    }
    await world.clock.advance(5 * MINUTE);
    answers.clear();
    for await (const { name } of vault.list('r', 'evercert')) expect(name).toBe('evercert');
    expect([...answers]).toEqual([1]);
  });

  it('waits while Secrets Manager throttles', async () => {
    const error = { status: 400, name: 'ThrottlingException', message: 'Rate exceeded' };
    world.faults.add({ operation: 'secretsmanager:*', times: 9, error });
    expect(await create()).toBe('created');
  });

  it('schedules a deletion and takes it back when the answers are lost', async () => {
    await create();
    loseAnswers('DeleteSecret', 1);
    loseAnswers('RestoreSecret', 1);
    await vault.scheduleDeletion('evercert/a');
    const [scheduled] = secrets.secrets();
    expect(scheduled?.deletionAt).toBe((scheduled?.changedAt ?? 0) + 30 * DAY);
    await vault.restore('evercert/a');
    expect(await stages()).toEqual({ AWSCURRENT: token(1) });
  });

  it.each([
    'list',
    'describe',
    'read',
    'create',
    'put',
    'moveStage',
    'tag',
    'untag',
    'describeScheduled',
    'scheduleDeletion',
    'restore',
  ] as const)('passes on what AWS says when %s is denied', async (operation) => {
    await create();
    const message = 'User: arn:aws:sts::123456789012:assumed-role/renew is not authorized';
    world.faults.add({
      operation: 'secretsmanager:*',
      error: { status: 400, name: 'AccessDeniedException', message },
    });
    const asked = {
      list: async () => {
        for await (const _ of vault.list('r', 'evercert'));
      },
      describe: () => vault.describe('evercert/a'),
      read: () => vault.read('evercert/a', token(1)),
      create: () => create(),
      put: () => put('hush'),
      moveStage: () => move(),
      tag: () => vault.tag('evercert/a', { b: '2' }),
      untag: () => vault.untag('evercert/a', ['a']),
      describeScheduled: () => vault.describeScheduled('evercert/a'),
      scheduleDeletion: () => vault.scheduleDeletion('evercert/a'),
      restore: () => vault.restore('evercert/a'),
    }[operation]();
    await expect(asked).rejects.toMatchObject({ code: 'access-denied', message: expect.stringContaining(message) });
    await expect(asked).rejects.not.toMatchObject({ message: expect.stringContaining('hush') });
  });

  it('does not quote a value that is too long', async () => {
    await create();
    const value = 'hush'.repeat(20_000);
    const failure = await put(value).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'aws-refused' });
    expect(String(failure)).not.toContain('hush');
  });
});
