import { generateKeyPairSync } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { DAY, HOUR, MINUTE, SECOND } from '../../lambdas/core/duration.ts';
import { LETS_ENCRYPT_PROFILES } from '../sandbox/ca/settings.ts';
import type { Fault, FaultError } from '../sandbox/faults.ts';
import { imports, live, tagsOf } from '../sandbox/inspect.ts';
import { type Sandbox, startSandbox } from '../sandbox/sandbox.ts';

const spec = { domainNames: ['leane.dev', '*.leane.dev'], issuer: 'sandbox', acm: ['eu-central-1'] };
const refused = { status: 400, name: 'ValidationException', message: 'refused for a while' };

describe('after a run that stopped half-way', () => {
  let sandbox: Sandbox;

  beforeEach(async () => {
    sandbox = await startSandbox({ zones: ['leane.dev'] });
    await sandbox.deployIssuer();
  });

  afterEach(async () => {
    expect(sandbox.bugs()).toEqual([]);
    await sandbox.stop();
  });

  const scanHourly = async (scans: number) => {
    for (let scan = 0; scan < scans; scan += 1) {
      await sandbox.scan();
      await sandbox.clock.advance(HOUR);
    }
  };

  it('Lambda’s repetition of the same event finishes with the new pair, not with the old one', async () => {
    await sandbox.renew({ certificate: 'leane.dev', spec });
    await sandbox.clock.advance(61 * DAY);
    sandbox.lambda.settings.asyncRetries = 2;
    // The pair goes live; then nothing can be written down, neither success nor failure.
    sandbox.faults.add({ operation: 'secretsmanager:TagResource', skip: 1, times: 2, error: refused });
    await sandbox.scan();
    const { serialNumber } = live(sandbox, 'leane.dev').issued;
    expect(imports(sandbox, spec.acm)['eu-central-1']?.serial).toBe(serialNumber);
    expect(tagsOf(sandbox, 'leane.dev')).toMatchObject({ state: 'issued', serial: serialNumber });
    expect(sandbox.ca.finalizedOrders()).toHaveLength(2);
  });

  it('a forced scan that Lambda repeats orders once', async () => {
    await sandbox.renew({ certificate: 'leane.dev', spec });
    sandbox.lambda.settings.asyncRetries = 2;
    sandbox.faults.add({ operation: 'acm:ImportCertificate', times: 1, error: refused });
    await sandbox.scan({ force: true });
    expect(sandbox.ca.finalizedOrders()).toHaveLength(2);
  });

  it('a deployment’s renewal that failed is over, and Lambda’s repetition orders nothing', async () => {
    await sandbox.register('leane.dev', spec);
    sandbox.lambda.settings.asyncRetries = 2;
    const error = { status: 400, name: 'badCSR', message: 'no' };
    sandbox.faults.add({ operation: 'acme:finalize', error });
    const request = 'a'.repeat(64);
    const renew = sandbox.deployment.functions.renew;
    await sandbox.lambda.invoke(renew, { certificate: 'leane.dev', request }, { type: 'Event' });
    await sandbox.lambda.idle();
    expect(sandbox.calls.of('acme:finalize')).toBe(1);
    expect(tagsOf(sandbox, 'leane.dev')).toMatchObject({ answered: `${request} ca-refused`, failures: 1 });
  });

  it.each([
    ['has claimed the certificate', 'secretsmanager:PutSecretValue'],
    ['has finalized its order', 'acme:finalize'],
  ])('a forced renewal that dies when it %s is gone on with when Lambda repeats it', async (_, operation) => {
    await sandbox.renew({ certificate: 'leane.dev', spec });
    const { serialNumber } = live(sandbox, 'leane.dev').issued;
    sandbox.lambda.settings.asyncRetries = 2;
    sandbox.faults.add({ operation, phase: 'after', times: 1, kill: true });
    await sandbox.scan({ force: true });
    expect(live(sandbox, 'leane.dev').issued.serialNumber).not.toBe(serialNumber);
    expect(tagsOf(sandbox, 'leane.dev')).toMatchObject({ state: 'issued', failures: 0 });
    expect(sandbox.ca.finalizedOrders()).toHaveLength(2);
  });

  it('what the tags say of renewal information belongs to the certificate that is live', async () => {
    await sandbox.renew({ certificate: 'leane.dev', spec });
    await sandbox.clock.advance(61 * DAY);
    sandbox.faults.add({ operation: 'acm:ImportCertificate', times: 1, error: refused });
    await sandbox.scan();
    await sandbox.clock.advance(2 * HOUR);
    await sandbox.scan();
    const { ariCertId, serialNumber } = live(sandbox, 'leane.dev').issued;
    expect(tagsOf(sandbox, 'leane.dev')).toMatchObject({ state: 'issued', serial: serialNumber, ariId: ariCertId });
    await sandbox.clock.advance(DAY);
    expect(await sandbox.scan()).toMatchObject({ due: 0 });
    expect(sandbox.ca.finalizedOrders()).toHaveLength(2);
  });

  it('a scan that still saw the certificate before does not have the CA asked about that one for ever', async () => {
    await sandbox.renew({ certificate: 'leane.dev', spec });
    await sandbox.clock.advance(DAY);
    await sandbox.renew({ certificate: 'leane.dev', force: true });
    sandbox.secretsManager.settings.listStalenessMilliseconds = 10 * MINUTE;
    await sandbox.scan();
    const { ariCertId } = live(sandbox, 'leane.dev').issued;
    expect(tagsOf(sandbox, 'leane.dev').ariId).not.toBe(ariCertId);
    await scanHourly(3);
    expect(tagsOf(sandbox, 'leane.dev')).toMatchObject({ state: 'issued', ariId: ariCertId });
    expect(tagsOf(sandbox, 'leane.dev').renewAt).toBeGreaterThan(sandbox.clock.now() + 58 * DAY);
    expect(sandbox.ca.finalizedOrders()).toHaveLength(2);
  });

  describe('with an ACM region that refuses', () => {
    const regions = ['eu-central-1', 'us-east-1', 'eu-west-1'];
    const refuseIn = (region: string) =>
      sandbox.faults.add({
        operation: 'acm:ImportCertificate',
        when: (request) => (request as { region: string }).region === region,
        error: { ...refused, message: `refused in ${region}` },
      });
    const importedNow = () => sandbox.calls.of('acm:ImportCertificate');
    const serials = () =>
      Object.fromEntries(Object.entries(imports(sandbox, regions)).map(([region, found]) => [region, found?.serial]));

    beforeEach(async () => {
      await sandbox.renew({ certificate: 'leane.dev', spec: { ...spec, acm: regions } });
      await sandbox.clock.advance(61 * DAY);
    });

    it('all other regions get the pair, and the next attempt publishes what is missing alone', async () => {
      const before = serials();
      const allow = refuseIn('eu-central-1');
      const failure = await sandbox.renew({ certificate: 'leane.dev' }).catch((error: unknown) => error);
      expect(failure).toMatchObject({ code: 'target-refused', message: expect.stringContaining('refused in eu-cent') });
      const { serialNumber } = live(sandbox, 'leane.dev').issued;
      const others = { 'us-east-1': serialNumber, 'eu-west-1': serialNumber };
      expect(serials()).toEqual({ ...before, ...others });
      const { state, failure: code, acm } = tagsOf(sandbox, 'leane.dev');
      expect([state, code]).toEqual(['failed', 'target-refused']);
      expect(Object.fromEntries(Object.entries(acm).map(([region, { serial }]) => [region, serial]))).toEqual(
        serials(),
      );

      allow();
      await sandbox.clock.advance(2 * HOUR);
      sandbox.calls.reset();
      await sandbox.scan();
      expect(serials()).toEqual({ ...others, 'eu-central-1': serialNumber });
      expect(tagsOf(sandbox, 'leane.dev')).toMatchObject({ state: 'issued', failures: 0 });
      expect(importedNow()).toBe(1);
      expect(sandbox.ca.finalizedOrders()).toHaveLength(2);
    });

    it('the sentence names each region that refuses', async () => {
      for (const region of ['eu-central-1', 'eu-west-1']) refuseIn(region);
      const failure = await sandbox.renew({ certificate: 'leane.dev' }).catch((error: unknown) => error);
      expect(failure).toMatchObject({
        code: 'target-refused',
        message: expect.stringMatching(/in 2 regions: in eu-central-1 \(target-refused\), .*; in eu-west-1 \(target-r/),
      });
      const { serialNumber } = live(sandbox, 'leane.dev').issued;
      expect(serials()['us-east-1']).toBe(serialNumber);
    });

    it('an import that was deleted by hand meanwhile is made anew', async () => {
      const allow = refuseIn('eu-central-1');
      await expect(sandbox.renew({ certificate: 'leane.dev' })).rejects.toMatchObject({ code: 'target-refused' });
      allow();
      for (const { arn } of sandbox.acm.certificates('us-east-1')) sandbox.acm.delete(arn);
      await sandbox.clock.advance(2 * HOUR);
      await sandbox.scan();
      const { serialNumber } = live(sandbox, 'leane.dev').issued;
      expect(serials()).toEqual(Object.fromEntries(regions.map((region) => [region, serialNumber])));
    });
  });

  describe('the CA is asked about the live certificate again', () => {
    const expectAsked = async () => {
      sandbox.calls.reset();
      await scanHourly(10);
      const { ariCertId: ariId } = live(sandbox, 'leane.dev').issued;
      expect(tagsOf(sandbox, 'leane.dev')).toMatchObject({
        state: 'issued',
        ariId,
        issuer: 'sandbox',
        trust: 'bundle',
      });
      expect(sandbox.calls.of('acme:renewalInfo')).toBeGreaterThan(0);
      sandbox.ca.revoke(live(sandbox, 'leane.dev').issued.serialNumber);
      await scanHourly(8);
      expect(live(sandbox, 'leane.dev').issued.ariCertId).not.toBe(ariId);
    };

    beforeEach(async () => {
      await sandbox.renew({ certificate: 'leane.dev', spec: { ...spec, acm: [] } });
    });

    it.each<[string, Pick<Fault, 'error' | 'kill'>]>([
      ['could not say that it is live', { error: refused }],
      ['died before it said so', { kill: true }],
    ])('after a renewal that %s', async (_what, fault) => {
      sandbox.lambda.settings.asyncRetries = 0;
      await sandbox.clock.advance(61 * DAY);
      sandbox.faults.add({ operation: 'secretsmanager:TagResource', skip: 1, times: 1, ...fault });
      await sandbox.renew({ certificate: 'leane.dev' }).catch(() => undefined);
      const { ariCertId } = live(sandbox, 'leane.dev').issued;
      expect(tagsOf(sandbox, 'leane.dev').ariId).not.toBe(ariCertId);
      await sandbox.clock.advance(HOUR);
      await expectAsked();
    });

    it('after one whose CA did not show its directory at the end', async () => {
      await sandbox.renew({ certificate: 'leane.dev', spec });
      await sandbox.clock.advance(61 * DAY);
      sandbox.faults.add({ operation: 'acm:ImportCertificate', times: 1, error: refused });
      await sandbox.scan();
      await sandbox.clock.advance(2 * HOUR);
      const down = { status: 500, name: 'serverInternal', message: 'later' };
      const takeAway = sandbox.faults.add({ operation: 'acme:directory', error: down });
      expect(await sandbox.renew({ certificate: 'leane.dev' })).toMatchObject({ decision: 'published' });
      await scanHourly(8);
      expect(tagsOf(sandbox, 'leane.dev').renewalInfo).toBeUndefined();
      takeAway();
      await expectAsked();
    });

    it('after somebody has put the pair before back', async () => {
      const before = sandbox.secretsManager.value('evercert/leane.dev') ?? '';
      await sandbox.renew({ certificate: 'leane.dev', force: true });
      sandbox.secretsManager.overwrite('evercert/leane.dev', before);
      await expectAsked();
    });
  });

  it('an order that needed no challenge is gone on with, although the one before it has ended', async () => {
    sandbox.ca.settings.profiles = { ...LETS_ENCRYPT_PROFILES };
    await sandbox.register('leane.dev', { ...spec, profile: 'shortlived' });
    for (const hours of [2, 3]) {
      sandbox.faults.add({ operation: 'acme:certificate', times: 1, error: { ...refused, name: 'malformed' } });
      await sandbox.scan();
      expect(tagsOf(sandbox, 'leane.dev')).toMatchObject({ state: 'failed', failure: 'ca-refused' });
      // An order of this profile lasts for an hour, as long as its challenges are pending; its authorizations for seven.
      await sandbox.clock.advance(hours * HOUR);
    }
    await sandbox.scan();
    expect(tagsOf(sandbox, 'leane.dev').state).toBe('issued');
    expect(sandbox.ca.finalizedOrders()).toHaveLength(2);
  });

  it('gives up early enough to clean up when the CA asks for more time than the lease has', async () => {
    sandbox.ca.settings.processingMilliseconds = HOUR;
    sandbox.ca.settings.retryAfterSeconds = 300;
    await expect(sandbox.renew({ certificate: 'leane.dev', spec })).rejects.toMatchObject({ code: 'attempt-timeout' });
    expect(tagsOf(sandbox, 'leane.dev')).toMatchObject({ state: 'failed', failures: 1 });

    await sandbox.clock.advance(70 * MINUTE);
    expect(await sandbox.renew({ certificate: 'leane.dev' })).toMatchObject({ decision: 'renewed' });
    expect(sandbox.ca.orders).toHaveLength(1);
  });

  it.each([
    ['nothing is ordered after it', { beyond: 1, placing: 0 }],
    ['an order that was placed before it is remembered', { beyond: -10, placing: 15 }],
  ])('at the end of the time, %s', async (_what, { beyond, placing }) => {
    sandbox.ca.settings.orderReuse = false;
    // A lease lasts for 15 minutes, the last two of which are for what has been begun.
    const delay = 13 * MINUTE + beyond * SECOND;
    sandbox.faults.add({ operation: 'route53:ListHostedZones', times: 1, delay });
    if (placing) sandbox.faults.add({ operation: 'acme:newOrder', times: 1, phase: 'after', delay: placing * SECOND });
    await expect(sandbox.renew({ certificate: 'leane.dev', spec })).rejects.toMatchObject({ code: 'attempt-timeout' });
    expect(sandbox.ca.orders).toHaveLength(placing ? 1 : 0);

    await sandbox.clock.advance(HOUR);
    expect(await sandbox.renew({ certificate: 'leane.dev' })).toMatchObject({ decision: 'renewed' });
    expect(sandbox.ca.orders).toHaveLength(1);
  });

  describe('a question about the order that is answered with an error', () => {
    const renewal = () => sandbox.renew({ certificate: 'leane.dev', force: true });
    const answerWith = (times: number, error: FaultError) =>
      sandbox.faults.add({ operation: 'acme:order', times, error });

    beforeEach(async () => {
      sandbox.ca.settings.processingMilliseconds = HOUR;
      sandbox.ca.settings.retryAfterSeconds = 300;
      await expect(sandbox.renew({ certificate: 'leane.dev', spec })).rejects.toMatchObject({
        code: 'attempt-timeout',
      });
      await sandbox.clock.advance(2 * HOUR);
    });

    it.each([
      ['refused nonces', 21, { status: 400, name: 'badNonce', message: 'JWS has an invalid anti-replay nonce' }],
      [
        'the page of a firewall',
        1,
        { status: 403, name: '', message: '<h1>Forbidden</h1>', headers: { 'content-type': 'text/html' } },
      ],
      ['an overloaded CA', 3, { status: 500, name: 'serverInternal', message: 'later' }],
    ])('loses no order when it passes: %s', async (_what, times, error) => {
      answerWith(times, error);
      await expect(renewal()).rejects.toMatchObject({ code: expect.stringMatching(/^ca-/) });
      expect(await renewal()).toMatchObject({ decision: 'renewed' });
      expect(sandbox.ca.orders).toHaveLength(1);
    });

    it.each([
      ['directory', 400],
      ['newNonce', 404],
    ])('is none when the CA refuses its %s', async (resource, status) => {
      sandbox.faults.add({
        operation: `acme:${resource}`,
        times: 1,
        error: { status, name: 'malformed', message: 'Page not found' },
      });
      await expect(renewal()).rejects.toMatchObject({ code: expect.stringMatching(/^ca-/) });
      expect(await renewal()).toMatchObject({ decision: 'renewed' });
      expect(sandbox.ca.orders).toHaveLength(1);
    });

    it('ends the order when the CA does not know it', async () => {
      answerWith(1, { status: 404, name: 'malformed', message: 'No order for ID 1' });
      sandbox.ca.settings.processingMilliseconds = 0;
      expect(await renewal()).toMatchObject({ decision: 'renewed' });
      expect(sandbox.ca.orders).toHaveLength(2);
    });

    it('ends the order when it comes for the third time', async () => {
      answerWith(100, { status: 403, name: 'caa', message: 'nobody answers so' });
      sandbox.ca.settings.processingMilliseconds = 0;
      for (const _again of [2, 3]) await expect(renewal()).rejects.toMatchObject({ code: 'ca-refused' });
      sandbox.faults.clear();
      answerWith(1, { status: 403, name: 'caa', message: 'nobody answers so' });
      expect(await renewal()).toMatchObject({ decision: 'renewed' });
      expect(sandbox.ca.orders).toHaveLength(2);
    });
  });

  it('an order is gone on with although the certificate of the one before was rejected', async () => {
    sandbox.lambda.settings.asyncRetries = 0;
    sandbox.ca.settings.orderReuse = false;
    const publicKey = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey;
    const wrong = await sandbox.ca.issue({ names: spec.domainNames, publicKey });
    sandbox.ca.settings.mutate = { certificate: () => wrong };
    await sandbox.register('leane.dev', spec);
    await sandbox.scan();
    expect(tagsOf(sandbox, 'leane.dev').failure).toBe('certificate-rejected');
    sandbox.ca.settings.mutate = {};
    await sandbox.clock.advance(2 * HOUR);
    sandbox.faults.add({ operation: 'secretsmanager:TagResource', phase: 'after', times: 1, kill: true });
    await scanHourly(3);
    expect(tagsOf(sandbox, 'leane.dev').state).toBe('issued');
    expect(sandbox.ca.orders).toHaveLength(2);
  });

  it('an order is gone on with although the one before it was of an account that the CA has forgotten', async () => {
    sandbox.ca.settings.orderReuse = false;
    const down = { status: 500, name: 'serverInternal', message: 'later' };
    sandbox.faults.add({ operation: 'acme:challenge', times: 6, error: down });
    await sandbox.register('leane.dev', spec);
    await sandbox.scan();
    expect(tagsOf(sandbox, 'leane.dev').failure).toBe('ca-unreachable');
    sandbox.faults.clear();
    sandbox.ca.forgetAccounts();
    await sandbox.clock.advance(2 * HOUR);
    sandbox.faults.add({ operation: 'acme:authorization', phase: 'after', times: 1, kill: true });
    await scanHourly(3);
    expect(tagsOf(sandbox, 'leane.dev').state).toBe('issued');
    expect(sandbox.ca.orders).toHaveLength(2);
  });

  it('an order is not gone on with for another spec', async () => {
    sandbox.faults.add({
      operation: 'acme:certificate',
      times: 3,
      error: { status: 500, name: 'serverInternal', message: 'later' },
    });
    await expect(sandbox.renew({ certificate: 'leane.dev', spec })).rejects.toMatchObject({ code: 'ca-unreachable' });
    await sandbox.renew({ certificate: 'leane.dev', spec: { ...spec, renewBefore: '30d' } });
    expect(sandbox.ca.finalizedOrders()).toHaveLength(2);
  });

  it('does not collect the TXT values of attempts that cleaned up', async () => {
    sandbox.faults.add({ operation: 'acme:challenge', error: { status: 403, name: 'unauthorized', message: 'no' } });
    for (let attempt = 0; attempt < 5; attempt += 1) {
      await expect(sandbox.renew({ certificate: 'leane.dev', spec, force: true })).rejects.toMatchObject({
        code: 'ca-refused',
      });
    }
    const pending = JSON.parse(sandbox.secretsManager.value('evercert/leane.dev', 'ACME_PENDING') ?? '{}') as {
      leftovers: unknown[];
    };
    expect(pending.leftovers).toEqual([]);
  });

  it('sweeps what a dead attempt left in DNS, also when the CA needs no proof any more', async () => {
    // Validated and then dead: clean-up, and everything after it, happens no more.
    const takeAway = [
      sandbox.faults.add({ operation: 'route53:ChangeResourceRecordSets', skip: 1, error: refused }),
      sandbox.faults.add({ operation: 'acme:finalize', error: { status: 400, name: 'malformed', message: 'no' } }),
    ];
    await expect(sandbox.renew({ certificate: 'leane.dev', spec })).rejects.toMatchObject({ code: 'ca-refused' });
    const [zone] = sandbox.route53.zones();
    const txt = () => sandbox.route53.records(zone?.id ?? '').filter(({ type }) => type === 'TXT');
    expect(txt()).toHaveLength(1);

    for (const take of takeAway) take();
    sandbox.calls.reset();
    expect(await sandbox.renew({ certificate: 'leane.dev', force: true })).toMatchObject({ decision: 'renewed' });
    expect(sandbox.calls.of('acme:challenge')).toBe(0);
    expect(txt()).toEqual([]);
  });

  it('forgets the failures of a certificate that somebody has put in order by hand', async () => {
    await sandbox.renew({ certificate: 'leane.dev', spec: { ...spec, acm: [] } });
    const pair = JSON.stringify(live(sandbox, 'leane.dev'));
    await sandbox.clock.advance(61 * DAY);
    sandbox.faults.add({
      operation: 'acme:newOrder',
      // With and without `replaces`.
      times: 2,
      error: { status: 400, name: 'malformed', message: 'no' },
    });
    await sandbox.scan();
    expect(tagsOf(sandbox, 'leane.dev')).toMatchObject({ state: 'failed', failures: 1 });
    await sandbox.renew({ certificate: 'other', spec: { ...spec, acm: [] } });
    const fresh = JSON.stringify(live(sandbox, 'other'));
    expect(fresh).not.toBe(pair);
    sandbox.secretsManager.overwrite('evercert/leane.dev', fresh);
    expect(await sandbox.renew({ certificate: 'leane.dev' })).toMatchObject({ decision: 'not-due' });
    const { state, failures, failure, retryAt } = tagsOf(sandbox, 'leane.dev');
    expect({ state, failures, failure, retryAt }).toEqual({ state: 'issued', failures: 0 });
  });

  it('an adopted secret gets the spec that is sent for it, and no shadow of its name', async () => {
    await sandbox.renew({ certificate: 'source', spec: { ...spec, acm: [] } });
    const pair = live(sandbox, 'source');
    await sandbox.secretsManager.create('prod-tls', JSON.stringify(pair), { 'evercert:renewer': 'evercert' });
    await sandbox.renew({ certificate: 'prod-tls', spec });
    expect(sandbox.secretsManager.secret('evercert/prod-tls')).toBeUndefined();
    expect(tagsOf(sandbox, 'prod-tls', '').state).toBe('issued');
  });

  it('an adopted secret is renewed whatever name Secrets Manager allows it', async () => {
    await sandbox.renew({ certificate: 'source', spec: { ...spec, acm: [] } });
    await sandbox.secretsManager.create('/prod/_tls', JSON.stringify(live(sandbox, 'source')), {
      'evercert:renewer': 'evercert',
    });
    await sandbox.clock.advance(61 * DAY);
    await sandbox.scan({ certificates: ['/prod/_tls'] });
    expect(tagsOf(sandbox, '/prod/_tls', '')).toMatchObject({ state: 'issued' });
    expect(sandbox.ca.finalizedOrders()).toHaveLength(2);
  });
});
