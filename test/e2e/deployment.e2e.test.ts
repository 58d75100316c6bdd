import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { HOUR } from '../../lambdas/core/duration.ts';
import type { Template } from '../sandbox/cloudformation.ts';
import { live, tagsOf } from '../sandbox/inspect.ts';
import type { Sandbox } from '../sandbox/sandbox.ts';
import { type StackSandbox, startStackSandbox } from '../sandbox/stack-sandbox.ts';

const HMAC_KEY = 'c2VjcmV0LW1hYy1rZXktb2YtdGhlLWV4dGVybmFsLWFjY291bnQ';
const refused = { status: 400, name: 'ValidationException', message: 'refused' };

describe.each(['direct', 'durable'] as const)('the synthesized app, %s', (execution) => {
  let world: StackSandbox;
  let sandbox: Sandbox;

  beforeEach(async () => {
    world = await startStackSandbox({ zones: ['leane.dev'], execution });
    sandbox = world.sandbox;
  });

  afterEach(async () => {
    expect(sandbox.bugs()).toEqual([]);
    await world.stop();
  });

  /** The custom resources of the template; their issuers are the sandbox's CA. */
  const customResources = (): Template =>
    Object.fromEntries(
      sandbox.deployment.customResources.map(({ logicalId, type, properties }) => [
        logicalId,
        { type, properties: { ...properties, ...withCa(properties['Settings']) } },
      ]),
    );
  const withCa = (settings: unknown) =>
    settings === undefined
      ? {}
      : { Settings: JSON.stringify({ ...JSON.parse(String(settings)), ...sandbox.issuerSettings() }) };
  const bind = () => {
    sandbox.secretsManager.create('eab', JSON.stringify({ kid: 'kid-1', hmacKey: HMAC_KEY }));
    sandbox.ca.settings.eab = { required: false, once: false, keys: { 'kid-1': HMAC_KEY } };
  };

  it('issues what its custom resources ask for, and takes back what goes with its stack', async () => {
    bind();
    const stack = await world.cloudFormation.createStack('Evercert', customResources());
    expect(stack).toMatchObject({ status: 'CREATE_COMPLETE', reason: '' });
    expect(live(sandbox, 'leane.dev').domainNames).toEqual(['leane.dev', '*.leane.dev']);
    expect(live(sandbox, 'bound.leane.dev').domainNames).toEqual(['bound.leane.dev']);
    expect(sandbox.acm.certificates('us-east-1')).toHaveLength(1);

    expect((await world.cloudFormation.deleteStack('Evercert')).status).toBe('DELETE_COMPLETE');
    expect(sandbox.secretsManager.secret('evercert/leane.dev')?.deletionAt).toBeUndefined();
    expect(sandbox.secretsManager.secret('evercert/bound.leane.dev')?.deletionAt).toBeDefined();
  });

  it('registers an account again with its external account binding when a renewal finds none', async () => {
    bind();
    await world.cloudFormation.createStack('Evercert', customResources());
    const bound = 'evercert/_issuers/bound';
    sandbox.secretsManager.untag(
      bound,
      Object.keys(sandbox.secretsManager.secret(bound)?.tags ?? {}).filter((key) => key.includes('account')),
    );
    sandbox.calls.reset();
    expect(await sandbox.renew({ certificate: 'bound.leane.dev', force: true })).toMatchObject({ decision: 'renewed' });
    expect(sandbox.calls.of('acme:newAccount')).toBe(1);
  });

  it('keeps a scan that failed each time in its dead-letter queue', async () => {
    sandbox.faults.add({ operation: 'secretsmanager:ListSecrets', error: refused });
    await expect(sandbox.scan()).rejects.toMatchObject({ code: 'aws-refused' });
    expect(sandbox.lambda.invocations).toMatchObject([{ attempts: 3, outcome: 'failed' }]);
    expect(sandbox.deployment.deadLetters).toEqual([{ queue: expect.stringContaining('ScanDeadLetters'), event: {} }]);
  });

  it('keeps a run of the schedule that could not start the scan there as well', async () => {
    const takeAway = sandbox.faults.add({ operation: 'scheduler:start', error: refused });
    await expect(sandbox.scan()).rejects.toThrow('The schedule could not start');
    expect(sandbox.deployment.deadLetters).toEqual([{ queue: expect.stringContaining('ScanDeadLetters'), event: {} }]);
    takeAway();
    expect(await sandbox.scan()).toMatchObject({ scanned: 0 });
  });

  it('keeps no event of a renewal that failed: the scan after its back-off starts another one', async () => {
    await sandbox.deployIssuer();
    await sandbox.register('leane.dev', { domainNames: ['leane.dev'], issuer: 'sandbox' });
    sandbox.faults.add({ operation: 'acme:newOrder', times: 1, error: { ...refused, name: 'rejectedIdentifier' } });
    await sandbox.scan();
    expect(tagsOf(sandbox, 'leane.dev')).toMatchObject({ state: 'failed', failure: 'ca-refused' });
    expect(sandbox.deployment.deadLetters).toEqual([]);
    await sandbox.clock.advance(HOUR);
    await sandbox.scan();
    expect(tagsOf(sandbox, 'leane.dev').state).toBe('issued');
  });

  it('starts renewals through the alias alone', async () => {
    await sandbox.deployIssuer();
    await sandbox.register('leane.dev', { domainNames: ['leane.dev'], issuer: 'sandbox' });
    await sandbox.scan();
    expect(tagsOf(sandbox, 'leane.dev').state).toBe('issued');
    expect(sandbox.environment['EVERCERT_RENEW_FUNCTION']).toMatch(/:function:Evercert-RenewerRenew\w+-\w+:live$/);
  });
});

it('The synthesized app, direct, keeps the event of a renewal that was killed each time', async () => {
  const { sandbox, stop } = await startStackSandbox({ zones: ['leane.dev'], execution: 'direct' });
  try {
    await sandbox.deployIssuer();
    await sandbox.register('leane.dev', { domainNames: ['leane.dev'], issuer: 'sandbox' });
    sandbox.faults.add({ operation: 'acme:newOrder', kill: true });
    await sandbox.scan();
    expect(sandbox.deployment.deadLetters).toMatchObject([
      {
        queue: expect.stringContaining('RenewDeadLetters'),
        event: { certificate: expect.stringContaining('leane.dev') },
      },
    ]);
  } finally {
    await stop();
  }
});
