import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { HOUR, MINUTE } from '../../lambdas/core/duration.ts';
import { parseSettings } from '../../lambdas/core/settings.ts';
import type { ProvisionPorts } from '../../lambdas/renewal/provision/provision-run.ts';
import { provision } from '../../lambdas/renewal/provision.ts';
import { MemoryAnswers } from '../fakes/memory-answers.ts';
import { MemoryStarter } from '../fakes/memory-starter.ts';
import { MemoryTargets } from '../fakes/memory-targets.ts';
import { MemoryVault } from '../fakes/memory-vault.ts';
import { VirtualClock } from '../sandbox/virtual-clock.ts';

const settings = parseSettings({});
const STACK = 'arn:aws:cloudformation:eu-central-1:123456789012:stack/web/1111';
const OTHER = 'arn:aws:cloudformation:eu-central-1:123456789012:stack/other/2222';
const SECRET = 'evercert/leane.dev';

describe('provision', () => {
  let clock: VirtualClock;
  let vault: MemoryVault;
  let starter: MemoryStarter;
  let targets: MemoryTargets;
  let answers: MemoryAnswers;
  let log: { level: string; message: string }[];
  let requests: number;

  beforeEach(() => {
    clock = new VirtualClock(Date.parse('2026-11-01T00:00:00Z'));
    vault = new MemoryVault();
    starter = new MemoryStarter();
    targets = new MemoryTargets();
    answers = new MemoryAnswers();
    log = [];
    requests = 0;
  });
  afterEach(() => clock.close());

  const ports = (): ProvisionPorts => {
    const write = (level: string) => (message: string) => void log.push({ level, message });
    return {
      vault,
      starter,
      targets,
      answers,
      clock,
      log: { info: write('info'), warn: write('warn'), error: write('error') },
    };
  };
  const event = (type: string, more: object = {}, properties: object = {}) => {
    requests += 1;
    return {
      RequestType: type,
      ResponseURL: 'https://bucket.example/answer?X-Amz-Signature=abc',
      StackId: STACK,
      RequestId: `request-${requests}`,
      LogicalResourceId: 'Certificate',
      ResourceType: 'Custom::AcmeCertificate',
      ResourceProperties: {
        Name: 'leane.dev',
        Spec: JSON.stringify({ domainNames: ['leane.dev'], issuer: 'letsencrypt' }),
        WaitForIssuance: 'false',
        ...properties,
      },
      ...more,
    };
  };
  const send = (input: unknown, overdue?: Promise<void>) =>
    clock.run(() => provision(input, settings, ports(), overdue));
  const tags = async () => (await vault.describe(SECRET))?.tags ?? {};
  /** The name under which a renewal is asked for: the first time, the second time. */
  const question = async (number: number) => {
    while (starter.started.length < number) await clock.advance(1_000);
    return starter.started[number - 1]?.executionName;
  };
  /** What `renew` writes when it has worked from a version of the spec: from the newest one, unless told. */
  const answer = async (secret: string, asked: string | undefined, end: string, spec?: string) => {
    const newest = (await vault.describe(secret))?.stages['ACME_SPEC'] ?? '';
    await vault.tag(secret, { 'evercert:answered': `${asked} ${end}`, 'evercert:spec': spec ?? newest });
  };

  it('throws what nobody can be answered for', async () => {
    for (const input of [null, {}, { ...event('Create'), ResponseURL: 'http://bucket.example/answer' }]) {
      await expect(send(input)).rejects.toMatchObject({ code: 'invalid-input' });
    }
    expect(answers.sent).toEqual([]);
  });

  it('throws when the answer can not be delivered, with everything done', async () => {
    answers.closed = true;
    const create = event('Create');
    await expect(send(create)).rejects.toMatchObject({ code: 'aws-unavailable' });
    answers.closed = false;
    await send(create);
    expect(answers.last).toMatchObject({ Status: 'SUCCESS', PhysicalResourceId: 'leane.dev:ecdsa-p256' });
    expect(vault.calls.create).toBe(1);
  });

  it('answers when it is time, whatever the work is doing', async () => {
    vault.create = () => new Promise(() => undefined);
    await send(event('Create'), Promise.resolve());
    expect(answers.last).toMatchObject({ Status: 'FAILED', Reason: expect.stringContaining('(deployment-timeout)') });
  });

  it('answers a bug as well', async () => {
    vault.describe = () => Promise.reject(new TypeError('x is not a function'));
    await send(event('Create'));
    expect(answers.last).toMatchObject({ Status: 'FAILED', Reason: expect.stringContaining('x is not a function') });
  });

  it.each([
    ['Create', undefined, 'request-1'],
    ['Update', 'leane.dev:ecdsa-p256', 'leane.dev:ecdsa-p256'],
  ])('answers a %s that can not be read under the id that there is', async (type, physicalId, answered) => {
    await send(event(type, physicalId ? { PhysicalResourceId: physicalId } : {}, { Spec: undefined }));
    expect(answers.last).toMatchObject({
      Status: 'FAILED',
      PhysicalResourceId: answered,
      StackId: STACK,
      RequestId: 'request-1',
      LogicalResourceId: 'Certificate',
      Reason: expect.stringContaining('Spec is missing'),
    });
  });

  it.each([
    ['has nonsense for properties', { ResourceProperties: 'nonsense' }],
    ['has an unknown type', { ResourceType: 'Custom::Other' }],
    ['has no properties', { ResourceProperties: undefined }],
    ['is for an id that nobody knows', { PhysicalResourceId: 'web-Certificate-1A2B3C' }],
  ])('lets a stack be deleted although the Delete %s', async (_what, more) => {
    await send(event('Delete', { PhysicalResourceId: 'request-0', ...more }));
    expect(answers.last).toMatchObject({ Status: 'SUCCESS' });
    expect(vault.calls.scheduleDeletion).toBe(0);
  });

  it('waits no longer than 14 minutes for a renewal', async () => {
    const began = clock.now();
    await send(event('Create', {}, { WaitForIssuance: 'true' }));
    expect(answers.last).toMatchObject({ Status: 'FAILED', Reason: expect.stringContaining('(deployment-timeout)') });
    expect(clock.now() - began).toBe(14 * MINUTE);
    expect(starter.started).toHaveLength(1);
  });

  it('asks once more when another request’s answer has replaced its own', async () => {
    const deployed = send(event('Create', {}, { WaitForIssuance: 'true' }));
    const first = await question(1);
    await answer(SECRET, first, 'renewed');
    await answer(SECRET, 'anothers', 'spec-changed-back');
    await answer(SECRET, await question(2), 'not-due');
    await deployed;
    expect(answers.last).toMatchObject({ Status: 'SUCCESS' });
    expect(starter.started).toHaveLength(2);
  });

  it('asks for a renewal under the same name when it is repeated, and not at all when that has ended', async () => {
    const create = event('Create', {}, { WaitForIssuance: 'true' });
    await send(create);
    await send(create);
    const [first, second] = starter.started;
    expect(second).toEqual(first);
    await answer(SECRET, first?.executionName, 'renewed');
    await send(create);
    expect(starter.started).toHaveLength(2);
    expect(answers.last).toMatchObject({ Status: 'SUCCESS' });
  });

  it('asks again when another run has had the claim, and believes only the answer to its own question', async () => {
    const creating = send(event('Create', {}, { WaitForIssuance: 'true' }));
    await answer(SECRET, await question(1), 'busy');
    await answer(SECRET, await question(2), 'claim-lost');
    await answer(SECRET, await question(3), 'not-due');
    await creating;
    expect(answers.last).toMatchObject({ Status: 'SUCCESS' });
    expect(new Set(starter.started.map(({ executionName }) => executionName)).size).toBe(3);
  });

  it('undoes a Create that has failed a moment ago, though its secret is not shown yet', async () => {
    await send(event('Create', {}, { WaitForIssuance: 'true' }));
    const describeNow = vault.describe.bind(vault);
    let looks = 0;
    vault.describe = async (id) => {
      looks += 1;
      return looks < 3 ? undefined : describeNow(id);
    };
    await send(event('Delete', { PhysicalResourceId: 'leane.dev:ecdsa-p256' }));
    expect(await vault.describeScheduled(SECRET)).toBeDefined();
  });

  it('asks again when the renewal has seen the secret as it was before the spec was written', async () => {
    await send(event('Create'));
    const before = (await vault.describe(SECRET))?.stages['ACME_SPEC'];
    const changed = JSON.stringify({ domainNames: ['leane.dev', 'www.leane.dev'], issuer: 'letsencrypt' });
    const update = event(
      'Update',
      { PhysicalResourceId: 'leane.dev:ecdsa-p256' },
      { Spec: changed, WaitForIssuance: 'true' },
    );
    const updating = send(update);
    await answer(SECRET, await question(1), 'not-due', before);
    await answer(SECRET, await question(2), 'renewed');
    await updating;
    expect(answers.last).toMatchObject({ Status: 'SUCCESS' });
    expect(starter.started).toHaveLength(2);
  });

  it('waits for a renewal of the spec before that still runs, and asks once when it has ended', async () => {
    await send(event('Create'));
    const before = (await vault.describe(SECRET))?.stages['ACME_SPEC'];
    const lease = new Date(clock.now() + HOUR).toISOString();
    await vault.tag(SECRET, { 'evercert:state': 'renewing', 'evercert:lease': lease });
    const Spec = JSON.stringify({ domainNames: ['leane.dev'], issuer: 'letsencrypt', renewBefore: '20d' });
    const physicalId = { PhysicalResourceId: 'leane.dev:ecdsa-p256' };
    const updating = send(event('Update', physicalId, { Spec, WaitForIssuance: 'true' }));
    // Nothing is due, and the tags are left to the one that runs.
    await answer(SECRET, await question(1), 'not-due', before);
    await clock.advance(8 * MINUTE);
    expect(starter.started).toHaveLength(1);
    await vault.tag(SECRET, { 'evercert:state': 'issued' });
    await answer(SECRET, await question(2), 'not-due');
    await updating;
    expect(answers.last).toMatchObject({ Status: 'SUCCESS' });
    expect(starter.started).toHaveLength(2);
  });

  it('lets one of two stacks have a certificate that both create at once', async () => {
    const [one, other] = [event('Create'), event('Create', { StackId: OTHER })];
    await Promise.all([send(one), send(other)]);
    const statuses = answers.sent.map(({ document }) => JSON.parse(document) as { Status: string; StackId: string });
    const owner = (await tags())['evercert:stack'];
    expect(statuses.filter(({ Status }) => Status === 'SUCCESS').map(({ StackId }) => StackId)).toEqual([owner]);
    expect(statuses.filter(({ Status }) => Status === 'FAILED')).toHaveLength(1);
  });

  it('takes a stack of the same name for the successor of the one that is gone', async () => {
    await send(event('Create'));
    const next = STACK.replace('1111', '3333');
    await send(event('Create', { StackId: next }));
    expect(answers.last).toMatchObject({ Status: 'SUCCESS' });
    expect(await tags()).toMatchObject({ 'evercert:stack': next });
    // A late Delete of the old one is nobody's.
    await send(event('Delete', { PhysicalResourceId: 'leane.dev:ecdsa-p256' }, { RemovalPolicy: 'destroy' }));
    expect(await tags()).toMatchObject({ 'evercert:stack': next, 'evercert:renewer': 'evercert' });
  });

  it('undoes a Create that still runs when CloudFormation gives it up', async () => {
    const creating = send(event('Create', {}, { WaitForIssuance: 'true' }));
    while (starter.started.length === 0) await clock.advance(1_000);
    await send(event('Delete', { PhysicalResourceId: 'web-Certificate-1A2B3C4D5E6F' }, { RemovalPolicy: 'destroy' }));
    expect(answers.last).toMatchObject({ Status: 'SUCCESS' });
    await creating;
    expect(answers.last).toMatchObject({ Status: 'FAILED', Reason: expect.stringContaining('deployment-superseded') });
    expect(await vault.describe(SECRET)).toBeUndefined();
    expect(await vault.describeScheduled(SECRET)).toBeDefined();
  });

  it('records nothing for an Update that still runs when CloudFormation has rolled it back', async () => {
    const physicalId = { PhysicalResourceId: 'leane.dev:ecdsa-p256' };
    await send(event('Create'));
    const rsa = JSON.stringify({ domainNames: ['leane.dev'], issuer: 'letsencrypt', key: 'rsa-2048' });
    const updating = send(event('Update', physicalId, { Spec: rsa, WaitForIssuance: 'true' }));
    while (starter.started.length === 0) await clock.advance(1_000);
    await send(event('Update', physicalId));
    expect(answers.last).toMatchObject({ Status: 'SUCCESS', ...physicalId });
    await vault.tag(SECRET, { 'evercert:answered': `${starter.started[0]?.executionName} renewed` });
    await updating;
    expect(answers.last).toMatchObject({ Status: 'FAILED', Reason: expect.stringContaining('deployment-superseded') });
    expect(await tags()).toMatchObject({ 'evercert:resource': 'leane.dev:ecdsa-p256' });
  });

  it('undoes nothing for an Update to another name on which a newer one goes on', async () => {
    const physicalId = { PhysicalResourceId: 'leane.dev:ecdsa-p256' };
    const renamed = { Name: 'other', WaitForIssuance: 'true' };
    await send(event('Create'));
    const first = send(event('Update', physicalId, renamed));
    while (starter.started.length < 1) await clock.advance(1_000);
    const second = send(event('Update', physicalId, renamed));
    while (starter.started.length < 2) await clock.advance(1_000);
    for (const [index, update] of [first, second].entries()) {
      await answer('evercert/other', starter.started[index]?.executionName, 'renewed');
      await update;
    }
    expect(answers.sent.slice(-2).map(({ document }) => JSON.parse(document).Status)).toEqual(['FAILED', 'SUCCESS']);
    expect((await vault.describe('evercert/other'))?.tags).toMatchObject({ 'evercert:renewer': 'evercert' });
  });

  it('is refused a secret whose removal another stack has not finished', async () => {
    await send(event('Create'));
    await vault.untag(SECRET, ['evercert:renewer']);
    await vault.tag(SECRET, { 'evercert:kept': 'evercert' });
    await send(event('Create', { StackId: OTHER }));
    expect(answers.last).toMatchObject({ Status: 'FAILED', Reason: expect.stringContaining('owned-by-stack') });
  });

  it('waits for a renewal that runs before it removes what that works on', async () => {
    await send(event('Create', {}, { RemovalPolicy: 'destroy' }));
    const lease = new Date(clock.now() + HOUR).toISOString();
    await vault.tag(SECRET, { 'evercert:state': 'renewing', 'evercert:lease': lease });
    const began = clock.now();
    const deletion = event('Delete', { PhysicalResourceId: 'leane.dev:ecdsa-p256' }, { RemovalPolicy: 'destroy' });
    await Promise.all([
      send(deletion),
      clock.advance(MINUTE).then(() => vault.tag(SECRET, { 'evercert:state': 'issued' })),
    ]);
    expect(answers.last).toMatchObject({ Status: 'SUCCESS' });
    expect(clock.now() - began).toBeGreaterThanOrEqual(MINUTE);
    expect(clock.now() - began).toBeLessThan(2 * MINUTE);
    expect(await vault.describeScheduled(SECRET)).toBeDefined();
  });

  it('does not write the URL of the answer into the log', async () => {
    await send(event('Create'));
    await send(event('Create', {}, { Spec: 'nonsense' }));
    expect(JSON.stringify(log)).not.toContain('X-Amz-Signature');
  });
});
