import { beforeEach, describe, expect, it } from '@jest/globals';
import type { CertificateSpecInput } from '../../lambdas/core/certificate-spec.ts';
import { DAY, HOUR, MINUTE } from '../../lambdas/core/duration.ts';
import type { CloudFormation, Template } from '../sandbox/cloudformation.ts';
import { live, tagsOf } from '../sandbox/inspect.ts';
import type { Sandbox } from '../sandbox/sandbox.ts';
import { attributes, CHANGED, FAILING, NAME, REFUSAL, REGION, SECRET, SPEC, useProvisioning } from './provisioning.ts';

describe('provision: an Update', () => {
  const { world, issuer, certificate, imports, serialInAcm, tags, rawTags, finalizedOrders } = useProvisioning();
  let sandbox: Sandbox;
  let stacks: CloudFormation;

  beforeEach(() => {
    ({ sandbox, cloudFormation: stacks } = world());
  });

  const deployed = (changes: Partial<CertificateSpecInput> = {}, more: object = {}) =>
    stacks.createStack('web', { ...issuer(), ...certificate(changes, more) });
  const update = (changes: Partial<CertificateSpecInput>, more: Template = {}) =>
    stacks.updateStack('web', { ...issuer(), ...certificate(changes), ...more });

  it('with other names issues anew, under the same secret and the same ARNs', async () => {
    const before = await deployed();
    const after = await update({ domainNames: ['leane.dev', 'www.leane.dev'] });
    expect(after.status).toBe('UPDATE_COMPLETE');
    expect(attributes(after)).toEqual({ ...attributes(before), NotAfter: live(sandbox, NAME).issued.notAfter });
    expect(live(sandbox, NAME).domainNames).toEqual(['leane.dev', 'www.leane.dev']);
    expect(finalizedOrders()).toBe(2);
    expect(after.resources['Certificate']?.physicalId).toBe(before.resources['Certificate']?.physicalId);
  });

  it('with another issuer issues anew', async () => {
    await deployed();
    const other = {
      type: 'Custom::AcmeIssuer',
      properties: {
        Name: 'other',
        Settings: JSON.stringify({ ...sandbox.issuerSettings(), directoryUrl: `${sandbox.ca.directoryUrl}?other` }),
      },
    };
    const after = await stacks.updateStack('web', { ...issuer(), Other: other, ...certificate({ issuer: 'other' }) });
    expect(after.status).toBe('UPDATE_COMPLETE');
    expect(finalizedOrders()).toBe(2);
  });

  it.each([
    ['renewBefore', { renewBefore: '20d' }],
    ['a chain', { preferredChain: 'Sandbox Root X1' }],
    ['another order of the names', { domainNames: ['*.leane.dev', 'leane.dev'] }],
    ['reuseKey', { reuseKey: true }],
  ])('of %s orders nothing', async (_what, changes) => {
    await deployed();
    const pair = live(sandbox, NAME);
    expect((await update(changes)).status).toBe('UPDATE_COMPLETE');
    expect(live(sandbox, NAME)).toEqual(pair);
    expect(finalizedOrders()).toBe(1);
  });

  it('with another region imports the live pair there, and orders nothing', async () => {
    await deployed();
    const after = await update({ acm: [REGION, 'us-east-1'] });
    expect(after.status).toBe('UPDATE_COMPLETE');
    expect(attributes(after)['CertificateArn.us-east-1']).toBe(imports('us-east-1')[0]);
    expect(finalizedOrders()).toBe(1);
  });

  it('that the CA refuses leaves everything as before, and its rollback orders nothing', async () => {
    await deployed();
    const pair = live(sandbox, NAME);
    sandbox.faults.add({ operation: 'acme:newOrder', error: REFUSAL });
    const after = await update({ domainNames: ['www.leane.dev'] });
    expect(after).toMatchObject({
      status: 'UPDATE_ROLLBACK_COMPLETE',
      reason: expect.stringContaining(REFUSAL.message),
    });
    expect(live(sandbox, NAME)).toEqual(pair);
    expect(tags()).toMatchObject({ state: 'issued', failures: 0 });
    sandbox.faults.clear();
    expect(await sandbox.scan()).toMatchObject({ due: 0 });
    expect(finalizedOrders()).toBe(1);
  });

  it('that another resource’s failure rolls back reinstates the pair before, in the secret and in ACM', async () => {
    const before = await deployed();
    const pair = live(sandbox, NAME);
    const after = await update(CHANGED, FAILING);
    expect(after.status).toBe('UPDATE_ROLLBACK_COMPLETE');
    expect(live(sandbox, NAME)).toEqual(pair);
    expect(attributes(after)).toEqual(attributes(before));
    expect(serialInAcm()).toBe(pair.issued.serialNumber);
    expect(finalizedOrders()).toBe(2);
    expect(tags()).toMatchObject({ state: 'issued', serial: pair.issued.serialNumber });

    // Once more without the failure: the pair is there already.
    expect(await update(CHANGED)).toMatchObject({ reason: '', status: 'UPDATE_COMPLETE' });
    expect(live(sandbox, NAME).domainNames).toEqual(CHANGED.domainNames);
    expect(finalizedOrders()).toBe(2);
    expect(await sandbox.scan()).toMatchObject({ due: 0 });
  });

  it('that is rolled back while its certificate is issued leaves the pair before live all the time', async () => {
    await deployed();
    const pair = live(sandbox, NAME);
    const previous = sandbox.secretsManager.versionId(SECRET, 'AWSPREVIOUS');
    // So late that the deployment's time is up as soon as the renewal has been started.
    sandbox.faults.add({ operation: 'secretsmanager:DescribeSecret', times: 1, delay: 14 * MINUTE });
    const after = await update(CHANGED);
    expect(after.status).toBe('UPDATE_ROLLBACK_COMPLETE');
    expect(finalizedOrders()).toBe(2);
    expect(live(sandbox, NAME)).toEqual(pair);
    expect(sandbox.secretsManager.versionId(SECRET, 'AWSPREVIOUS')).toBe(previous);
    expect(tags()).toMatchObject({ state: 'issued', serial: pair.issued.serialNumber });
    expect(await sandbox.scan()).toMatchObject({ due: 0 });

    // The next deployment finds what was issued.
    expect(await update(CHANGED)).toMatchObject({ status: 'UPDATE_COMPLETE' });
    expect(live(sandbox, NAME).domainNames).toEqual(CHANGED.domainNames);
    expect(serialInAcm()).toBe(live(sandbox, NAME).issued.serialNumber);
    expect(finalizedOrders()).toBe(2);
  });

  it('does not wait for a back-off', async () => {
    await deployed({}, { WaitForIssuance: false });
    sandbox.faults.add({ operation: 'acme:newOrder', times: 1, error: REFUSAL });
    await sandbox.scan();
    expect(tags()).toMatchObject({ state: 'failed', failures: 1 });
    expect(await update({})).toMatchObject({ status: 'UPDATE_COMPLETE', reason: '' });
    expect(tags()).toMatchObject({ state: 'issued', failures: 0 });
  });

  it('has a certificate managed again whose tag somebody has taken away', async () => {
    await deployed();
    sandbox.secretsManager.untag(SECRET, ['evercert:renewer']);
    expect(await update({ renewBefore: '20d' })).toMatchObject({ status: 'UPDATE_COMPLETE', reason: '' });
    expect(rawTags()['evercert:renewer']).toBe('evercert');
  });

  it('of the key type that waits for the next scan keeps the import that is live until then', async () => {
    const before = await deployed();
    const changed = certificate({ key: 'rsa-2048' }, { WaitForIssuance: false });
    expect((await stacks.updateStack('web', { ...issuer(), ...changed })).status).toBe('UPDATE_COMPLETE');
    expect(stacks.events.at(-1)).toMatchObject({ requestType: 'Delete', physicalId: 'leane.dev:ecdsa-p256' });
    expect(imports()).toEqual([attributes(before)[`CertificateArn.${REGION}`]]);
  });

  it('reinstates nothing as long as the spec is the same: somebody may have replaced that pair for a reason', async () => {
    await deployed();
    const [first, second] = [
      live(sandbox, NAME),
      (await sandbox.renew({ certificate: NAME, force: true })).serialNumber,
    ];
    sandbox.secretsManager.overwrite(SECRET, '{}');
    await sandbox.scan();
    expect([first.issued.serialNumber, second]).not.toContain(live(sandbox, NAME).issued.serialNumber);
    expect(finalizedOrders()).toBe(3);
  });

  it('reinstates nothing in the place of a pair that is as the spec says, and is only due: the one before ends sooner', async () => {
    await deployed();
    const first = live(sandbox, NAME).issued.serialNumber;
    await sandbox.clock.advance(DAY);
    const { serialNumber: second = '' } = await sandbox.renew({ certificate: NAME, force: true });
    // The CA wants it renewed at once, and has the function know.
    sandbox.ca.setRenewalWindow(second, { start: sandbox.clock.now() - HOUR, end: sandbox.clock.now() });
    await sandbox.clock.advance(6 * HOUR);
    sandbox.faults.add({ operation: 'acme:newOrder', error: REFUSAL });
    await sandbox.scan();
    expect((await update({ domainNames: ['www.leane.dev'] })).status).toMatch(/^UPDATE_ROLLBACK_/);
    expect(live(sandbox, NAME).issued.serialNumber).toBe(second);
    sandbox.faults.clear();
    await sandbox.clock.advance(DAY);
    await sandbox.scan();
    expect([first, second]).not.toContain(live(sandbox, NAME).issued.serialNumber);
  });

  it('orders when the pair before is due by now', async () => {
    await deployed();
    await update(CHANGED);
    await sandbox.clock.advance(65 * DAY);
    expect((await update({})).status).toBe('UPDATE_COMPLETE');
    expect(live(sandbox, NAME).domainNames).toEqual(SPEC.domainNames);
    expect(finalizedOrders()).toBe(3);
  });

  it('of the key type replaces the certificate: a new id, a new ARN, and the old import goes', async () => {
    const before = await deployed();
    const [old] = imports();
    const after = await update({ key: 'rsa-2048' });
    expect(after.status).toBe('UPDATE_COMPLETE');
    expect(after.resources['Certificate']?.physicalId).toBe('leane.dev:rsa-2048');
    expect(stacks.events.at(-1)).toMatchObject({
      requestType: 'Delete',
      physicalId: 'leane.dev:ecdsa-p256',
      status: 'SUCCESS',
    });
    expect(imports()).toEqual([attributes(after)[`CertificateArn.${REGION}`]]);
    expect(imports()).not.toContain(old);
    expect(attributes(after)['SecretArn']).toBe(attributes(before)['SecretArn']);
    expect(rawTags()['evercert:renewer']).toBe('evercert');
    expect(tags()).toMatchObject({ resource: 'leane.dev:rsa-2048' });
  });

  it('of the key type keeps the old import while something uses it, and says so', async () => {
    await deployed();
    const [old = ''] = imports();
    sandbox.acm.markInUse(old, 'arn:aws:elasticloadbalancing:eu-central-1:123456789012:listener/app/a/b/c');
    const after = await update({ key: 'rsa-2048' });
    expect(after.status).toBe('UPDATE_COMPLETE');
    expect(stacks.events.at(-1)).toMatchObject({ requestType: 'Delete', status: 'SUCCESS' });
    expect(stacks.events.at(-1)?.reason).toContain(old);
    expect(sandbox.log).toContainEqual(
      expect.objectContaining({ level: 'warn', fields: { region: REGION, arn: old } }),
    );
    expect(imports()).toHaveLength(2);
  });

  it('of the key type that is rolled back uses the old ARN again, and removes the new one', async () => {
    const before = await deployed();
    const pair = live(sandbox, NAME);
    const after = await update({ key: 'rsa-2048' }, FAILING);
    expect(after.status).toBe('UPDATE_ROLLBACK_COMPLETE');
    expect(attributes(after)).toEqual(attributes(before));
    expect(live(sandbox, NAME)).toEqual(pair);
    expect(imports()).toEqual([attributes(before)[`CertificateArn.${REGION}`]]);
    expect(tags()).toMatchObject({ resource: 'leane.dev:ecdsa-p256' });
    expect(finalizedOrders()).toBe(2);
  });

  it('of the key type that fails half-way leaves no import of the new type', async () => {
    const before = await deployed({ acm: [REGION, 'us-east-1'] });
    // The first region gets the new pair, the second refuses.
    sandbox.faults.add({
      operation: 'acm:ImportCertificate',
      times: 1,
      when: (request) => (request as { region: string }).region === 'us-east-1',
      error: { status: 400, name: 'ValidationException', message: 'no such key here' },
    });
    const after = await update({ key: 'rsa-2048', acm: [REGION, 'us-east-1'] });
    expect(after).toMatchObject({
      status: 'UPDATE_ROLLBACK_COMPLETE',
      reason: expect.stringContaining('no such key here'),
    });
    expect(attributes(after)).toEqual(attributes(before));
    for (const region of [REGION, 'us-east-1']) {
      expect(imports(region)).toEqual([attributes(before)[`CertificateArn.${region}`]]);
    }
  });

  it('of the name is a replacement: the old secret is left to the removal policy', async () => {
    await deployed({}, { RemovalPolicy: 'destroy' });
    const renamed = certificate({}, { Name: 'other', RemovalPolicy: 'destroy' });
    const after = await stacks.updateStack('web', { ...issuer(), ...renamed });
    expect(after.status).toBe('UPDATE_COMPLETE');
    expect(sandbox.secretsManager.secret(SECRET)?.deletionAt).toBeDefined();
    expect(tagsOf(sandbox, 'other')).toMatchObject({ state: 'issued' });
    expect(imports()).toEqual([attributes(after)[`CertificateArn.${REGION}`]]);
  });

  it('of the name that fails leaves nothing under the new name', async () => {
    await deployed();
    const before = sandbox.secretsManager.secret(SECRET)?.stages;
    sandbox.faults.add({ operation: 'acme:newOrder', error: REFUSAL });
    const renamed = certificate({ domainNames: ['www.leane.dev'] }, { Name: 'other' });
    const after = await stacks.updateStack('web', { ...issuer(), ...renamed });
    expect(after.status).toBe('UPDATE_ROLLBACK_COMPLETE');
    expect(sandbox.secretsManager.secret('evercert/other')?.deletionAt).toBeDefined();
    expect(sandbox.secretsManager.secret(SECRET)?.stages).toEqual(before);
    expect(tags()).toMatchObject({ resource: 'leane.dev:ecdsa-p256' });
  });

  it('of the logical id alone changes nothing and removes nothing', async () => {
    await deployed({}, { RemovalPolicy: 'destroy' });
    const pair = live(sandbox, NAME);
    const { Certificate } = certificate({}, { RemovalPolicy: 'destroy' });
    const after = await stacks.updateStack('web', { ...issuer(), ...(Certificate ? { Moved: Certificate } : {}) });
    expect(after.status).toBe('UPDATE_COMPLETE');
    expect(live(sandbox, NAME)).toEqual(pair);
    expect(rawTags()['evercert:renewer']).toBe('evercert');
    expect(sandbox.secretsManager.secret(SECRET)?.deletionAt).toBeUndefined();
    expect(finalizedOrders()).toBe(1);
  });

  it('that arrives while a renewal runs waits for it, and finalizes no second order', async () => {
    await deployed();
    await sandbox.clock.advance(61 * DAY);
    sandbox.ca.settings.processingMilliseconds = 2 * MINUTE;
    const scanning = sandbox.scan();
    const after = await update({ renewBefore: '20d' });
    await scanning;
    expect(after.status).toBe('UPDATE_COMPLETE');
    expect(finalizedOrders()).toBe(2);
    expect(tags()).toMatchObject({ state: 'issued' });
  });
});

