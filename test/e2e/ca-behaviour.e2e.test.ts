import { randomBytes, X509Certificate } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { splitChain } from '../../lambdas/acme/pem-chain.ts';
import { DAY, HOUR, MINUTE } from '../../lambdas/core/duration.ts';
import { live, tagsOf } from '../sandbox/inspect.ts';
import { type Sandbox, startSandbox } from '../sandbox/sandbox.ts';
import type { Execution } from '../sandbox/synthesis.ts';
import { EXECUTIONS } from './executions.ts';

const spec = { domainNames: ['leane.dev', '*.leane.dev'], issuer: 'ca' };

let sandbox: Sandbox;

/** Each test of the `describe` around it has a sandbox of its own. */
function eachInSandbox(execution: Execution): void {
  beforeEach(async () => {
    sandbox = await startSandbox({ zones: ['leane.dev'], execution });
  });

  afterEach(async () => {
    expect(sandbox.bugs()).toEqual([]);
    await sandbox.stop();
  });
}

/** As CAs that take long, it does not want to be asked every few seconds. */
const takeLong = (milliseconds: number) => {
  sandbox.ca.settings.processingMilliseconds = milliseconds;
  sandbox.ca.settings.retryAfterSeconds = 30;
};
const deploy = (changes: object = {}) => sandbox.deployIssuer('ca', { ...sandbox.issuerSettings(), ...changes });
const issue = (changes: object = {}) => sandbox.renew({ certificate: 'leane.dev', spec: { ...spec, ...changes } });
const failure = (work: Promise<unknown>) =>
  work.then(
    () => ({ code: 'nothing was thrown', message: '' }),
    (error: { code: string; message: string }) => error,
  );
const bindingIn = async (value: string) => {
  await sandbox.secretsManager.create('eab', value);
  return { externalAccountBinding: { secret: 'eab' } };
};

/** What the CAs of docs/reference do otherwise than Let's Encrypt, where it takes several invocations of `renew`. */
describe.each(EXECUTIONS)('to %s, a CA that', (execution) => {
  eachInSandbox(execution);

  it('takes minutes to finalize is waited for in the same attempt (Google, ZeroSSL)', async () => {
    takeLong(7 * MINUTE);
    await deploy();
    expect(await issue()).toMatchObject({ decision: 'renewed' });
    expect(sandbox.ca.orders).toHaveLength(1);
  });

  it('takes hours is asked again, for the same order (ZeroSSL)', async () => {
    takeLong(2 * HOUR);
    await deploy();
    expect(await failure(issue())).toMatchObject({ code: 'attempt-timeout' });
    for (let hour = 0; hour < 3; hour += 1) {
      await sandbox.clock.advance(HOUR + MINUTE);
      await sandbox.scan();
    }
    expect(tagsOf(sandbox, 'leane.dev').state).toBe('issued');
    expect(sandbox.ca.orders).toHaveLength(1);
  });

  it('reuses orders gives a dead attempt’s order to the next one (Let’s Encrypt)', async () => {
    await deploy();
    // The order was placed, and its URL never arrived.
    const takeAway = sandbox.faults.add({ operation: 'acme:newOrder', phase: 'after', drop: true });
    expect(await failure(issue())).toMatchObject({ code: 'ca-unreachable' });
    takeAway();
    expect(await sandbox.renew({ certificate: 'leane.dev', force: true })).toMatchObject({ decision: 'renewed' });
    expect(sandbox.ca.orders).toHaveLength(1);
  });

  it('wants an external account binding that it takes once is not given it by a renewal (Google)', async () => {
    const hmacKey = randomBytes(32).toString('base64url');
    sandbox.ca.settings.eab = { required: true, once: true, keys: { 'kid-1': hmacKey } };
    await deploy(await bindingIn(JSON.stringify({ kid: 'kid-1', hmacKey })));
    expect(await issue()).toMatchObject({ decision: 'renewed' });
    await sandbox.clock.advance(61 * DAY);
    expect(await sandbox.scan()).toMatchObject({ started: 1 });
    expect(sandbox.ca.finalizedOrders()).toHaveLength(2);
    expect(sandbox.ca.accounts).toMatchObject([{ binding: { kid: 'kid-1' } }]);
  });

  it('offers another chain still does when the certificate is ready much later (Let’s Encrypt)', async () => {
    takeLong(7 * MINUTE);
    await deploy();
    const { name = '' } = sandbox.ca.roots[1] ?? {};
    await issue({ preferredChain: name });
    const chain = splitChain(live(sandbox, 'leane.dev').chain);
    expect(new X509Certificate(chain.at(-1) ?? '').issuer).toContain(`CN=${name}`);
  });
});

