import { beforeEach, describe, expect, it } from '@jest/globals';
import { DAY, HOUR, MINUTE } from '../../lambdas/core/duration.ts';
import type { CloudFormation } from '../sandbox/cloudformation.ts';
import { live } from '../sandbox/inspect.ts';
import type { Sandbox } from '../sandbox/sandbox.ts';
import { attributes, CHANGED, NAME, REFUSAL, REGION, SECRET, SPEC, useProvisioning } from './provisioning.ts';

describe('provision', () => {
  const { world, issuer, certificate, imports, tags, rawTags, finalizedOrders, isForRenew } = useProvisioning();
  let sandbox: Sandbox;
  let stacks: CloudFormation;

  beforeEach(() => {
    ({ sandbox, cloudFormation: stacks } = world());
  });

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
    expect(finalizedOrders()).toBe(1);
  });

  it('encrypts the secrets that it makes, and those that a renewal makes, with the key of the stack', async () => {
    await stacks.createStack('web', { ...issuer(), ...certificate() });
    await sandbox.renew({ certificate: 'by-hand', spec: { ...SPEC, acm: [] } });
    const keys = ['evercert/_issuers/sandbox', SECRET, 'evercert/by-hand'].map(
      (name) => sandbox.secretsManager.secret(name)?.kmsKeyId,
    );
    expect(keys).toEqual(Array(3).fill(sandbox.environment['EVERCERT_ENCRYPTION_KEY']));
    expect(keys[0]).toMatch(/^arn:aws:kms:eu-central-1:/);
  });

  describe('a Create', () => {
    it('that the CA refuses fails the deployment in the CA’s words, and leaves nothing behind', async () => {
      sandbox.faults.add({ operation: 'acme:newOrder', error: REFUSAL });
      const stack = await stacks.createStack('web', { ...issuer(), ...certificate() });
      expect(stack.status).toBe('ROLLBACK_COMPLETE');
      expect(stack.reason).toContain(REFUSAL.message);
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
      const change = sandbox.renew({ certificate: NAME, spec: { ...SPEC, domainNames: ['leane.dev'] } });
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
      await world().scheduleDeletion(SECRET);
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
      expect(finalizedOrders()).toBe(1);
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
      expect(finalizedOrders()).toBe(1);
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
      sandbox.faults.add({ operation: 'acme:newOrder', error: REFUSAL });
      const changed = certificate(CHANGED, { RemovalPolicy: 'destroy' });
      const stack = await stacks.createStack('web', changed);
      expect(stack).toMatchObject({ status: 'ROLLBACK_COMPLETE', reason: expect.stringContaining(REFUSAL.message) });
      expect(live(sandbox, NAME)).toEqual(pair);
      expect(sandbox.secretsManager.value(SECRET, 'ACME_SPEC')).toBe(wanted);
      expect(sandbox.secretsManager.secret(SECRET)?.deletionAt).toBeUndefined();
      expect(imports()).toHaveLength(1);
      expect(tags().stack).toBeUndefined();
      expect(rawTags()['evercert:renewer']).toBe(found === 'managed' ? 'evercert' : undefined);
      // What is managed has been as it should be all along; and the same Create works when the CA does.
      sandbox.faults.clear();
      await sandbox.scan();
      expect(finalizedOrders()).toBe(1);
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

  describe('nonsense', () => {
    it.each([
      ['no Spec', { Name: NAME }, 'Spec is missing'],
      ['no Name', { Spec: JSON.stringify(SPEC) }, 'Name is missing'],
      ['a Spec that is no JSON', { Name: NAME, Spec: 'leane.dev' }, 'is not JSON'],
      ['a misspelt field', { Name: NAME, Spec: JSON.stringify({ ...SPEC, domains: [] }) }, '"domains"'],
      ['a bad name', { Name: NAME, Spec: JSON.stringify({ ...SPEC, domainNames: ['leane dev'] }) }, '"leane dev"'],
      ['an unknown policy', { Name: NAME, Spec: JSON.stringify(SPEC), RemovalPolicy: 'snapshot' }, '"snapshot"'],
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
});

const OWNER_TAGS = ['evercert:stack', 'evercert:logical-id', 'evercert:resource', 'evercert:requests'];