describe('provision with a durable `renew`', () => {
  const { world, issuer, certificate, serialInAcm, finalizedOrders } = useProvisioning({ execution: 'durable' });
  let sandbox: Sandbox;
  let stacks: CloudFormation;

  beforeEach(() => {
    ({ sandbox, cloudFormation: stacks } = world());
  });

  it('deploys, rolls back and deploys again with two orders', async () => {
    await stacks.createStack('web', { ...issuer(), ...certificate() });
    const pair = live(sandbox, NAME);
    const rolledBack = await stacks.updateStack('web', { ...issuer(), ...certificate(CHANGED), ...FAILING });
    expect(rolledBack.status).toBe('UPDATE_ROLLBACK_COMPLETE');
    expect(live(sandbox, NAME)).toEqual(pair);
    const after = await stacks.updateStack('web', { ...issuer(), ...certificate(CHANGED) });
    expect(after).toMatchObject({ status: 'UPDATE_COMPLETE', reason: '' });
    expect(live(sandbox, NAME).domainNames).toEqual(CHANGED.domainNames);
    expect(serialInAcm()).toBe(live(sandbox, NAME).issued.serialNumber);
    expect(finalizedOrders()).toBe(2);
  });

  it('passes on the CA’s words', async () => {
    sandbox.faults.add({ operation: 'acme:newOrder', error: REFUSAL });
    const stack = await stacks.createStack('web', { ...issuer(), ...certificate() });
    expect(stack).toMatchObject({ status: 'ROLLBACK_COMPLETE', reason: expect.stringContaining(REFUSAL.message) });
  });
});