/** What is over before the first order, or in one invocation. */
describe.each(EXECUTIONS)('in its settings (%s), a CA that', (execution) => {
  eachInSandbox(execution);

  describe('wants an external account binding (ZeroSSL, Google, SSL.com, ACM)', () => {
    // Bytes that base64 and base64url write differently.
    const key = Buffer.concat([Buffer.from([0xfb, 0xff]), randomBytes(30)]);
    const unpadded = key.toString('base64url');

    beforeEach(() => {
      sandbox.ca.settings.eab = { required: true, once: true, keys: { 'kid-1': unpadded } };
    });

    it.each([
      ['base64url', unpadded],
      ['base64url, padded', `${unpadded}=`],
      ['base64', key.toString('base64').replaceAll('=', '')],
      ['base64, padded', key.toString('base64')],
    ])('gets it with the key in %s', async (_encoding, hmacKey) => {
      await deploy(await bindingIn(JSON.stringify({ kid: 'kid-1', hmacKey })));
      await issue();
      expect(sandbox.ca.accounts).toMatchObject([{ binding: { kid: 'kid-1' } }]);
    });

    it('and takes it once is not given it again when the settings change', async () => {
      const binding = await bindingIn(JSON.stringify({ kid: 'kid-1', hmacKey: unpadded }));
      await deploy(binding);
      await deploy({ ...binding, email: 'tls@leane.dev' });
      await issue();
      expect(sandbox.ca.accounts).toMatchObject([{ contact: ['mailto:tls@leane.dev'] }]);
    });

    it.each([
      ['is missing', undefined, 'give the issuer an externalAccountBinding', 'ca-refused'],
      [
        'is no JSON',
        'kid-1:secret-of-the-ca',
        'must be a JSON object with the strings kid and hmacKey',
        'invalid-input',
      ],
      ['has no key', '{"kid":"kid-1"}', 'must be a JSON object with the strings kid and hmacKey', 'invalid-input'],
      [
        'is malformed',
        '{"kid":"kid-1","hmacKey":"secret of the ca!"}',
        'hmacKey must be the HMAC key',
        'invalid-input',
      ],
    ])('says so when the binding %s, before an account exists', async (_what, value, sentence, code) => {
      const binding = value === undefined ? {} : await bindingIn(value);
      const refusal = await failure(deploy(binding));
      expect([refusal.code, refusal.message]).toEqual([code, expect.stringContaining(sentence)]);
      expect(refusal.message).not.toMatch(/of.the.ca/);
      expect(sandbox.ca.accounts).toEqual([]);
    });

    it('says which secret is missing', async () => {
      const { code, message } = await failure(deploy({ externalAccountBinding: { secret: 'not-there' } }));
      expect(code).toBe('invalid-input');
      expect(message).toContain('externalAccountBinding.secret names not-there, which does not exist or has no value');
      expect(sandbox.calls.of('acme:newAccount')).toBe(0);
    });
  });

  it('has approved the names beforehand needs no TXT value (ACM)', async () => {
    sandbox.ca.settings.preApproved = true;
    await deploy();
    await issue();
    expect(sandbox.calls.of('route53:ChangeResourceRecordSets')).toBe(0);
    expect(sandbox.calls.of('acme:challenge')).toBe(0);
  });

  it('offers neither renewal information nor profiles, with a root of its own (step-ca)', async () => {
    Object.assign(sandbox.ca.settings, { renewalInfo: false, profiles: {}, alternateChains: false });
    sandbox.ca.settings.lifetimeMilliseconds = 24 * HOUR;
    await deploy();
    await issue();
    const { renewalInfo, ariId, renewAt = 0, notBefore = 0, notAfter = 0 } = tagsOf(sandbox, 'leane.dev');
    expect([renewalInfo, ariId]).toEqual([undefined, undefined]);
    expect((renewAt - notBefore) / (notAfter - notBefore)).toBeCloseTo(1 / 2, 2);
    const { code, message } = await failure(issue({ profile: 'shortlived' }));
    expect([code, message]).toEqual(['invalid-input', expect.stringContaining('it offers none')]);
  });

  it('has a root of its own is not believed without its caBundle (step-ca)', async () => {
    const { caBundle: _none, ...settings } = sandbox.issuerSettings();
    const { code, message } = await failure(sandbox.deployIssuer('ca', { ...settings, trust: 'public' }));
    expect(code).toBe('ca-unreachable');
    expect(message).toContain('give it to the issuer as caBundle');
  });

  it('is in a private network is not contacted unless that is allowed (step-ca)', async () => {
    const { code, message } = await failure(deploy({ allowPrivateAddresses: false }));
    expect(code).toBe('ca-unreachable');
    expect(message).toContain('allowPrivateAddresses');
    expect(sandbox.calls.total('acme')).toBe(0);
  });

  it('issues for less time than renewBefore is long is renewed by the default rule, and the log says so', async () => {
    sandbox.ca.settings.lifetimeMilliseconds = 6 * DAY;
    sandbox.ca.settings.renewalInfo = false;
    await deploy();
    await issue({ renewBefore: '6d' });
    const { renewAt = 0, notBefore = 0, notAfter = 0 } = tagsOf(sandbox, 'leane.dev');
    expect((renewAt - notBefore) / (notAfter - notBefore)).toBeCloseTo(1 / 2, 2);
    expect(sandbox.log).toContainEqual(
      expect.objectContaining({
        level: 'warn',
        message: 'renewBefore is as long as the lifetime; the default rule holds',
        fields: { certificate: 'leane.dev', renewBefore: '6d' },
      }),
    );
    expect(await sandbox.renew({ certificate: 'leane.dev' })).toMatchObject({ decision: 'not-due' });
  });

  it('sends a chain of a thousand is refused by name, and the live pair stays', async () => {
    await deploy();
    await issue();
    const before = live(sandbox, 'leane.dev');
    sandbox.ca.settings.mutate = { certificate: (chain) => chain.repeat(500) };
    const { code, message } = await failure(sandbox.renew({ certificate: 'leane.dev', force: true }));
    expect([code, message]).toEqual(['ca-misbehaved', expect.stringContaining('holds a chain of 1000 certificates')]);
    expect(live(sandbox, 'leane.dev')).toEqual(before);
  });

  it.each([
    [
      'redirects',
      {
        status: 302,
        name: '',
        message: '',
        headers: { Location: 'https://127.0.0.1:1/', 'Content-Type': 'text/html' },
      },
      'redirects to',
    ],
    [
      'has no end',
      { status: 200, name: '', message: 'x'.repeat(1_100_000), headers: { 'Content-Type': 'text/html' } },
      'is larger than',
    ],
  ])('answers what %s is refused by name, before an account exists', async (_what, error, sentence) => {
    sandbox.faults.add({ operation: 'acme:directory', error });
    const { code, message } = await failure(deploy());
    expect([code, message]).toEqual(['ca-misbehaved', expect.stringContaining(sentence)]);
    expect(sandbox.ca.accounts).toEqual([]);
  });
});
