import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { HOUR, MINUTE } from '../../lambdas/core/duration.ts';
import { createProvision } from '../../lambdas/handlers/provision.ts';
import { findKeyMaterial } from '../key-material.ts';
import { type CloudFormation, startCloudFormation } from '../sandbox/cloudformation.ts';
import type { Sandbox } from '../sandbox/sandbox.ts';
import { CHANGED, REFUSAL, SECRET, useProvisioning } from './provisioning.ts';

describe('provision', () => {
  const { world, issuer, certificate, imports, rawTags, finalizedOrders, isForRenew } = useProvisioning();
  let sandbox: Sandbox;
  let stacks: CloudFormation;

  beforeEach(() => {
    ({ sandbox, cloudFormation: stacks } = world());
  });

  describe('what is delivered twice', () => {
    it('changes nothing the second time', async () => {
      await stacks.createStack('web', { ...issuer(), ...certificate() });
      await stacks.updateStack('web', { ...issuer(), ...certificate(CHANGED) });
      const before = { secret: sandbox.secretsManager.secret(SECRET)?.stages, imports: imports() };
      await world().deliver(stacks.sent.at(-1));
      expect({ secret: sandbox.secretsManager.secret(SECRET)?.stages, imports: imports() }).toEqual(before);
      expect(finalizedOrders()).toBe(2);
    });

    it('does not bring back what has been deleted since', async () => {
      await stacks.createStack('web', { ...issuer(), ...certificate() });
      const created = [...stacks.sent];
      await stacks.deleteStack('web');
      const before = sandbox.secretsManager.secrets().map(({ tags: all, stages }) => ({ all, stages }));
      for (const event of created) await world().deliver(event);
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
      await world().deliver(event);
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
      sandbox.faults.add({ operation: 'acme:newOrder', error: REFUSAL });
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
      expect(finalizedOrders()).toBe(1);
      expect(imports()).toHaveLength(1);
    });

    it('is given up after two runs that Lambda ended, and the deployment is rolled back while nobody works on it', async () => {
      await stacks.createStack('issuers', issuer());
      const began = sandbox.clock.now();
      // Nothing answers the start of the renewal: each run hangs until its time-out.
      const hang = { operation: 'lambda:Invoke', when: isForRenew, delay: 16 * MINUTE, drop: true } as const;
      sandbox.faults.add({ ...hang, times: 2 });
      const stack = await stacks.createStack('web', certificate());
      expect(stack).toMatchObject({
        status: 'ROLLBACK_COMPLETE',
        reason: expect.stringContaining('did not receive a response'),
        resources: {},
      });
      // 15 minutes, a pause of one, 15 minutes, a pause of two: by then the event is older than the 20 that it may be.
      const event = last('Create');
      expect(sandbox.lambda.invocations.filter(({ outcome }) => outcome === 'failed')).toEqual([
        expect.objectContaining({ event, attempts: 2, error: expect.objectContaining({ name: 'Sandbox.Timedout' }) }),
      ]);
      expect(sandbox.deployment.deadLetters).toEqual([
        { queue: expect.stringContaining('ProvisionDeadLetters'), event },
      ]);
      expect((sandbox.clock.now() - began) / MINUTE).toBeCloseTo(35, 0);
      expect(stacks.events.slice(-2)).toMatchObject([
        { requestType: 'Create', status: 'FAILED', document: undefined },
        { requestType: 'Delete', status: 'SUCCESS' },
      ]);
      expect(sandbox.secretsManager.secret(SECRET)?.deletionAt).toBeDefined();
      expect([imports(), sandbox.ca.orders]).toEqual([[], []]);
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
      sandbox.faults.add({ operation: 'acme:newOrder', error: { ...REFUSAL, message } });
      const stack = await stacks.createStack('web', { ...issuer(), ...certificate() });
      expect(stack.reason).toContain('ü"ü"');
      for (const { document } of stacks.events) expect(Buffer.byteLength(document ?? '')).toBeLessThanOrEqual(4096);
    });

    it('holds no key', async () => {
      await stacks.createStack('web', { ...issuer(), ...certificate() });
      sandbox.faults.add({ operation: 'acme:newOrder', error: REFUSAL });
      await stacks.updateStack('web', { ...issuer(), ...certificate({ domainNames: ['www.leane.dev'] }) });
      const written = JSON.stringify([
        stacks.events,
        sandbox.log,
        sandbox.lambda.invocations,
        sandbox.secretsManager.value(SECRET, 'ACME_FAILURE'),
      ]);
      expect(written).toContain('ca-refused');
      expect(written).not.toContain('PRIVATE KEY');
    });

    it('has a URL whose signature shows nowhere, also when nothing can be delivered to it', async () => {
      sandbox.lambda.settings.asyncRetries = 1;
      sandbox.faults.add({ operation: 'cloudformation:answer', times: 5, drop: true });
      await stacks.createStack('web', { ...issuer(), ...certificate() });
      sandbox.faults.add({ operation: 'acme:newOrder', error: REFUSAL });
      await stacks.updateStack('web', { ...issuer(), ...certificate({ domainNames: ['www.leane.dev'] }) });
      const signatures = JSON.stringify(stacks.sent).match(/(?<=X-Amz-Signature=)[0-9a-f]+/g) ?? [];
      expect(signatures).toHaveLength(stacks.sent.length);
      const written = {
        log: sandbox.log,
        printed: sandbox.printed,
        deployments: stacks.events,
        outcomes: sandbox.lambda.invocations.map(({ event: _, ...outcome }) => outcome),
        failure: sandbox.secretsManager.value(SECRET, 'ACME_FAILURE'),
      };
      for (const code of ['aws-unavailable', 'ca-refused']) expect(JSON.stringify(written)).toContain(code);
      expect(findKeyMaterial(written, signatures)).toEqual([]);
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
        const surroundings = { environment, clock, log, print: () => undefined, allowHttpAnswers: true };
        await clock.run(() => createProvision(surroundings)(event, context), { as });
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
        error: REFUSAL,
      });
      const stack = await stacks.createStack('web', { ...issuer(), ...certificate() });
      expect(stack.status).toBe('ROLLBACK_COMPLETE');
      expect(stacks.events.at(-1)).toMatchObject({ requestType: 'Delete', physicalId: 'not-begun', status: 'SUCCESS' });
    });
  });
});
