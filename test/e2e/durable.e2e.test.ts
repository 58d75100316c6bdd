import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { DAY, HOUR, MINUTE, SECOND } from '../../lambdas/core/duration.ts';
import { createDurableRenew } from '../../lambdas/handlers/renew.ts';
import { ATTEMPT_SCHEMA } from '../../lambdas/renewal/attempt.ts';
import type { Steps } from '../../lambdas/renewal/ports/steps.ts';
import { findKeyMaterial } from '../key-material.ts';
import { imports, live, tagsOf } from '../sandbox/inspect.ts';
import type { LambdaHandler } from '../sandbox/lambda-handler.ts';
import { type Sandbox, startSandbox } from '../sandbox/sandbox.ts';

const spec = { domainNames: ['leane.dev', '*.leane.dev'], issuer: 'sandbox', acm: ['eu-central-1'] };
/** Of the CA for one renewal with apex and wildcard: the scan asks for renewal information, and so does the end. */
const NEEDED = {
  newOrder: 1,
  authorization: 2,
  challenge: 2,
  order: 2,
  finalize: 1,
  certificate: 1,
  renewalInfo: 2,
};
const times = (count: number, each: Readonly<Record<string, number>>) =>
  Object.fromEntries(Object.entries(each).map(([operation, calls]) => [operation, calls * count]));
const refused = { status: 400, name: 'malformed', message: 'refused' };

