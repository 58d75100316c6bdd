import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { CertificateSpecInput } from '../../lambdas/core/certificate-spec.ts';
import { DAY, HOUR, MINUTE, SECOND } from '../../lambdas/core/duration.ts';
import { createProvision } from '../../lambdas/handlers/provision.ts';
import { type CloudFormation, type Stack, startCloudFormation, type Template } from '../sandbox/cloudformation.ts';
import { live, tagsOf } from '../sandbox/inspect.ts';
import type { Sandbox } from '../sandbox/sandbox.ts';
import { type StackSandbox, startStackSandbox } from '../sandbox/with-stacks.ts';

const NAME = 'leane.dev';
const SECRET = 'evercert/leane.dev';
const REGION = 'eu-central-1';
const spec = { domainNames: ['leane.dev', '*.leane.dev'], issuer: 'sandbox', acm: [REGION] };
const refusal = {
  status: 400,
  name: 'rejectedIdentifier',
  message: 'Cannot issue for "leane.dev": (the policy forbids it)',
};

describe('provision', () => {
  let world: StackSandbox;
  let sandbox: Sandbox;
  let stacks: CloudFormation;

  beforeEach(async () => {
    world = await startStackSandbox({ zones: ['leane.dev'] });
    ({ sandbox, cloudFormation: stacks } = world);
  });

  afterEach(async () => {
    expect(sandbox.bugs()).toEqual([]);
    await world.stop();
  });

  const issuer = (changes: object = {}): Template => ({
    Issuer: {
      type: 'Custom::AcmeIssuer',
      properties: { Name: 'sandbox', Settings: JSON.stringify({ ...sandbox.issuerSettings(), ...changes }) },
    },
  });
  const certificate = (changes: Partial<CertificateSpecInput> = {}, more: object = {}): Template => ({
    Certificate: {
      type: 'Custom::AcmeCertificate',
      properties: {
        Name: NAME,
        Spec: JSON.stringify({ ...spec, ...changes }),
        WaitForIssuance: true,
        RemovalPolicy: 'retain',
        ...more,
      },
    },
  });
  const isForRenew = (request: unknown) =>
    JSON.stringify(request).includes(encodeURIComponent(sandbox.deployment.functions.renew));
  const failing: Template = { Other: { type: 'Sandbox::Failing', properties: {} } };
  const attributes = ({ resources }: Stack, logicalId = 'Certificate') => resources[logicalId]?.attributes ?? {};
  const imports = (region = REGION) => sandbox.acm.certificates(region).map(({ arn }) => arn);
  const tags = () => tagsOf(sandbox, NAME);
  const rawTags = () => sandbox.secretsManager.secret(SECRET)?.tags ?? {};
  const orders = () => sandbox.ca.finalizedOrders().length;

  it('deploys an issuer and a certificate, and answers with what templates read', async () => {
    const stack = await stacks.createStack('web', { ...issuer(), ...certificate() });
    expect(stack).toMatchObject({ status: 'CREATE_COMPLETE' });
    expect(attributes(stack, 'Issuer')).toEqual({
      AccountUrl: sandbox.ca.accounts[0]?.url,
      DirectoryUrl: sandbox.ca.directoryUrl,
    });
    expect(attributes(stack)).toEqual({
      SecretArn: sandbox.secretsManager.secret(SECRET)?.arn,
      NotAfter: live(sandbox, NAME).issued.notAfter,
      [`CertificateArn.${REGION}`]: imports()[0],
    });
    expect(stack.resources['Certificate']?.physicalId).toBe('leane.dev:ecdsa-p256');
    expect(stack.resources['Issuer']?.physicalId).toBe('sandbox');
    expect(orders()).toBe(1);
  });

  it('encrypts the secrets that it makes, and those that a renewal makes, with the key of the stack', async () => {
    await stacks.createStack('web', { ...issuer(), ...certificate() });
    await sandbox.renew({ certificate: 'by-hand', spec: { ...spec, acm: [] } });
    const keys = ['evercert/_issuers/sandbox', SECRET, 'evercert/by-hand'].map(
      (name) => sandbox.secretsManager.secret(name)?.kmsKeyId,
    );
    expect(keys).toEqual(Array(3).fill(sandbox.environment['EVERCERT_ENCRYPTION_KEY']));
    expect(keys[0]).toMatch(/^arn:aws:kms:eu-central-1:/);
  });

  describe('a Create', () => {
    it('that the CA refuses fails the deployment in the CA’s words, and leaves nothing behind', async () => {
      sandbox.faults.add({ operation: 'acme:newOrder', error: refusal });
      const stack = await stacks.createStack('web', { ...issuer(), ...certificate() });
      expect(stack.status).toBe('ROLLBACK_COMPLETE');
      expect(stack.reason).toContain(refusal.message);
      expect(stack.reason).toContain('(ca-refused)');
      expect(sandbox.secretsManager.secret(SECRET)?.deletionAt).toBeDefined();
      expect(imports()).toEqual([]);
    });

    it('that AWS refuses fails the deployment in AWS’s words', async () => {
      const words =
        'User: arn:aws:sts::123456789012:assumed-role/renew is not authorized to perform: acm:ImportCertificate';
      const error = { status: 400, name: 'AccessDeniedException', message: words };
      sandbox.faults.add({ operation: 'acm:ImportCertificate', error });
      const stack = await stacks.createStack('web', { ...issuer(), ...certificate() });
      expect(stack).toMatchObject({ status: 'ROLLBACK_COMPLETE', reason: expect.stringContaining(words) });
      // The pair is live: what was issued is kept.
      expect(sandbox.secretsManager.secret(SECRET)?.deletionAt).toBeUndefined();
      expect(rawTags()).toMatchObject({ 'evercert:kept': 'evercert' });
      expect(rawTags()).not.toHaveProperty('evercert:renewer');
    });

    it('that can not even start a renewal says so', async () => {
      const message = 'not authorized to perform: lambda:InvokeFunction';
      sandbox.faults.add({
        operation: 'lambda:Invoke',
        when: (request) => isForRenew(request),
        error: { status: 403, name: 'AccessDeniedException', message },
      });
      const stack = await stacks.createStack('web', { ...issuer(), ...certificate() });
      expect(stack).toMatchObject({ status: 'ROLLBACK_COMPLETE', reason: expect.stringContaining(message) });
    });

    it('names an issuer that is not there', async () => {
      const stack = await stacks.createStack('web', certificate({ issuer: 'zerossl' }));
      expect(stack.status).toBe('ROLLBACK_COMPLETE');
      expect(stack.reason).toContain('there is no issuer zerossl');
    });

    it('waits for nothing when it shall only register; the next scan issues', async () => {
      const began = sandbox.clock.now();
      const stack = await stacks.createStack('web', { ...issuer(), ...certificate({}, { WaitForIssuance: false }) });
      expect(stack.status).toBe('CREATE_COMPLETE');
      expect(attributes(stack)).toEqual({ SecretArn: sandbox.secretsManager.secret(SECRET)?.arn, NotAfter: '' });
      expect(sandbox.ca.orders).toHaveLength(0);
      expect(sandbox.clock.now() - began).toBeLessThan(MINUTE);
      expect(await sandbox.scan()).toMatchObject({ due: 1, started: 1 });
      expect(tags()).toMatchObject({ state: 'issued' });
    });

    it('owns the certificate: a renew event can’t change it any more', async () => {
      const { id } = await stacks.createStack('web', { ...issuer(), ...certificate() });
      const change = sandbox.renew({ certificate: NAME, spec: { ...spec, domainNames: ['leane.dev'] } });
      await expect(change).rejects.toMatchObject({ code: 'owned-by-stack', message: expect.stringContaining(id) });
    });

    it('is refused what another stack owns, naming that stack, and its Delete touches nothing', async () => {
      const first = await stacks.createStack('web', { ...issuer(), ...certificate() });
      const before = sandbox.secretsManager.secret(SECRET);
      const second = await stacks.createStack('web-2', certificate({}, { RemovalPolicy: 'destroy' }));
      expect(second.status).toBe('ROLLBACK_COMPLETE');
      expect(second.reason).toContain(`belongs to the stack ${first.id}`);
      expect(stacks.events.at(-1)).toMatchObject({ requestType: 'Delete', physicalId: 'leane.dev:ecdsa-p256' });
      expect(sandbox.secretsManager.secret(SECRET)).toEqual(before);
      expect(imports()).toHaveLength(1);
    });

    it('refuses a secret of that name that is somebody else’s', async () => {
      sandbox.secretsManager.create(SECRET, 'their password');
      const stack = await stacks.createStack('web', { ...issuer(), ...certificate({}, { RemovalPolicy: 'destroy' }) });
      expect(stack).toMatchObject({ status: 'ROLLBACK_COMPLETE', reason: expect.stringContaining('evercert:renewer') });
      expect(sandbox.secretsManager.secret(SECRET)?.deletionAt).toBeUndefined();
      expect(sandbox.secretsManager.value(SECRET)).toBe('their password');
    });

    it('does not restore a secret of that name that is somebody else’s', async () => {
      sandbox.secretsManager.create(SECRET, 'their password');
      await world.scheduleDeletion(SECRET);
      const stack = await stacks.createStack('web', { ...issuer(), ...certificate() });
      expect(stack).toMatchObject({ status: 'ROLLBACK_COMPLETE', reason: expect.stringContaining('evercert:renewer') });
      expect(sandbox.secretsManager.secret(SECRET)?.deletionAt).toBeDefined();
    });

    it('restores a secret of ours that is scheduled for deletion, and orders nothing for a pair that is fine', async () => {
      await stacks.createStack('web', { ...issuer(), ...certificate({}, { RemovalPolicy: 'destroy' }) });
      const pair = live(sandbox, NAME);
      await stacks.deleteStack('web');
      expect(sandbox.secretsManager.secret(SECRET)?.deletionAt).toBeDefined();

      const stack = await stacks.createStack('web-2', { ...issuer(), ...certificate() });
      expect(stack.status).toBe('CREATE_COMPLETE');
      expect(live(sandbox, NAME)).toEqual(pair);
      expect(sandbox.secretsManager.secret(SECRET)?.deletionAt).toBeUndefined();
      expect(attributes(stack)[`CertificateArn.${REGION}`]).toBe(imports()[0]);
      expect(orders()).toBe(1);
      expect(await sandbox.scan()).toMatchObject({ scanned: 1, due: 0 });
    });

    it('takes over what a stack has left, and imports anew what somebody has deleted in ACM', async () => {
      await stacks.createStack('web', { ...issuer(), ...certificate() });
      const pair = live(sandbox, NAME);
      await stacks.deleteStack('web');
      sandbox.acm.delete(imports()[0] ?? '');
      const stack = await stacks.createStack('web-2', { ...issuer(), ...certificate() });
      expect(stack.status).toBe('CREATE_COMPLETE');
      expect(live(sandbox, NAME)).toEqual(pair);
      expect(attributes(stack)[`CertificateArn.${REGION}`]).toBe(imports()[0]);
      expect(orders()).toBe(1);
    });

    it.each([
      ['kept', async () => void (await stacks.deleteStack('before'))],
      ['managed', async () => sandbox.secretsManager.untag(SECRET, OWNER_TAGS)],
    ])('that fails for a %s certificate puts back what it found', async (found, leave) => {
      await stacks.createStack('issuers', issuer());
      await stacks.createStack('before', certificate());
      await leave();
      const pair = live(sandbox, NAME);
      const wanted = sandbox.secretsManager.value(SECRET, 'ACME_SPEC');
      sandbox.faults.add({ operation: 'acme:newOrder', error: refusal });
      const changed = certificate(CHANGED, { RemovalPolicy: 'destroy' });
      const stack = await stacks.createStack('web', changed);
      expect(stack).toMatchObject({ status: 'ROLLBACK_COMPLETE', reason: expect.stringContaining(refusal.message) });
      expect(live(sandbox, NAME)).toEqual(pair);
      expect(sandbox.secretsManager.value(SECRET, 'ACME_SPEC')).toBe(wanted);
      expect(sandbox.secretsManager.secret(SECRET)?.deletionAt).toBeUndefined();
      expect(imports()).toHaveLength(1);
      expect(tags().stack).toBeUndefined();
      expect(rawTags()['evercert:renewer']).toBe(found === 'managed' ? 'evercert' : undefined);
      // What is managed has been as it should be all along; and the same Create works when the CA does.
      sandbox.faults.clear();
      await sandbox.scan();
      expect(orders()).toBe(1);
      const again = certificate(CHANGED);
      expect(await stacks.createStack('web-2', again)).toMatchObject({ reason: '', status: 'CREATE_COMPLETE' });
      expect(live(sandbox, NAME).domainNames).toEqual(CHANGED.domainNames);
    });

    it('answers after 14 minutes when the CA takes longer, and a later deployment finds what it has begun', async () => {
      sandbox.ca.settings.processingMilliseconds = HOUR;
      sandbox.ca.settings.retryAfterSeconds = 5;
      const began = sandbox.clock.now();
      const stack = await stacks.createStack('web', { ...issuer(), ...certificate() });
      expect(stack.status).toBe('ROLLBACK_COMPLETE');
      expect(stack.reason).toMatch(/attempt-timeout|deployment-timeout/);
      expect(sandbox.clock.now() - began).toBeLessThan(20 * MINUTE);
      await sandbox.clock.advance(HOUR);
      expect((await stacks.createStack('web', { ...issuer(), ...certificate() })).status).toBe('CREATE_COMPLETE');
      expect(sandbox.ca.orders).toHaveLength(1);
    });

    it('answers although nobody renews, and says where to look', async () => {
      sandbox.lambda.register(sandbox.deployment.functions.renew, async () => null);
      const began = sandbox.clock.now();
      const stack = await stacks.createStack('web', { ...issuer(), ...certificate() });
      expect(stack.reason).toContain('Look at the log of the renew function');
      expect(stack.reason).toContain('(deployment-timeout)');
      expect(sandbox.clock.now() - began).toBeGreaterThanOrEqual(14 * MINUTE);
      expect(sandbox.clock.now() - began).toBeLessThan(16 * MINUTE);
    });
  });

  describe('the tags of a stack', () => {
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
      expect(orders()).toBe(1);
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
        ...failing,
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
      sandbox.faults.add({ operation: 'acme:newOrder', error: refusal });
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
      expect(orders()).toBe(1);
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

  describe('an Update', () => {
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
      expect(orders()).toBe(2);
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
      expect(orders()).toBe(2);
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
      expect(orders()).toBe(1);
    });

    it('with another region imports the live pair there, and orders nothing', async () => {
      await deployed();
      const after = await update({ acm: [REGION, 'us-east-1'] });
      expect(after.status).toBe('UPDATE_COMPLETE');
      expect(attributes(after)['CertificateArn.us-east-1']).toBe(imports('us-east-1')[0]);
      expect(orders()).toBe(1);
    });

    it('that the CA refuses leaves everything as before, and its rollback orders nothing', async () => {
      await deployed();
      const pair = live(sandbox, NAME);
      sandbox.faults.add({ operation: 'acme:newOrder', error: refusal });
      const after = await update({ domainNames: ['www.leane.dev'] });
      expect(after).toMatchObject({
        status: 'UPDATE_ROLLBACK_COMPLETE',
        reason: expect.stringContaining(refusal.message),
      });
      expect(live(sandbox, NAME)).toEqual(pair);
      expect(tags()).toMatchObject({ state: 'issued', failures: 0 });
      sandbox.faults.clear();
      expect(await sandbox.scan()).toMatchObject({ due: 0 });
      expect(orders()).toBe(1);
    });

    it('that another resource’s failure rolls back reinstates the pair before, in the secret and in ACM', async () => {
      const before = await deployed();
      const pair = live(sandbox, NAME);
      const after = await update(CHANGED, failing);
      expect(after.status).toBe('UPDATE_ROLLBACK_COMPLETE');
      expect(live(sandbox, NAME)).toEqual(pair);
      expect(attributes(after)).toEqual(attributes(before));
      expect(serialInAcm()).toBe(pair.issued.serialNumber);
      expect(orders()).toBe(2);
      expect(tags()).toMatchObject({ state: 'issued', serial: pair.issued.serialNumber });

      // Once more without the failure: the pair is there already.
      expect(await update(CHANGED)).toMatchObject({ reason: '', status: 'UPDATE_COMPLETE' });
      expect(live(sandbox, NAME).domainNames).toEqual(CHANGED.domainNames);
      expect(orders()).toBe(2);
      expect(await sandbox.scan()).toMatchObject({ due: 0 });
    });

    it('does not wait for a back-off', async () => {
      await deployed({}, { WaitForIssuance: false });
      sandbox.faults.add({ operation: 'acme:newOrder', times: 1, error: refusal });
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
      expect(orders()).toBe(3);
    });

    it('reinstates nothing in the place of a pair that is as the spec says, and is only due: the one before ends sooner', async () => {
      await deployed();
      const first = live(sandbox, NAME).issued.serialNumber;
      await sandbox.clock.advance(DAY);
      const { serialNumber: second = '' } = await sandbox.renew({ certificate: NAME, force: true });
      // The CA wants it renewed at once, and has the function know.
      sandbox.ca.setRenewalWindow(second, { start: sandbox.clock.now() - HOUR, end: sandbox.clock.now() });
      await sandbox.clock.advance(6 * HOUR);
      sandbox.faults.add({ operation: 'acme:newOrder', error: refusal });
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
      expect(live(sandbox, NAME).domainNames).toEqual(spec.domainNames);
      expect(orders()).toBe(3);
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
      const after = await update({ key: 'rsa-2048' }, failing);
      expect(after.status).toBe('UPDATE_ROLLBACK_COMPLETE');
      expect(attributes(after)).toEqual(attributes(before));
      expect(live(sandbox, NAME)).toEqual(pair);
      expect(imports()).toEqual([attributes(before)[`CertificateArn.${REGION}`]]);
      expect(tags()).toMatchObject({ resource: 'leane.dev:ecdsa-p256' });
      expect(orders()).toBe(2);
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
      sandbox.faults.add({ operation: 'acme:newOrder', error: refusal });
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
      expect(orders()).toBe(1);
    });

    it('that arrives while a renewal runs waits for it, and finalizes no second order', async () => {
      await deployed();
      await sandbox.clock.advance(61 * DAY);
      sandbox.ca.settings.processingMilliseconds = 2 * MINUTE;
      const scanning = sandbox.scan();
      const after = await update({ renewBefore: '20d' });
      await scanning;
      expect(after.status).toBe('UPDATE_COMPLETE');
      expect(orders()).toBe(2);
      expect(tags()).toMatchObject({ state: 'issued' });
    });
  });

  describe('a Delete', () => {
    const deployed = (policy: 'retain' | 'destroy') =>
      stacks.createStack('web', { ...issuer(), ...certificate({}, { RemovalPolicy: policy }) });

    it('keeps the secret and its imports by default, and no scan renews it any more', async () => {
      await deployed('retain');
      const pair = live(sandbox, NAME);
      expect((await stacks.deleteStack('web')).status).toBe('DELETE_COMPLETE');
      expect(live(sandbox, NAME)).toEqual(pair);
      expect(imports()).toHaveLength(1);
      await sandbox.clock.advance(61 * DAY);
      expect(await sandbox.scan()).toMatchObject({ scanned: 0 });
    });

    it('schedules the deletion of the secret with `destroy`, and removes its imports', async () => {
      await deployed('destroy');
      expect((await stacks.deleteStack('web')).status).toBe('DELETE_COMPLETE');
      expect(sandbox.secretsManager.secret(SECRET)?.deletionAt).toBeGreaterThan(sandbox.clock.now() + 29 * DAY);
      expect(imports()).toEqual([]);
    });

    it('waits for an import that is in use for a while', async () => {
      await deployed('destroy');
      const [arn = ''] = imports();
      sandbox.acm.markInUse(arn, 'arn:aws:elasticloadbalancing:eu-central-1:123456789012:listener/app/a/b/c');
      const deleting = stacks.deleteStack('web');
      await sandbox.clock.advance(4 * MINUTE);
      sandbox.acm.release(arn);
      expect((await deleting).status).toBe('DELETE_COMPLETE');
      expect(imports()).toEqual([]);
    });

    it('keeps an import that stays in use for ten minutes, and says which', async () => {
      await deployed('destroy');
      const [arn = ''] = imports();
      sandbox.acm.markInUse(arn, 'arn:aws:elasticloadbalancing:eu-central-1:123456789012:listener/app/a/b/c');
      const began = sandbox.clock.now();
      expect((await stacks.deleteStack('web')).status).toBe('DELETE_COMPLETE');
      expect(sandbox.clock.now() - began).toBeLessThan(12 * MINUTE);
      expect(imports()).toEqual([arn]);
      const event = stacks.events.find(
        ({ logicalId, requestType }) => logicalId === 'Certificate' && requestType === 'Delete',
      );
      expect(event).toMatchObject({ status: 'SUCCESS', reason: expect.stringContaining(arn) });
      expect(sandbox.secretsManager.secret(SECRET)?.deletionAt).toBeDefined();
    });

    it('says what AWS refuses, and can be repeated', async () => {
      await deployed('destroy');
      const message = 'not authorized to perform: acm:DeleteCertificate';
      const error = { status: 400, name: 'AccessDeniedException', message };
      sandbox.faults.add({ operation: 'acm:DeleteCertificate', error });
      expect(await stacks.deleteStack('web')).toMatchObject({
        status: 'DELETE_FAILED',
        reason: expect.stringContaining(message),
      });
      sandbox.faults.clear();
      expect((await stacks.deleteStack('web')).status).toBe('DELETE_COMPLETE');
      expect(imports()).toEqual([]);
      expect(sandbox.secretsManager.secret(SECRET)?.deletionAt).toBeDefined();
    });

    it('succeeds although the secret is gone', async () => {
      await deployed('retain');
      sandbox.secretsManager.delete(SECRET);
      expect((await stacks.deleteStack('web')).status).toBe('DELETE_COMPLETE');
    });

    it('for a Create that never answered undoes that Create', async () => {
      const template = { ...issuer(), ...certificate({}, { RemovalPolicy: 'destroy' }) };
      sandbox.faults.add({
        operation: 'cloudformation:answer',
        when: (url) => String(url).includes('%7CCertificate%7C'),
        // All attempts of all three deliveries.
        times: 15,
        drop: true,
      });
      const stack = await stacks.createStack('web', template);
      expect(stack.status).toBe('ROLLBACK_COMPLETE');
      expect(stacks.events.at(-2)).toMatchObject({
        requestType: 'Delete',
        physicalId: expect.stringMatching(/^web-Certificate-/),
        status: 'SUCCESS',
      });
      // It had been issued by then: that is kept, and nobody's.
      expect(rawTags()).toMatchObject({ 'evercert:kept': 'evercert' });
      expect(tags().stack).toBeUndefined();
    });
  });

  describe('what is delivered twice', () => {
    it('changes nothing the second time', async () => {
      await stacks.createStack('web', { ...issuer(), ...certificate() });
      await stacks.updateStack('web', { ...issuer(), ...certificate(CHANGED) });
      const before = { secret: sandbox.secretsManager.secret(SECRET)?.stages, imports: imports() };
      await world.deliver(stacks.sent.at(-1));
      expect({ secret: sandbox.secretsManager.secret(SECRET)?.stages, imports: imports() }).toEqual(before);
      expect(orders()).toBe(2);
    });

    it('does not bring back what has been deleted since', async () => {
      await stacks.createStack('web', { ...issuer(), ...certificate() });
      const created = [...stacks.sent];
      await stacks.deleteStack('web');
      const before = sandbox.secretsManager.secrets().map(({ tags: all, stages }) => ({ all, stages }));
      for (const event of created) await world.deliver(event);
      expect(sandbox.secretsManager.secrets().map(({ tags: all, stages }) => ({ all, stages }))).toEqual(before);
    });

    /** The last event of a kind that was sent. */
    const last = (requestType: string, logicalId = 'Certificate') =>
      stacks.sent.findLast((event) => {
        const { RequestType, LogicalResourceId } = event as { RequestType: string; LogicalResourceId: string };
        return RequestType === requestType && LogicalResourceId === logicalId;
      });
    const everything = () => ({
      secrets: sandbox.secretsManager.secrets().map(({ name, tags: all, stages, deletionAt }) => ({
        name,
        all,
        stages,
        deletionAt,
      })),
      imports: imports(),
      orders: sandbox.ca.orders.length,
    });
    const changesNothing = async (event: unknown) => {
      // Lambda repeats a renewal that failed as well.
      await sandbox.lambda.idle();
      const before = everything();
      await world.deliver(event);
      expect(everything()).toEqual(before);
    };

    it('changes nothing when a newer update has been worked on', async () => {
      await stacks.createStack('web', { ...issuer(), ...certificate() });
      await stacks.updateStack('web', { ...issuer(), ...certificate(CHANGED) });
      const older = last('Update');
      await stacks.updateStack('web', { ...issuer(), ...certificate() });
      await changesNothing(older);
      await changesNothing(last('Create'));
    });

    it('changes nothing when a failed update has been rolled back since, although the CA takes it now', async () => {
      await stacks.createStack('web', { ...issuer(), ...certificate() });
      sandbox.faults.add({ operation: 'acme:newOrder', error: refusal });
      await stacks.updateStack('web', { ...issuer(), ...certificate({ domainNames: ['leane.dev', 'a.leane.dev'] }) });
      sandbox.faults.clear();
      await changesNothing(stacks.sent.at(-2));
    });

    it.each(['retain', 'destroy'] as const)(
      'changes nothing when it is a Delete (%s) of what the stack has again',
      async (RemovalPolicy) => {
        const managed = certificate({}, { RemovalPolicy });
        await stacks.createStack('web', { ...issuer(), ...managed });
        await stacks.updateStack('web', issuer());
        await stacks.updateStack('web', { ...issuer(), ...managed });
        await changesNothing(last('Delete'));
        expect(rawTags()).toMatchObject({ 'evercert:renewer': 'evercert' });
      },
    );

    it('changes nothing when it is a Delete of a key type to which the stack has come back', async () => {
      const of = (key: 'ecdsa-p256' | 'rsa-2048') => ({
        ...issuer(),
        ...certificate({ key }, { RemovalPolicy: 'destroy' }),
      });
      await stacks.createStack('web', of('ecdsa-p256'));
      await stacks.updateStack('web', of('rsa-2048'));
      const clean = last('Delete');
      expect(clean).toMatchObject({ PhysicalResourceId: 'leane.dev:ecdsa-p256' });
      await stacks.updateStack('web', of('ecdsa-p256'));
      await changesNothing(clean);
      expect(imports()).toHaveLength(1);
    });

    it('changes nothing of an issuer either', async () => {
      await stacks.createStack('web', issuer());
      await stacks.updateStack('web', issuer({ email: 'other@leane.dev' }));
      const older = last('Update', 'Issuer');
      await stacks.updateStack('web', issuer());
      await changesNothing(older);
      await stacks.updateStack('web', { Other: { type: 'Sandbox::Failing', properties: {} } });
      await changesNothing(last('Update', 'Issuer'));
    });

    it('does not bring back an issuer whose Create has failed', async () => {
      await stacks.createStack('web', issuer({ directoryUrl: sandbox.ca.directoryUrl.replace(/[^/]*$/, 'nowhere') }));
      await changesNothing(last('Create', 'Issuer'));
    });

    it('does nothing and answers nobody when CloudFormation has stopped waiting hours ago', async () => {
      await stacks.createStack('web', { ...issuer(), ...certificate({}, { RemovalPolicy: 'destroy' }) });
      const created = last('Create');
      sandbox.secretsManager.delete(SECRET);
      await sandbox.clock.advance(2 * HOUR + MINUTE);
      const answers = sandbox.calls.of('cloudformation:answer');
      await changesNothing(created);
      expect(sandbox.calls.of('cloudformation:answer')).toBe(answers);
      expect(sandbox.log).toContainEqual(
        expect.objectContaining({ level: 'warn', message: expect.stringContaining('no longer waits') }),
      );
    });

    it.each([
      ['before it has made the secret', 'secretsmanager:CreateSecret', 'before'],
      ['after it has made the secret', 'secretsmanager:CreateSecret', 'after'],
      ['after it has started the renewal', 'lambda:Invoke', 'after'],
      ['before it answers', 'cloudformation:answer', 'before'],
    ] as const)('goes on where an invocation stopped that was killed %s', async (_when, operation, phase) => {
      sandbox.lambda.settings.asyncRetries = 2;
      await stacks.createStack('issuers', issuer());
      sandbox.faults.add({
        operation,
        phase,
        times: 1,
        when: (request) => operation !== 'lambda:Invoke' || isForRenew(request),
        kill: true,
      });
      const stack = await stacks.createStack('web', certificate());
      expect(stack.status).toBe('CREATE_COMPLETE');
      expect(sandbox.lambda.invocations.filter(({ attempts }) => attempts === 2)).toHaveLength(1);
      expect(orders()).toBe(1);
      expect(imports()).toHaveLength(1);
    });

    it('a Delete that was killed goes on as well', async () => {
      sandbox.lambda.settings.asyncRetries = 2;
      await stacks.createStack('web', { ...issuer(), ...certificate({}, { RemovalPolicy: 'destroy' }) });
      sandbox.faults.add({ operation: 'acm:DeleteCertificate', phase: 'after', times: 1, kill: true });
      expect((await stacks.deleteStack('web')).status).toBe('DELETE_COMPLETE');
      expect(imports()).toEqual([]);
      expect(sandbox.secretsManager.secret(SECRET)?.deletionAt).toBeDefined();
    });
  });

  describe('an answer', () => {
    it('is delivered although the bucket is not there at first', async () => {
      sandbox.faults.add({ operation: 'cloudformation:answer', times: 4, drop: true });
      expect((await stacks.createStack('web', issuer())).status).toBe('CREATE_COMPLETE');
    });

    it('that can not be delivered is thrown, so that Lambda delivers the event again', async () => {
      sandbox.lambda.settings.asyncRetries = 2;
      sandbox.faults.add({ operation: 'cloudformation:answer', times: 5, drop: true });
      expect((await stacks.createStack('web', issuer())).status).toBe('CREATE_COMPLETE');
      expect(sandbox.lambda.invocations[0]).toMatchObject({ attempts: 2, outcome: 'succeeded' });
    });

    it('never has more than 4,096 bytes', async () => {
      const message = 'ü"'.repeat(4_000);
      sandbox.faults.add({ operation: 'acme:newOrder', error: { ...refusal, message } });
      const stack = await stacks.createStack('web', { ...issuer(), ...certificate() });
      expect(stack.reason).toContain('ü"ü"');
      for (const { document } of stacks.events) expect(Buffer.byteLength(document ?? '')).toBeLessThanOrEqual(4096);
    });

    it('holds no key', async () => {
      await stacks.createStack('web', { ...issuer(), ...certificate() });
      sandbox.faults.add({ operation: 'acme:newOrder', error: refusal });
      await stacks.updateStack('web', { ...issuer(), ...certificate({ domainNames: ['www.leane.dev'] }) });
      const written = JSON.stringify([
        stacks.events,
        sandbox.log,
        sandbox.lambda.invocations,
        sandbox.secretsManager.value(SECRET, 'ACME_FAILURE'),
      ]);
      expect(written).toContain('ca-refused');
      expect(written).not.toContain('PRIVATE KEY');
      expect(written).not.toContain('X-Amz-Signature=undefined');
    });
  });

  describe('nonsense', () => {
    it.each([
      ['no Spec', { Name: NAME }, 'Spec is missing'],
      ['no Name', { Spec: JSON.stringify(spec) }, 'Name is missing'],
      ['a Spec that is no JSON', { Name: NAME, Spec: 'leane.dev' }, 'is not JSON'],
      ['a misspelt field', { Name: NAME, Spec: JSON.stringify({ ...spec, domains: [] }) }, '"domains"'],
      ['a bad name', { Name: NAME, Spec: JSON.stringify({ ...spec, domainNames: ['leane dev'] }) }, '"leane dev"'],
      ['an unknown policy', { ...certificate().Certificate?.properties, RemovalPolicy: 'snapshot' }, '"snapshot"'],
    ])('is answered: %s', async (_what, properties, words) => {
      const stack = await stacks.createStack('web', { Certificate: { type: 'Custom::AcmeCertificate', properties } });
      expect(stack).toMatchObject({ status: 'ROLLBACK_COMPLETE', reason: expect.stringContaining(words) });
      expect(sandbox.secretsManager.secrets()).toEqual([]);
    });

    it('is answered: an unknown type', async () => {
      const stack = await stacks.createStack('web', { Other: { type: 'Custom::Acme', properties: {} } });
      expect(stack).toMatchObject({ status: 'ROLLBACK_COMPLETE', reason: expect.stringContaining('Custom::Acme') });
    });

    it('in an update leaves everything as before', async () => {
      await stacks.createStack('web', { ...issuer(), ...certificate() });
      const before = sandbox.secretsManager.secret(SECRET)?.stages;
      const after = await stacks.updateStack('web', { ...issuer(), ...certificate({}, { Spec: '{}' }) });
      expect(after.status).toBe('UPDATE_ROLLBACK_COMPLETE');
      expect(sandbox.secretsManager.secret(SECRET)?.stages).toEqual(before);
    });
  });

  describe('an environment that can not be read', () => {
    const unknown = { EVERCERT_TYPO: '1' };
    let changes: Readonly<Record<string, string>>;
    let stacks: CloudFormation;

    beforeEach(async () => {
      changes = {};
      const { clock, calls, faults } = sandbox;
      const log = { info: () => undefined, warn: () => undefined, error: () => undefined };
      const context = { getRemainingTimeInMillis: () => 15 * MINUTE };
      const invoke = async (event: object) => {
        const environment = { ...sandbox.environment, ...changes };
        const as = sandbox.deployment.roles.provision;
        await clock.run(() => createProvision({ environment, clock, log, print: () => undefined })(event, context), {
          as,
        });
      };
      stacks = await startCloudFormation({ clock, calls, faults, invoke });
    });
    afterEach(() => stacks.stop());

    it.each([
      ['has an unknown variable', unknown, 'environment: unknown variable EVERCERT_TYPO (invalid-input)'],
      ['has a value that can not be', { EVERCERT_LEASE_MINUTES: 'soon' }, 'leaseMinutes must be'],
    ])('fails the deployment at once when it %s, and leaves nothing to remove', async (_what, broken, words) => {
      changes = broken;
      const began = sandbox.clock.now();
      const stack = await stacks.createStack('web', { ...issuer(), ...certificate() });
      expect(stack).toMatchObject({ status: 'ROLLBACK_COMPLETE', reason: expect.stringContaining(words) });
      expect(stacks.events).toMatchObject([
        { requestType: 'Create', status: 'FAILED' },
        { requestType: 'Delete', status: 'SUCCESS' },
      ]);
      expect(sandbox.clock.now() - began).toBeLessThan(MINUTE);
      expect(sandbox.secretsManager.secrets()).toEqual([]);
    });

    it('fails an update under the id that is there, and a Delete rather than to forget what it is about', async () => {
      await stacks.createStack('web', { ...issuer(), ...certificate() });
      const before = sandbox.secretsManager.secret(SECRET);
      changes = unknown;
      const updated = await stacks.updateStack('web', { ...issuer(), ...certificate({ domainNames: ['leane.dev'] }) });
      expect(updated.status).toBe('UPDATE_ROLLBACK_FAILED');
      expect(updated.resources['Certificate']?.physicalId).toBe('leane.dev:ecdsa-p256');
      expect((await stacks.deleteStack('web')).status).toBe('DELETE_FAILED');
      expect(sandbox.secretsManager.secret(SECRET)).toEqual(before);
      changes = {};
      expect((await stacks.deleteStack('web')).status).toBe('DELETE_COMPLETE');
      expect(rawTags()).not.toHaveProperty('evercert:renewer');
    });

    it('that is mended before the roll-back finds nothing to remove either', async () => {
      changes = unknown;
      sandbox.faults.add({
        operation: 'cloudformation:answer',
        when: () => {
          changes = {};
          return false;
        },
        error: refusal,
      });
      const stack = await stacks.createStack('web', { ...issuer(), ...certificate() });
      expect(stack.status).toBe('ROLLBACK_COMPLETE');
      expect(stacks.events.at(-1)).toMatchObject({ requestType: 'Delete', physicalId: 'not-begun', status: 'SUCCESS' });
    });
  });

  describe('an issuer', () => {
    const settingsInForce = () =>
      JSON.parse(sandbox.secretsManager.value('evercert/_issuers/sandbox', 'ACME_SPEC') ?? '');
    const wrong = () => issuer({ directoryUrl: sandbox.ca.directoryUrl.replace(/[^/]*$/, 'nowhere') });

    it('that is wrong fails the deployment', async () => {
      const stack = await stacks.createStack('web', { ...wrong(), ...certificate() });
      expect(stack).toMatchObject({
        status: 'ROLLBACK_COMPLETE',
        reason: expect.stringContaining('no ACME directory'),
      });
      expect(sandbox.secretsManager.secret(SECRET)).toBeUndefined();
    });

    it('has the tags of its stack from its creation, and follows them', async () => {
      const tagged = (tags: object) => {
        const { Issuer } = issuer();
        return {
          Issuer: { type: 'Custom::AcmeIssuer', properties: { ...Issuer?.properties, Tags: JSON.stringify(tags) } },
        };
      };
      const theirs = () =>
        Object.entries(sandbox.secretsManager.secret('evercert/_issuers/sandbox')?.tags ?? {}).filter(
          ([key]) => !key.startsWith('evercert:'),
        );
      const creations: unknown[] = [];
      const note = (request: unknown) => creations.push(JSON.parse((request as { readonly body: string }).body)) === 0;
      sandbox.faults.add({ operation: 'secretsmanager:CreateSecret', when: note, drop: true });
      await stacks.createStack('web', tagged({ team: 'platform' }));
      expect(creations).toEqual([
        expect.objectContaining({ Tags: expect.arrayContaining([{ Key: 'team', Value: 'platform' }]) }),
      ]);
      expect(theirs()).toEqual([['team', 'platform']]);
      await stacks.deleteStack('web');
      await stacks.createStack('web', tagged({ team: 'platform', tier: 'gold' }));
      expect(theirs()).toEqual([
        ['team', 'platform'],
        ['tier', 'gold'],
      ]);
      await stacks.updateStack('web', tagged({ team: 'edge' }));
      expect(theirs()).toEqual([['team', 'edge']]);
      expect(sandbox.ca.accounts).toHaveLength(1);
    });

    it('whose Create ends after its Delete belongs to nobody', async () => {
      let deleting: Promise<void> | undefined;
      sandbox.faults.add({
        operation: 'acme:newAccount',
        times: 1,
        delay: 20 * SECOND,
        when: () => {
          const create = stacks.sent.at(-1) as object;
          const deletion = { RequestType: 'Delete', RequestId: 'a-newer-one', PhysicalResourceId: 'sandbox' };
          deleting ??= world.deliver({ ...create, ...deletion });
          return true;
        },
      });
      await stacks.createStack('web', issuer());
      await deleting;
      const { tags: all = {} } = sandbox.secretsManager.secret('evercert/_issuers/sandbox') ?? {};
      expect(all).toHaveProperty(['evercert:requests']);
      expect(all).not.toHaveProperty(['evercert:stack']);
    });

    it('keeps its settings when new ones are wrong', async () => {
      await stacks.createStack('web', issuer());
      expect((await stacks.updateStack('web', wrong())).status).toBe('UPDATE_ROLLBACK_COMPLETE');
      expect(settingsInForce()).toMatchObject({ directoryUrl: sandbox.ca.directoryUrl });
    });

    it('takes the settings again that were refused the last time, when the CA takes them', async () => {
      await stacks.createStack('web', issuer());
      sandbox.faults.add({ operation: 'acme:directory', error: { ...refusal, message: 'closed' } });
      const changed = issuer({ email: 'other@leane.dev' });
      expect(await stacks.updateStack('web', changed)).toMatchObject({
        status: 'UPDATE_ROLLBACK_COMPLETE',
        reason: expect.stringContaining('closed'),
      });
      sandbox.faults.clear();
      expect((await stacks.updateStack('web', changed)).status).toBe('UPDATE_COMPLETE');
      expect(settingsInForce()).toMatchObject({ email: 'other@leane.dev' });
    });

    it('that nobody owns keeps its settings when a stack fails to take it over', async () => {
      await sandbox.deployIssuer();
      expect((await stacks.createStack('web', wrong())).status).toBe('ROLLBACK_COMPLETE');
      expect(settingsInForce()).toMatchObject({ directoryUrl: sandbox.ca.directoryUrl });
    });

    it('keeps its secret with the account key when it is deleted, and its account when it is created again', async () => {
      await stacks.createStack('web', issuer());
      const key = sandbox.secretsManager.value('evercert/_issuers/sandbox');
      expect((await stacks.deleteStack('web')).status).toBe('DELETE_COMPLETE');
      expect(sandbox.secretsManager.secret('evercert/_issuers/sandbox')?.tags).not.toHaveProperty('evercert:stack');
      expect((await stacks.createStack('web-2', issuer())).status).toBe('CREATE_COMPLETE');
      expect(sandbox.secretsManager.value('evercert/_issuers/sandbox')).toBe(key);
      expect(sandbox.ca.accounts).toHaveLength(1);
    });

    it('that another stack owns is refused, naming that stack', async () => {
      const { id } = await stacks.createStack('web', issuer());
      const second = await stacks.createStack('web-2', issuer({ email: 'other@leane.dev' }));
      expect(second).toMatchObject({ status: 'ROLLBACK_COMPLETE', reason: expect.stringContaining(id) });
      expect(settingsInForce()).toMatchObject({ email: 'ops@leane.dev' });
    });

    it.each(['base64url', 'base64'] as const)(
      'binds its account with a key in %s that is never told',
      async (encoding) => {
        const hmac = Buffer.from('0123456789abcdef0123456789ab~~~~');
        sandbox.ca.settings.eab = { required: true, keys: { 'kid-1': hmac.toString('base64url') } };
        sandbox.secretsManager.create('eab', JSON.stringify({ kid: 'kid-1', hmacKey: hmac.toString(encoding) }));
        const stack = await stacks.createStack('web', issuer({ externalAccountBinding: { secret: 'eab' } }));
        expect(stack).toMatchObject({ status: 'CREATE_COMPLETE' });
        expect(JSON.stringify([sandbox.log, stacks.events])).not.toContain(hmac.toString(encoding));
      },
    );
  });

  describe('with a durable `renew`', () => {
    beforeEach(async () => {
      await world.stop();
      world = await startStackSandbox({ zones: ['leane.dev'], execution: 'durable' });
      ({ sandbox, cloudFormation: stacks } = world);
    });

    it('deploys, rolls back and deploys again with two orders', async () => {
      await stacks.createStack('web', { ...issuer(), ...certificate() });
      const pair = live(sandbox, NAME);
      const rolledBack = await stacks.updateStack('web', { ...issuer(), ...certificate(CHANGED), ...failing });
      expect(rolledBack.status).toBe('UPDATE_ROLLBACK_COMPLETE');
      expect(live(sandbox, NAME)).toEqual(pair);
      const after = await stacks.updateStack('web', { ...issuer(), ...certificate(CHANGED) });
      expect(after).toMatchObject({ status: 'UPDATE_COMPLETE', reason: '' });
      expect(live(sandbox, NAME).domainNames).toEqual(CHANGED.domainNames);
      expect(serialInAcm()).toBe(live(sandbox, NAME).issued.serialNumber);
      expect(orders()).toBe(2);
    });

    it('passes on the CA’s words', async () => {
      sandbox.faults.add({ operation: 'acme:newOrder', error: refusal });
      const stack = await stacks.createStack('web', { ...issuer(), ...certificate() });
      expect(stack).toMatchObject({ status: 'ROLLBACK_COMPLETE', reason: expect.stringContaining(refusal.message) });
    });
  });

  const serialInAcm = () => sandbox.acm.certificates(REGION)[0]?.serial.replaceAll(':', '').toLowerCase();
});

/** One name stays: ACM refuses to replace all of them. */
const CHANGED = { domainNames: ['leane.dev', 'www.leane.dev'] };
const OWNER_TAGS = ['evercert:stack', 'evercert:logical-id', 'evercert:resource', 'evercert:requests'];
