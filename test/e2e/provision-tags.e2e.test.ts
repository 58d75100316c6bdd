import { beforeEach, describe, expect, it } from '@jest/globals';
import type { CertificateSpecInput } from '../../lambdas/core/certificate-spec.ts';
import { DAY } from '../../lambdas/core/duration.ts';
import type { CloudFormation } from '../sandbox/cloudformation.ts';
import type { Sandbox } from '../sandbox/sandbox.ts';
import { CHANGED, FAILING, REFUSAL, REGION, SECRET, useProvisioning } from './provisioning.ts';

describe('provision: the tags of a stack', () => {
  const { world, issuer, certificate, imports, rawTags, finalizedOrders } = useProvisioning();
  let sandbox: Sandbox;
  let stacks: CloudFormation;

  beforeEach(() => {
    ({ sandbox, cloudFormation: stacks } = world());
  });

  const PLATFORM = { team: 'platform', 'cost center': '42' };
  const tagged = (tags: object, changes: Partial<CertificateSpecInput> = {}, more: object = {}) =>
    certificate(changes, { Tags: JSON.stringify(tags), ...more });
  const deployed = (tags: object = PLATFORM) => stacks.createStack('web', { ...issuer(), ...tagged(tags) });
  const theirs = (all: Readonly<Record<string, string>> = {}) =>
    Object.fromEntries(Object.entries(all).filter(([key]) => !key.startsWith('evercert:')));
  const onSecret = () => theirs(rawTags());
  const onImports = (region = REGION) => sandbox.acm.certificates(region).map((each) => theirs(each.tags));

  it('are on the secret and on the imports, also those that a later renewal makes', async () => {
    await deployed();
    expect(onSecret()).toEqual(PLATFORM);
    expect(onImports()).toEqual([PLATFORM]);
    sandbox.acm.delete(imports()[0] ?? '');
    await sandbox.clock.advance(61 * DAY);
    expect(await sandbox.scan()).toMatchObject({ started: 1 });
    expect(onImports()).toEqual([PLATFORM]);
    expect(onSecret()).toEqual(PLATFORM);
  });

  it('change without an order, and leave what others have tagged', async () => {
    await deployed();
    sandbox.secretsManager.tag(SECRET, { backup: 'daily', 'cost center': '7' });
    const after = await stacks.updateStack('web', { ...issuer(), ...tagged({ team: 'edge', tier: 'gold' }) });
    expect(after).toMatchObject({ status: 'UPDATE_COMPLETE', reason: '' });
    // Somebody has changed the cost center of the secret: it is theirs now.
    expect(onSecret()).toEqual({ team: 'edge', tier: 'gold', backup: 'daily', 'cost center': '7' });
    expect(onImports()).toEqual([{ team: 'edge', tier: 'gold' }]);
    expect(finalizedOrders()).toBe(1);
  });

  it('go when the stack has none any more', async () => {
    await deployed();
    await stacks.updateStack('web', { ...issuer(), ...certificate() });
    expect(onSecret()).toEqual({});
    expect(onImports()).toEqual([{}]);
  });

  it('are those of a rollback, without any that it tried', async () => {
    await deployed();
    const after = await stacks.updateStack('web', {
      ...issuer(),
      ...tagged({ team: 'edge', tier: 'gold' }),
      ...FAILING,
    });
    expect(after.status).toBe('UPDATE_ROLLBACK_COMPLETE');
    expect(onSecret()).toEqual(PLATFORM);
    expect(onImports()).toEqual([PLATFORM]);
  });

  it('are on an import in another region, in the next deployment or in the scan after it', async () => {
    await deployed();
    await stacks.updateStack('web', { ...issuer(), ...tagged(PLATFORM, { acm: [REGION, 'us-east-1'] }) });
    expect(onImports('us-east-1')).toEqual([PLATFORM]);
    const later = tagged(PLATFORM, { acm: [REGION, 'us-east-1', 'eu-west-1'] }, { WaitForIssuance: false });
    await stacks.updateStack('web', { ...issuer(), ...later });
    await sandbox.scan();
    expect(onImports('eu-west-1')).toEqual([PLATFORM]);
  });

  it('are taken along by the stack that takes a certificate over, and put back when that fails', async () => {
    await deployed();
    await stacks.deleteStack('web');
    sandbox.faults.add({ operation: 'acme:newOrder', error: REFUSAL });
    const changed = tagged({ team: 'edge', tier: 'gold' }, CHANGED);
    expect((await stacks.createStack('web-2', { ...issuer(), ...changed })).status).toBe('ROLLBACK_COMPLETE');
    expect(onSecret()).toEqual(PLATFORM);
    expect(onImports()).toEqual([PLATFORM]);
    sandbox.faults.clear();
    expect((await stacks.createStack('web-3', { ...issuer(), ...changed })).status).toBe('CREATE_COMPLETE');
    expect(onSecret()).toEqual({ team: 'edge', tier: 'gold' });
    expect(onImports()).toEqual([{ team: 'edge', tier: 'gold' }]);
  });

  it.each([
    ['secretsmanager:UntagResource'],
    ['secretsmanager:TagResource'],
    ['acm:AddTagsToCertificate'],
    ['acm:RemoveTagsFromCertificate'],
  ])('are as wanted after %s has failed in the middle', async (operation) => {
    await deployed();
    const denied = { status: 400, name: 'AccessDeniedException', message: 'not now' };
    const before = sandbox.calls.of(operation as Parameters<typeof sandbox.calls.of>[0]);
    sandbox.faults.add({
      operation,
      when: (request) => /gold|cost center/.test(JSON.stringify(request)),
      times: 1,
      error: denied,
    });
    const changed = tagged({ team: 'edge', tier: 'gold' });
    const after = await stacks.updateStack('web', { ...issuer(), ...changed });
    expect(sandbox.calls.of(operation as Parameters<typeof sandbox.calls.of>[0])).toBeGreaterThan(before);
    expect(after).toMatchObject({ status: 'UPDATE_ROLLBACK_COMPLETE', reason: expect.stringContaining('not now') });
    expect(onSecret()).toEqual(PLATFORM);
    expect(onImports()).toEqual([PLATFORM]);
    expect((await stacks.updateStack('web', { ...issuer(), ...changed })).status).toBe('UPDATE_COMPLETE');
    expect(onSecret()).toEqual({ team: 'edge', tier: 'gold' });
    expect(onImports()).toEqual([{ team: 'edge', tier: 'gold' }]);
    expect(finalizedOrders()).toBe(1);
  });

  it('that evercert keeps for itself are refused before anything has happened', async () => {
    const stack = await deployed({ 'evercert:renewer': 'mine' });
    expect(stack).toMatchObject({
      status: 'ROLLBACK_COMPLETE',
      reason: expect.stringContaining('Tags of certificate leane.dev: the tag "evercert:renewer"'),
    });
    expect(sandbox.secretsManager.secret(SECRET)).toBeUndefined();
  });
});