describe('renew as a durable function', () => {
  let sandbox: Sandbox;

  beforeEach(async () => {
    sandbox = await startSandbox({ zones: ['leane.dev'], execution: 'durable', coldStarts: true });
    await sandbox.deployIssuer();
  });

  afterEach(async () => {
    expect(sandbox.bugs()).toEqual([]);
    await sandbox.stop();
  });

  const latest = () => {
    const execution = sandbox.lambda.executions.at(-1);
    if (!execution) throw new Error('nothing was executed');
    return execution;
  };

  it('issues and renews, although every resume is in a process that knows nothing of the last one', async () => {
    await sandbox.renew({ certificate: 'leane.dev', spec });
    const first = live(sandbox, 'leane.dev').issued.serialNumber;
    await sandbox.clock.advance(61 * DAY);
    expect(await sandbox.scan()).toMatchObject({ started: 1 });
    const { serialNumber } = live(sandbox, 'leane.dev').issued;
    expect(serialNumber).not.toBe(first);
    expect(imports(sandbox, spec.acm)['eu-central-1']?.serial).toBe(serialNumber);
    expect(sandbox.ca.finalizedOrders()).toHaveLength(2);
  });

  it('costs no compute while it waits, and far fewer operations than the 3,000 that it may have', async () => {
    sandbox.route53.settings.propagationMilliseconds = 5 * MINUTE;
    await sandbox.renew({ certificate: 'leane.dev', spec });
    const { startedAt, endedAt = 0, aliveMilliseconds, usage } = latest();
    expect(endedAt - startedAt).toBeGreaterThan(5 * MINUTE);
    expect(aliveMilliseconds).toBeLessThan(SECOND);
    expect(usage.operations).toBeLessThan(100);
  });

  it('does not look every few seconds for what is not there', async () => {
    sandbox.nameServer.behaviour = 'forge';
    await expect(sandbox.renew({ certificate: 'leane.dev', spec })).rejects.toMatchObject({
      code: 'value-not-visible',
    });
    const { startedAt, endedAt = 0, usage } = latest();
    expect(endedAt - startedAt).toBeGreaterThan(8 * MINUTE);
    expect(usage.operations).toBeLessThan(100);
    expect(sandbox.calls.total('secretsmanager')).toBeLessThan(100);
  });

  it('asks the CA for what RFC 8555 and RFC 9773 need, and in each process for its directory and a nonce', async () => {
    await sandbox.renew({ certificate: 'leane.dev', spec });
    await sandbox.clock.advance(61 * DAY);
    sandbox.calls.reset();
    await sandbox.scan();
    const { directory = 0, newNonce = 0, ...needed } = sandbox.calls.by('acme');
    expect(needed).toEqual(times(1, NEEDED));
    expect(directory + newNonce).toBeLessThanOrEqual(10);
  });

  it('asks for neither where runs before it have', async () => {
    const warm = await startSandbox({ zones: ['leane.dev'], execution: 'durable' });
    try {
      await warm.deployIssuer();
      const names = ['one', 'two', 'three', 'four', 'five'].map((label) => `${label}.leane.dev`);
      for (const name of names) await warm.register(name, { domainNames: [name, `*.${name}`], issuer: 'sandbox' });
      await warm.scan();
      await warm.clock.advance(61 * DAY);
      warm.calls.reset();
      await warm.scan();
      const { directory = 0, newNonce = 0, ...needed } = warm.calls.by('acme');
      expect(needed).toEqual(times(names.length, NEEDED));
      expect(directory + newNonce).toBeLessThanOrEqual(4);
    } finally {
      await warm.stop();
    }
  });

  it.each([0, 3])(
    'goes on with the order of a process that died before it could say so, reads %i s behind',
    async (lag) => {
      sandbox.secretsManager.settings.readStalenessMilliseconds = lag * SECOND;
      sandbox.ca.settings.orderReuse = false;
      sandbox.faults.add({ operation: 'secretsmanager:TagResource', times: 1, kill: true, phase: 'after' });
      await sandbox.renew({ certificate: 'leane.dev', spec });
      expect(sandbox.ca.orders).toHaveLength(1);
      expect(tagsOf(sandbox, 'leane.dev')).toMatchObject({ state: 'issued', failures: 0 });
    },
  );

  it('does nothing more in a step whose invocation has ended, when Lambda thaws it with the next one', async () => {
    const warm = await startSandbox({ zones: ['leane.dev'], execution: 'durable' });
    try {
      await warm.deployIssuer();
      warm.ca.settings.orderReuse = false;
      // The checkpoint with which the order begins has no answer in time.
      const third = { operation: 'lambda:CheckpointDurableExecution', skip: 2, times: 1 };
      warm.faults.add({ ...third, delay: 5 * MINUTE });
      warm.faults.add({ ...third, phase: 'after', drop: true });
      expect(await warm.renew({ certificate: 'leane.dev', spec })).toMatchObject({ decision: 'renewed' });
      await warm.clock.advance(MINUTE);
      expect(warm.ca.orders).toHaveLength(1);
    } finally {
      await warm.stop();
    }
  });

  it('goes on in a process that has suspended it, although another one has got further and died', async () => {
    const warm = await startSandbox({ zones: ['leane.dev'], execution: 'durable' });
    try {
      await warm.deployIssuer();
      await warm.renew({ certificate: 'other', spec: { domainNames: ['other.leane.dev'], issuer: 'sandbox' } });
      // Two processes: the second ends its work after the first has suspended, and is the one that is used next.
      const slow = { operation: 'secretsmanager:DescribeSecret', times: 1, delay: 3 * SECOND };
      warm.faults.add({ ...slow, when: (request) => JSON.stringify(request).includes('/other') });
      warm.faults.add({ operation: 'acme:finalize', phase: 'after', times: 1, kill: true });
      const [renewed] = await Promise.all([
        warm.renew({ certificate: 'leane.dev', spec }),
        warm.renew({ certificate: 'other' }),
      ]);
      expect(renewed).toMatchObject({ decision: 'renewed' });
      expect(tagsOf(warm, 'leane.dev')).toMatchObject({ state: 'issued', failures: 0 });
    } finally {
      await warm.stop();
    }
  });

  it('goes on behind an ACM region that refuses, in a process that finds the refusal in its checkpoints', async () => {
    const acm = ['eu-central-1', 'us-east-1', 'eu-west-1'];
    await sandbox.renew({ certificate: 'leane.dev', spec: { ...spec, acm } });
    const before = imports(sandbox, acm)['eu-central-1'];
    await sandbox.clock.advance(61 * DAY);
    const isIn = (region: string) => (request: unknown) => (request as { region: string }).region === region;
    const importing = { operation: 'acm:ImportCertificate' };
    const error = { ...refused, name: 'ValidationException' };
    sandbox.faults.add({ ...importing, when: isIn('eu-central-1'), error });
    sandbox.faults.add({ ...importing, when: isIn('us-east-1'), phase: 'after', times: 1, kill: true });
    await expect(sandbox.renew({ certificate: 'leane.dev' })).rejects.toMatchObject({ code: 'target-refused' });
    const { serialNumber: serial } = live(sandbox, 'leane.dev').issued;
    const expected = { 'eu-central-1': before, 'us-east-1': { serial }, 'eu-west-1': { serial } };
    expect(imports(sandbox, acm)).toMatchObject(expected);
    expect(tagsOf(sandbox, 'leane.dev')).toMatchObject({ state: 'failed', failure: 'target-refused', acm: expected });
    const steps = latest().operations.filter(({ name = '' }) => name.startsWith('import into ACM'));
    expect(steps.map(({ name, status }) => [name, status])).toEqual([
      ['import into ACM eu-central-1', 'FAILED'],
      ['import into ACM us-east-1', 'SUCCEEDED'],
      ['import into ACM eu-west-1', 'SUCCEEDED'],
    ]);
  });

  it('is started once by a scan that Lambda delivers twice', async () => {
    await sandbox.register('leane.dev', spec);
    sandbox.faults.add({ operation: 'lambda:Invoke', repeat: true });
    await sandbox.scan();
    expect(sandbox.lambda.executions).toHaveLength(1);
  });

  it('is started again by the next scan when it stopped before it claimed anything', async () => {
    await sandbox.register('leane.dev', spec);
    const takeAway = sandbox.faults.add({
      operation: 'secretsmanager:PutSecretValue',
      error: { ...refused, name: 'AccessDeniedException' },
    });
    await sandbox.scan();
    expect(latest()).toMatchObject({ status: 'FAILED' });
    takeAway();
    await sandbox.clock.advance(HOUR);
    await sandbox.scan();
    expect(latest()).toMatchObject({ status: 'SUCCEEDED' });
    expect(tagsOf(sandbox, 'leane.dev').state).toBe('issued');
  });

  it('ends as failed with the sentence, the code and the CA’s words where an operator looks for them', async () => {
    sandbox.faults.add({ operation: 'acme:finalize', error: refused });
    await expect(sandbox.renew({ certificate: 'leane.dev', spec })).rejects.toMatchObject({
      code: 'ca-refused',
      details: { problem: { detail: 'refused' } },
    });
    const { status, error, operations } = latest();
    expect({ status, type: error?.ErrorType }).toEqual({ status: 'FAILED', type: 'RenewalFailure' });
    expect(error?.ErrorMessage).toMatch(/^leane\.dev: /);
    expect(operations.find(({ name }) => name === 'finalize')).toMatchObject({ status: 'FAILED' });
    expect(tagsOf(sandbox, 'leane.dev')).toMatchObject({ state: 'failed', failure: 'ca-refused' });
  });

  it('refuses a bad event by name, before anything has happened', async () => {
    await expect(sandbox.renew({ certificate: 'leane.dev', forced: true })).rejects.toMatchObject({
      code: 'invalid-input',
      message: expect.stringContaining('forced'),
    });
    expect(latest().operations).toEqual([]);
  });

  it('checkpoints no key material, in success and in failure', async () => {
    await sandbox.renew({ certificate: 'leane.dev', spec });
    for (const operation of ['secretsmanager:PutSecretValue', 'acm:ImportCertificate', 'acme:finalize']) {
      const takeAway = sandbox.faults.add({ operation, error: { ...refused, name: 'ValidationException' } });
      await sandbox.renew({ certificate: 'leane.dev', force: true }).catch(() => undefined);
      takeAway();
      await sandbox.clock.advance(DAY);
    }
    const { privateKey } = live(sandbox, 'leane.dev');
    const { executions, invocations } = sandbox.lambda;
    expect(executions.map(({ status }) => status)).toEqual(['SUCCEEDED', 'FAILED', 'FAILED', 'FAILED']);
    expect(JSON.stringify(executions)).toContain('leane.dev');
    expect(findKeyMaterial({ executions, invocations, log: sandbox.log }, [privateKey])).toEqual([]);
  });

  it('ends on the code that it began with when new code is deployed while it waits', async () => {
    await sandbox.register('leane.dev', spec);
    let deployed = false;
    const deploy = () => {
      if (!deployed) sandbox.lambda.register(sandbox.deployment.functions.renew, broken, { durable: DURABLE });
      deployed = true;
      return false;
    };
    const broken: LambdaHandler = async () => ({ Status: 'FAILED', Error: { ErrorMessage: 'the new code is broken' } });
    sandbox.faults.add({ operation: 'route53:GetChange', when: deploy });
    await sandbox.scan();
    expect(latest()).toMatchObject({ status: 'SUCCEEDED', version: '1' });
    await sandbox.clock.advance(61 * DAY);
    await sandbox.scan();
    expect(latest()).toMatchObject({ status: 'FAILED', version: '2' });
  });

  it('stops at a checkpoint of another version of evercert, and the next attempt goes on from what is stored', async () => {
    const { environment, clock, lambda } = sandbox;
    const log = { info: () => undefined, warn: () => undefined, error: () => undefined };
    const version = (watch?: (steps: Steps) => Steps) =>
      createDurableRenew({
        environment,
        clock,
        log,
        print: () => undefined,
        ...(watch ? { watch } : {}),
      }) as LambdaHandler;
    // Unlike an alias, $LATEST does not pin an execution to the code that it began with.
    lambda.register('unpinned:$LATEST', version(withoutSchema), { durable: DURABLE });
    const deploy = () => {
      lambda.register('unpinned:$LATEST', version(), { durable: DURABLE });
      return false;
    };
    await sandbox.register('leane.dev', spec);
    const takeAway = sandbox.faults.add({
      operation: 'route53:ChangeResourceRecordSets',
      phase: 'after',
      when: deploy,
    });
    await lambda.invoke('unpinned:$LATEST', { certificate: 'leane.dev' }, { type: 'Event' });
    takeAway();
    expect(latest()).toMatchObject({
      status: 'FAILED',
      error: { ErrorMessage: expect.stringContaining('another version of evercert') },
    });

    await sandbox.clock.advance(16 * MINUTE);
    expect(await sandbox.renew({ certificate: 'leane.dev' })).toMatchObject({ decision: 'renewed' });
    expect(sandbox.ca.finalizedOrders()).toHaveLength(1);
    const [zone] = sandbox.route53.zones();
    expect(sandbox.route53.records(zone?.id ?? '').filter(({ type }) => type === 'TXT')).toEqual([]);
  });

  it('gives one finalized order when two scans and a hand start it at the same moment', async () => {
    await sandbox.register('leane.dev', spec);
    await Promise.all([sandbox.scan(), sandbox.scan(), sandbox.renew({ certificate: 'leane.dev' })]);
    expect(sandbox.lambda.executions).toHaveLength(3);
    expect(sandbox.ca.finalizedOrders()).toHaveLength(1);
    expect(sandbox.acm.certificates('eu-central-1')).toHaveLength(1);
  });
});

const DURABLE = { executionTimeoutSeconds: 86_400, retentionDays: 14 };

/** As an older version would have checkpointed its claim. */
function withoutSchema(steps: Steps): Steps {
  return {
    ...steps,
    run: (name, step) =>
      steps.run(name, async () => {
        const result = await step();
        return name === 'claim'
          ? (JSON.parse(JSON.stringify(result).replace(`"schema":${ATTEMPT_SCHEMA},`, '')) as typeof result)
          : result;
      }),
  };
}
