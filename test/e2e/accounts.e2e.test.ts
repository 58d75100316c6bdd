import { afterEach, describe, expect, it } from '@jest/globals';
import { DAY, HOUR, MINUTE, SECOND } from '../../lambdas/core/duration.ts';
import type { IssuerSettingsInput } from '../../lambdas/core/issuer-settings.ts';
import { live, tagsOf } from '../sandbox/inspect.ts';
import { type Sandbox, type SandboxOptions, startSandbox } from '../sandbox/sandbox.ts';
import { EXECUTIONS } from './executions.ts';

const spec = { domainNames: ['leane.dev', '*.leane.dev'], issuer: 'sandbox' };
const ISSUER = 'evercert/_issuers/sandbox';
const refused = { status: 400, name: 'ValidationException', message: 'refused for a while' };

describe.each(EXECUTIONS)('the account of an issuer, %s', (execution) => {
  let sandbox: Sandbox;

  const start = async (options: SandboxOptions = {}) => {
    sandbox = await startSandbox({ zones: ['leane.dev'], execution, coldStarts: true, ...options });
  };
  const deploy = (changes: Partial<IssuerSettingsInput> = {}) =>
    sandbox.deployIssuer('sandbox', { ...sandbox.issuerSettings(), ...changes });
  /** As an operator changes the settings by hand: the next run meets them. */
  const writeSettings = (changes: Partial<IssuerSettingsInput>) =>
    sandbox.secretsManager.overwrite(ISSUER, JSON.stringify({ ...sandbox.issuerSettings(), ...changes }), 'ACME_SPEC');
  const accountKey = (stage = 'AWSCURRENT') =>
    (JSON.parse(sandbox.secretsManager.value(ISSUER, stage) ?? '{}') as { accountKey?: string }).accountKey;
  const thumbprints = () => sandbox.ca.accounts.map(({ key }) => key.thumbprint);
  const failure = (work: Promise<unknown>) =>
    work.then(
      () => ({ code: 'nothing was thrown', message: '' }),
      (error: { code: string; message: string }) => error,
    );

  afterEach(async () => {
    expect(sandbox.bugs()).toEqual([]);
    await sandbox.stop();
  });

  it('is registered once, however many certificates and runs there are', async () => {
    await start();
    await deploy();
    await sandbox.register('a', { ...spec, domainNames: ['a.leane.dev'] });
    await sandbox.register('b', { ...spec, domainNames: ['b.leane.dev'] });
    sandbox.calls.reset();
    await sandbox.scan();
    await sandbox.clock.advance(61 * DAY);
    await sandbox.scan();
    expect(sandbox.ca.finalizedOrders()).toHaveLength(4);
    expect(sandbox.ca.accounts).toHaveLength(1);
    expect(sandbox.calls.of('acme:newAccount')).toBe(0);
  });

  it('gets the e-mail address that the settings change to, and is asked nothing while they stay', async () => {
    await start();
    await deploy();
    const { accountUrl } = await deploy({ email: 'tls@leane.dev' });
    expect(sandbox.ca.accounts).toMatchObject([{ url: accountUrl, contact: ['mailto:tls@leane.dev'] }]);
    sandbox.calls.reset();
    await deploy({ email: 'tls@leane.dev' });
    expect(sandbox.calls.of('acme:account')).toBe(0);
  });

  it('passes on that the CA does not like the new e-mail address', async () => {
    await start();
    await deploy();
    const { code, message } = await failure(deploy({ email: 'ops@example.com' }));
    expect([code, message]).toEqual(['ca-refused', expect.stringContaining("check the issuer's email")]);
  });

  it('is found by its key when its URL is lost', async () => {
    await start({});
    await deploy();
    const [account] = sandbox.ca.accounts;
    await sandbox.secretsManager.tag(ISSUER, { 'evercert:account-url': '' });
    await sandbox.renew({ certificate: 'leane.dev', spec });
    expect(sandbox.ca.accounts).toHaveLength(1);
    expect(sandbox.secretsManager.secret(ISSUER)?.tags['evercert:account-url']).toBe(account?.url);
  });

  it('is registered again when the CA has forgotten it, and the renewal goes on in the same attempt', async () => {
    await start();
    await deploy();
    await sandbox.renew({ certificate: 'leane.dev', spec });
    sandbox.ca.forgetAccounts();
    await sandbox.clock.advance(61 * DAY);
    expect(await sandbox.scan()).toMatchObject({ due: 1, started: 1 });
    expect(tagsOf(sandbox, 'leane.dev')).toMatchObject({ state: 'issued', failures: 0 });
    expect(live(sandbox, 'leane.dev').issued.accountUrl).toBe(sandbox.ca.accounts.at(-1)?.url);
    expect(sandbox.log.filter(({ message }) => message.includes('does not know the account'))).toHaveLength(1);
  });

  it('is registered again once for all certificates that meet the loss at the same moment', async () => {
    await start();
    await deploy();
    for (const name of ['a', 'b', 'c']) await sandbox.register(name, { ...spec, domainNames: [`${name}.leane.dev`] });
    sandbox.ca.forgetAccounts();
    const before = sandbox.ca.accounts.length;
    await sandbox.scan();
    expect(['a', 'b', 'c'].map((name) => tagsOf(sandbox, name).state)).toEqual(['issued', 'issued', 'issued']);
    expect(sandbox.ca.accounts).toHaveLength(before + 1);
  });

  it('is registered again once, not for ever, at a CA that forgets every account at once', async () => {
    await start();
    await deploy();
    const gone = { status: 400, name: 'accountDoesNotExist', message: 'no such account' };
    sandbox.faults.add({ operation: 'acme:newOrder', error: gone });
    sandbox.calls.reset();
    const { code, message } = await failure(sandbox.renew({ certificate: 'leane.dev', spec }));
    expect([code, message]).toEqual(['ca-refused', expect.stringContaining('no such account')]);
    expect(sandbox.calls.of('acme:newOrder')).toBe(2);
  });

  describe('and its key', () => {
    it('is rolled over when the settings have a new text, once, and renewals go on', async () => {
      await start();
      await deploy();
      const first = accountKey();
      await deploy({ keyRollover: '2026' });
      expect(accountKey()).not.toBe(first);
      expect(accountKey('AWSPREVIOUS')).toBe(first);
      sandbox.calls.reset();
      await deploy({ keyRollover: '2026' });
      await sandbox.renew({ certificate: 'leane.dev', spec });
      expect(sandbox.calls.of('acme:keyChange')).toBe(0);
      expect(sandbox.ca.accounts).toHaveLength(1);
    });

    it('is rolled over by the next renewal when the settings were changed by hand', async () => {
      await start();
      await deploy();
      const [before] = thumbprints();
      writeSettings({ keyRollover: 'somebody left' });
      expect(await sandbox.renew({ certificate: 'leane.dev', spec })).toMatchObject({ decision: 'renewed' });
      expect(thumbprints()).toHaveLength(1);
      expect(thumbprints()[0]).not.toBe(before);
    });

    it('is made fresh for a new issuer, whatever text its settings have', async () => {
      await start();
      await deploy({ keyRollover: '2026' });
      expect(sandbox.calls.of('acme:keyChange')).toBe(0);
    });

    it.each([
      ['before the CA hears of it', { operation: 'acme:keyChange', kill: true }],
      ['after the CA has changed it', { operation: 'acme:keyChange', kill: true, phase: 'after' }],
    ] as const)('survives a run that is killed %s', async (_when, fault) => {
      await start();
      await deploy();
      await sandbox.register('leane.dev', spec);
      writeSettings({ keyRollover: '2026' });
      sandbox.faults.add({ ...fault, times: 1 });
      await sandbox.scan();
      await sandbox.clock.advance(HOUR);
      await sandbox.scan();
      expect(tagsOf(sandbox, 'leane.dev')).toMatchObject({ state: 'issued' });
      expect(sandbox.ca.accounts).toHaveLength(1);
      expect(accountKey()).not.toBe(accountKey('AWSPREVIOUS'));
      sandbox.calls.reset();
      await sandbox.renew({ certificate: 'leane.dev', force: true });
      expect(sandbox.calls.of('acme:keyChange')).toBe(0);
    });

    it('is settled when the answer to the change is lost, in the same run', async () => {
      await start();
      await deploy();
      sandbox.faults.add({ operation: 'acme:keyChange', phase: 'after', times: 1, drop: true });
      await deploy({ keyRollover: '2026' });
      await sandbox.renew({ certificate: 'leane.dev', spec });
      expect(sandbox.ca.accounts).toHaveLength(1);
    });

    it('is settled when it could not be stored, although the settings ask no more', async () => {
      await start();
      await deploy();
      const first = accountKey();
      // The settings and the next key are stored; the live one is not.
      const takeAway = sandbox.faults.add({ operation: 'secretsmanager:PutSecretValue', skip: 3, error: refused });
      await failure(deploy({ keyRollover: '2026' }));
      takeAway();
      expect(accountKey()).toBe(first);
      writeSettings({});
      expect(await sandbox.renew({ certificate: 'leane.dev', spec })).toMatchObject({ decision: 'renewed' });
      expect(accountKey()).not.toBe(first);
      expect(sandbox.ca.accounts).toHaveLength(1);
    });

    it('stays when the CA refuses to change it: a deployment fails, a renewal goes on and says so', async () => {
      await start();
      await deploy();
      const first = accountKey();
      sandbox.faults.add({
        operation: 'acme:keyChange',
        error: { status: 403, name: 'unauthorized', message: 'not here' },
      });
      expect(await failure(deploy({ keyRollover: '2026' }))).toMatchObject({
        code: 'ca-refused',
        message: expect.stringContaining('not here'),
      });
      expect(await sandbox.renew({ certificate: 'leane.dev', spec })).toMatchObject({ decision: 'renewed' });
      expect(sandbox.log.at(-1)).toBeDefined();
      expect(sandbox.log.filter(({ message }) => message.includes('could not get a new key'))).not.toEqual([]);

      // Nobody asks any more: the key that was meant for it is given up, and not asked for again.
      writeSettings({});
      await sandbox.renew({ certificate: 'leane.dev', force: true });
      sandbox.calls.reset();
      await sandbox.clock.advance(MINUTE);
      await sandbox.renew({ certificate: 'leane.dev', force: true });
      expect(sandbox.calls.of('acme:newAccount')).toBe(0);
      expect(accountKey()).toBe(first);
    });

    it('is rolled over once by two runs at the same moment', async () => {
      await start();
      await deploy();
      for (const name of ['a', 'b']) await sandbox.register(name, { ...spec, domainNames: [`${name}.leane.dev`] });
      writeSettings({ keyRollover: '2026' });
      await sandbox.scan();
      expect(['a', 'b'].map((name) => tagsOf(sandbox, name).state)).toEqual(['issued', 'issued']);
      expect(sandbox.ca.accounts).toHaveLength(1);
    });

    it('is rolled over for good beside a renewal that has read the issuer before', async () => {
      await start();
      const { accountUrl } = await deploy();
      await sandbox.register('a', { ...spec, domainNames: ['a.leane.dev'] });
      const first = accountKey();
      sandbox.faults.add({ operation: 'acme:newAccount', times: 1, delay: MINUTE });
      const deploying = deploy({ keyRollover: '2026' });
      await sandbox.clock.advance(SECOND);
      const ofIssuer = (request: unknown) => JSON.stringify(request).includes(ISSUER);
      sandbox.faults.add({
        operation: 'secretsmanager:DescribeSecret',
        phase: 'after',
        when: ofIssuer,
        times: 1,
        delay: 4 * MINUTE,
      });
      const scanning = sandbox.scan();
      await deploying;
      expect(accountKey()).not.toBe(first);
      await scanning;
      expect(tagsOf(sandbox, 'a')).toMatchObject({ state: 'issued', failures: 0 });
      expect(sandbox.ca.accounts).toHaveLength(1);
      expect(await deploy({ keyRollover: '2026' })).toMatchObject({ accountUrl });
      expect(await sandbox.renew({ certificate: 'a', force: true })).toMatchObject({ decision: 'renewed' });
      expect(sandbox.secretsManager.secret(ISSUER)?.tags['evercert:account-url']).toBe(accountUrl);
    });
  });
});
