import { X509Certificate } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { writeCertificateTags } from '../../lambdas/core/certificate-tags.ts';
import { DAY, HOUR, SECOND } from '../../lambdas/core/duration.ts';
import { latestRenewal } from '../../lambdas/core/lifetime.ts';
import { type SandboxCa, startCa } from '../sandbox/ca/ca.ts';
import { LETS_ENCRYPT_HOST } from '../sandbox/ca/https-root.ts';
import { LETS_ENCRYPT_PROFILES } from '../sandbox/ca/settings.ts';
import { Calls } from '../sandbox/calls.ts';
import { Faults } from '../sandbox/faults.ts';
import { live, tagsOf } from '../sandbox/inspect.ts';
import { type Sandbox, startSandbox } from '../sandbox/sandbox.ts';
import { itRenewsInsideWindows } from '../years/inside-windows.ts';
import { EXECUTIONS } from './executions.ts';

const spec = { domainNames: ['leane.dev', '*.leane.dev'], issuer: 'sandbox', acm: [] };
const NAME = 'leane.dev';
const RATE_LIMITS = 'see https://letsencrypt.org/docs/rate-limits/';

const seconds: SandboxCa[] = [];
afterEach(async () => {
  for (const second of seconds.splice(0)) await second.stop();
});

/** Another CA, which looks into the same zones, and its issuer. */
async function startSecond(sandbox: Sandbox, faults = new Faults(sandbox.clock)): Promise<SandboxCa> {
  const { clock, nameServer } = sandbox;
  const resolver = { host: '127.0.0.1', port: nameServer.port };
  const second = await startCa({ clock, calls: new Calls(), faults, resolver });
  seconds.push(second);
  await sandbox.deployIssuer('second', {
    ...sandbox.issuerSettings(),
    directoryUrl: second.directoryUrl,
    caBundle: second.httpsRoot + second.roots.map(({ pem }) => pem).join(''),
  });
  return second;
}

describe.each(EXECUTIONS)('every CA, at the right moment (%s)', (execution) => {
  let sandbox: Sandbox;

  beforeEach(async () => {
    sandbox = await startSandbox({ zones: ['leane.dev'], execution });
    await sandbox.deployIssuer();
  });

  afterEach(async () => {
    expect(sandbox.bugs()).toEqual([]);
    await sandbox.stop();
  });

  const renewal = (changes: object = {}, name = NAME) =>
    sandbox.renew({ certificate: name, spec: { ...spec, ...changes } });
  const serial = () => live(sandbox, NAME).issued.serialNumber;
  const setWindow = (start: string, end: string) => sandbox.ca.setRenewalWindow(serial(), { start, end });
  const newOrder = (status: number, name: string, message: string, headers: Record<string, string> = {}) => ({
    operation: 'acme:newOrder',
    error: { status, name, message, headers },
  });
  /** Every hour, as the schedule does. */
  const scanHourly = async (hours: number) => {
    for (let hour = 0; hour < hours; hour += 1) {
      await sandbox.clock.advance(HOUR);
      await sandbox.scan();
    }
  };

  describe('renewal information', () => {
    // Proofs of control would be half of the work, and nothing of its moment.
    beforeEach(() => {
      sandbox.ca.settings.preApproved = true;
    });

    it('an order says which certificate it replaces, if the same account got it', async () => {
      await renewal();
      const { ariCertId } = live(sandbox, NAME).issued;
      await sandbox.renew({ certificate: NAME, force: true });
      expect(sandbox.ca.orders.map(({ replaces }) => replaces?.certId)).toEqual([undefined, ariCertId]);
      await sandbox.deployIssuer('second');
      await sandbox.renew({ certificate: NAME, spec: { ...spec, issuer: 'second' }, force: true });
      expect(sandbox.ca.orders.at(-1)?.replaces).toBeUndefined();
    });

    it.each([
      [409, 'alreadyReplaced'],
      [409, 'conflict'],
      [404, 'malformed'],
      [403, 'unauthorized'],
    ])('an order that is refused with %d %s is placed once more without it', async (status, name) => {
      await renewal();
      sandbox.faults.add({ ...newOrder(status, name, 'the words differ'), times: 1 });
      sandbox.calls.reset();
      expect(await sandbox.renew({ certificate: NAME, force: true })).toMatchObject({ decision: 'renewed' });
      expect(sandbox.calls.of('acme:newOrder')).toBe(2);
      expect(sandbox.ca.orders.at(-1)?.replaces).toBeUndefined();
    });

    it('a revoked certificate is renewed at the next look, and once', async () => {
      await renewal();
      sandbox.ca.revoke(serial());
      await scanHourly(24);
      expect(sandbox.ca.finalizedOrders()).toHaveLength(2);
    });

    it('a CA that wants every certificate gone at once does not get one every hour', async () => {
      await renewal();
      sandbox.faults.add({
        operation: 'acme:renewalInfo',
        when: () => {
          const end = sandbox.clock.now() - HOUR;
          for (const each of sandbox.ca.certificates) {
            sandbox.ca.setRenewalWindow(each.serial, { start: end - HOUR, end });
          }
          return false;
        },
      });
      await scanHourly(25);
      expect(sandbox.ca.finalizedOrders().length).toBeLessThanOrEqual(5);
    });

    it.each<[string, () => void]>([
      ['a window backwards', () => setWindow('2030-01-02T00:00:00Z', '2030-01-01T00:00:00Z')],
      ['no times', () => setWindow('soon', 'later')],
      [
        'no answer',
        () => {
          const error = { status: 500, name: 'serverInternal', message: 'down' };
          sandbox.faults.add({ operation: 'acme:renewalInfo', error });
        },
      ],
    ])('the lifetime rule holds after %s', async (_what, happens) => {
      await renewal();
      const { notAfter = 0 } = tagsOf(sandbox, NAME);
      sandbox.ca.setRenewalWindow(serial(), { start: notAfter - 20 * DAY, end: notAfter - 19 * DAY });
      await scanHourly(7);
      expect(tagsOf(sandbox, NAME).renewAt).toBeGreaterThan(tagsOf(sandbox, NAME).renewBy ?? 0);
      happens();
      await scanHourly(7);
      expect(tagsOf(sandbox, NAME).renewAt).toBe(tagsOf(sandbox, NAME).renewBy);
    });

    it('nothing is later than the safety threshold, and the explanation is in the log', async () => {
      await renewal();
      const { notBefore = 0, notAfter = 0 } = tagsOf(sandbox, NAME);
      const explanationURL = `https://ca.example/${'x'.repeat(2_000)}`;
      sandbox.ca.setRenewalWindow(serial(), { start: notAfter + DAY, end: notAfter + 2 * DAY, explanationURL });
      await scanHourly(7);
      expect(tagsOf(sandbox, NAME).renewAt).toBe(latestRenewal({ notBefore, notAfter }));
      const [shown] = sandbox.log.flatMap(({ fields }) => fields['explanationUrl'] ?? []);
      expect(String(shown)).toMatch(/^https:\/\/ca\.example\/x+…$/);
      expect(String(shown)).toHaveLength(500);
    });

    it('a certificate of 160 hours is renewed inside of its window of 3.2 hours', async () => {
      sandbox.ca.settings.profiles = { ...LETS_ENCRYPT_PROFILES };
      await renewal({ profile: 'shortlived' });
      const [{ notBefore, notAfter } = { notBefore: 0, notAfter: 0 }] = sandbox.ca.certificates;
      const validity = notAfter + 1_000 - notBefore;
      const center = notAfter - validity / 2;
      await scanHourly(85);
      const [, second] = sandbox.ca.orders;
      expect(second?.created).toBeGreaterThanOrEqual(center - validity / 100 - 1_000);
      expect(second?.created).toBeLessThan(center + validity / 100);
    });

    it('a window that moves while a renewal prepares stops it before the order, as no failure', async () => {
      await renewal();
      await sandbox.clock.advance(61 * DAY);
      const { notAfter = 0 } = tagsOf(sandbox, NAME);
      const later = new Date(notAfter - 20 * DAY).toISOString();
      sandbox.faults.add({
        operation: 'acme:directory',
        when: () => {
          void sandbox.secretsManager.tag('evercert/leane.dev', { 'evercert:renew-at': later });
          return false;
        },
      });
      expect(await sandbox.renew({ certificate: NAME })).toMatchObject({ decision: 'no-longer-due' });
      expect(sandbox.ca.orders).toHaveLength(1);
      expect(tagsOf(sandbox, NAME)).toMatchObject({ state: 'issued', failures: 0 });
      expect(await sandbox.renew({ certificate: NAME })).toMatchObject({ decision: 'not-due' });
    });
  });

  describe('profiles', () => {
    it('one that the CA does not offer is refused by name before an order', async () => {
      sandbox.ca.settings.profiles = { ...LETS_ENCRYPT_PROFILES };
      await expect(renewal({ profile: 'tlsclient' })).rejects.toMatchObject({
        code: 'invalid-input',
        message: expect.stringContaining('no profile "tlsclient": it offers classic, tlsserver, shortlived'),
      });
      expect(sandbox.calls.of('acme:newOrder')).toBe(0);
    });

    it.each(['tlsserver', 'shortlived'])('%s takes 25 names', async (profile) => {
      const domainNames = Array.from({ length: 26 }, (_, index) => `host${index}.leane.dev`);
      sandbox.calls.reset();
      await expect(renewal({ profile, domainNames })).rejects.toMatchObject({
        code: 'invalid-input',
        message: expect.stringContaining('domainNames: must have at most 25 entries'),
      });
      expect(sandbox.calls.total('acme')).toBe(0);
    });

    it('a certificate without a common name, for a name that could be none, goes live in ACM as well', async () => {
      sandbox.ca.settings.profiles = { ...LETS_ENCRYPT_PROFILES };
      await renewal({ profile: 'tlsserver', domainNames: [`${'a'.repeat(63)}.leane.dev`], acm: ['eu-central-1'] });
      expect(new X509Certificate(live(sandbox, NAME).certificate).subject).toBeUndefined();
      expect(sandbox.acm.certificates('eu-central-1')).toHaveLength(1);
    });

    it('another one is a reason to renew', async () => {
      sandbox.ca.settings.profiles = { ...LETS_ENCRYPT_PROFILES };
      await renewal();
      expect(await renewal({ profile: 'shortlived' })).toMatchObject({ decision: 'renewed' });
      expect(await sandbox.renew({ certificate: NAME })).toMatchObject({ decision: 'not-due' });
      expect(live(sandbox, NAME).issued.profile).toBe('shortlived');
    });
  });

  describe('several issuers', () => {
    let second: SandboxCa;
    const both = { issuer: ['sandbox', 'second'] };

    beforeEach(async () => {
      second = await startSecond(sandbox);
    });

    it('the next one is asked for a first issuance, the reason is kept, and the first is preferred again', async () => {
      const takeAway = sandbox.faults.add({ operation: 'acme:*', drop: true });
      expect(await renewal(both)).toMatchObject({
        decision: 'renewed',
        issuer: 'second',
        fallback: expect.stringMatching(/^sandbox: /),
      });
      expect(tagsOf(sandbox, NAME)).toMatchObject({ issuer: 'second', fallback: 'sandbox ca-unreachable' });
      expect(sandbox.log).toContainEqual(
        expect.objectContaining({
          level: 'warn',
          message: 'an issuer is passed over',
          fields: expect.objectContaining({ issuer: 'sandbox', next: 'second' }),
        }),
      );
      expect(live(sandbox, NAME).issued.directoryUrl).toBe(second.directoryUrl);

      takeAway();
      expect(await sandbox.renew({ certificate: NAME })).toMatchObject({ decision: 'not-due' });
      await sandbox.clock.advance(61 * DAY);
      expect(await sandbox.renew({ certificate: NAME })).toMatchObject({ decision: 'renewed', issuer: 'sandbox' });
      expect(sandbox.ca.orders.at(-1)?.replaces).toBeUndefined();
      expect(tagsOf(sandbox, NAME)).toMatchObject({ issuer: 'sandbox' });
      expect(tagsOf(sandbox, NAME).fallback).toBeUndefined();
    });

    it('the next one is asked for a live certificate only in its last quarter', async () => {
      await renewal(both);
      sandbox.faults.add(newOrder(500, 'serverInternal', 'down'));
      await sandbox.clock.advance(61 * DAY);
      await expect(sandbox.renew({ certificate: NAME })).rejects.toMatchObject({ code: 'ca-unreachable' });
      expect(second.orders).toEqual([]);
      await sandbox.clock.advance(8 * DAY);
      expect(await sandbox.renew({ certificate: NAME })).toMatchObject({ decision: 'renewed', issuer: 'second' });
    });

    it.each([
      [400, 'rejectedIdentifier', 'second'],
      [429, 'rateLimited', 'second'],
      [403, 'caa', undefined],
      [403, 'unauthorized', undefined],
      [400, 'dns', undefined],
    ])('after %d %s of the first the certificate is from %s', async (status, name, issuer) => {
      sandbox.faults.add(newOrder(status, name, 'no', { 'Retry-After': '86400' }));
      const result = await renewal(both).catch(({ code }: { code: string }) => ({ code }));
      expect(result).toMatchObject(issuer === undefined ? { code: 'ca-refused' } : { issuer });
      expect(second.orders).toHaveLength(issuer === undefined ? 0 : 1);
    });

    it('a paused account of the first holds up nothing that another can issue', async () => {
      await renewal(both);
      const words = 'Your account is paused. Please visit: https://portal.letsencrypt.org/sfe/v1/unpause?jwt=x.y.z';
      sandbox.faults.add(newOrder(429, 'rateLimited', words));
      await sandbox.clock.advance(61 * DAY);
      for (let day = 0; day < 9; day += 1) {
        await sandbox.scan();
        await sandbox.clock.advance(DAY);
      }
      expect(tagsOf(sandbox, NAME)).toMatchObject({ state: 'issued', issuer: 'second' });
      expect(sandbox.calls.of('acme:newOrder')).toBeLessThan(20);
    });

    describe('a limit of the first is no reason to let the last quarter pass', () => {
      const words = {
        'the account': `too many new orders (300) from this account: ${RATE_LIMITS}#new-orders-per-account`,
        'the names': `too many certificates (50) already issued for "leane.dev": ${RATE_LIMITS}#new-certificates-per-registered-domain`,
      };
      it.each(Object.entries(words))('of %s, and it is not asked meanwhile', async (_of, message) => {
        await renewal(both);
        await sandbox.clock.advance(61 * DAY);
        const limit = newOrder(429, 'rateLimited', message, { 'Retry-After': '604800' });
        sandbox.faults.add({ ...limit, times: 2 });
        sandbox.calls.reset();
        // The last quarter begins after six days and a half.
        for (let hours = 0; hours < 6.75 * 24; hours += 6) {
          await sandbox.scan();
          await sandbox.clock.advance(6 * HOUR);
        }
        expect(tagsOf(sandbox, NAME)).toMatchObject({ state: 'issued', issuer: 'second' });
        expect(sandbox.calls.of('acme:newOrder')).toBe(1);
      });
    });

    it('a limit of the first that is about the names holds for these names alone', async () => {
      await renewal(both);
      await sandbox.clock.advance(80 * DAY);
      const message = `too many certificates (5) already issued for this exact set of identifiers: ${RATE_LIMITS}#new-certificates-per-exact-set-of-identifiers`;
      sandbox.faults.add({ ...newOrder(429, 'rateLimited', message, { 'Retry-After': '432000' }), times: 1 });
      expect(await renewal(both)).toMatchObject({ decision: 'renewed', issuer: 'second' });
      const reversed = { ...both, domainNames: spec.domainNames.toReversed(), key: 'ecdsa-p384' };
      await expect(renewal(reversed)).rejects.toMatchObject({
        code: 'ca-rate-limited',
        message: expect.stringContaining('nothing was sent to it'),
      });
      const other = { ...both, domainNames: ['leane.dev', 'www.leane.dev'] };
      expect(await renewal(other)).toMatchObject({ decision: 'renewed', issuer: 'sandbox' });
    });

    describe('a pair of the second is described as that one’s', () => {
      const secondUrl = () => expect.stringContaining(new URL(second.directoryUrl).host);
      const expectSecond = () => {
        const { ariCertId: ariId } = live(sandbox, NAME).issued;
        expect(live(sandbox, NAME).issued.directoryUrl).toBe(second.directoryUrl);
        expect(tagsOf(sandbox, NAME)).toMatchObject({
          issuer: 'second',
          trust: 'none',
          renewalInfo: secondUrl(),
          ariId,
        });
      };
      let takeAway: () => void;

      beforeEach(async () => {
        await sandbox.deployIssuer('second', {
          ...sandbox.issuerSettings(),
          directoryUrl: second.directoryUrl,
          caBundle: second.httpsRoot,
          trust: 'none',
        });
        takeAway = sandbox.faults.add({ operation: 'acme:*', drop: true });
      });

      it('when its import is made up for', async () => {
        const refused = { status: 400, name: 'ValidationException', message: 'refused for a while' };
        sandbox.faults.add({ operation: 'acm:ImportCertificate', times: 1, error: refused });
        await expect(renewal({ ...both, acm: ['eu-central-1'] })).rejects.toMatchObject({ code: 'target-refused' });
        takeAway();
        await sandbox.clock.advance(2 * HOUR);
        expect(await sandbox.renew({ certificate: NAME })).toMatchObject({ decision: 'published' });
        expectSecond();
      });

      it('when it is reinstated', async () => {
        await renewal(both);
        takeAway();
        await sandbox.renew({ certificate: NAME, force: true, spec: { ...spec, ...both, key: 'ecdsa-p384' } });
        expect(tagsOf(sandbox, NAME)).toMatchObject({ issuer: 'sandbox', trust: 'bundle' });
        expect(await renewal(both)).toMatchObject({ decision: 'reinstated' });
        expectSecond();
      });
    });

    it('all of them are quoted when none can be had, and the wait is no longer than one of them asks', async () => {
      sandbox.faults.add(newOrder(429, 'rateLimited', 'the first is busy', { 'Retry-After': '172800' }));
      second.settings.refusedNames = ['leane.dev'];
      await expect(renewal(both)).rejects.toMatchObject({
        code: 'ca-refused',
        message: expect.stringMatching(/Before that, sandbox: .*the first is busy/),
      });
      expect(tagsOf(sandbox, NAME).retryAt).toBeLessThanOrEqual(sandbox.clock.now() + HOUR);
    });

    it('no other is asked while an order may still be issued, also when its CA does not answer any more', async () => {
      sandbox.ca.settings.processingMilliseconds = 3 * HOUR;
      sandbox.ca.settings.retryAfterSeconds = 300;
      await expect(renewal(both)).rejects.toMatchObject({ code: 'attempt-timeout' });
      const takeAway = sandbox.faults.add({ operation: 'acme:*', drop: true });
      await sandbox.clock.advance(2 * HOUR);
      await expect(sandbox.renew({ certificate: NAME })).rejects.toMatchObject({ code: 'ca-unreachable' });
      takeAway();
      await sandbox.clock.advance(4 * HOUR);
      expect(await sandbox.renew({ certificate: NAME })).toMatchObject({ decision: 'renewed', issuer: 'sandbox' });
      expect([sandbox.ca.orders, second.orders].map(({ length }) => length)).toEqual([1, 0]);
    });
  });

  describe('limits', () => {
    it('one of the names is kept to the certificate', async () => {
      const words = `too many certificates (5) already issued for this exact set of identifiers: ${RATE_LIMITS}#new-certificates-per-exact-set-of-identifiers`;
      sandbox.faults.add({ ...newOrder(429, 'rateLimited', words, { 'Retry-After': '90000' }), times: 1 });
      await expect(renewal()).rejects.toMatchObject({ code: 'ca-rate-limited' });
      expect(tagsOf(sandbox, NAME).retryAt).toBeGreaterThan(sandbox.clock.now() + DAY);
      expect(await sandbox.renew({ certificate: NAME })).toMatchObject({ decision: 'back-off' });
      expect(await renewal({ domainNames: ['www.leane.dev'] }, 'other')).toMatchObject({ decision: 'renewed' });
    });

    it.each([
      [429, `too many new orders (300) from this account: ${RATE_LIMITS}#new-orders-per-account`],
      [503, 'Service busy; retry later.'],
    ])('one of the account (%d) is kept for all of its certificates', async (status, words) => {
      sandbox.faults.add({ ...newOrder(status, 'rateLimited', words, { 'Retry-After': '7200' }), times: 1 });
      await expect(renewal()).rejects.toMatchObject({ code: 'ca-rate-limited' });
      await expect(renewal({ domainNames: ['www.leane.dev'] }, 'other')).rejects.toMatchObject({
        code: 'ca-rate-limited',
      });
      expect(sandbox.calls.of('acme:newOrder')).toBe(1);
    });

    it('a paused account is reported with the link of the CA, and only a hand tries again', async () => {
      const link = `https://portal.letsencrypt.org/sfe/v1/unpause?jwt=eyJhbGciOiJIUzI1NiJ9.${'x'.repeat(600)}.y-_z`;
      const words = `Your account is temporarily prevented from requesting certificates for leane.dev and possibly others. Please visit: ${link}`;
      const takeAway = sandbox.faults.add(newOrder(429, 'rateLimited', words));
      await expect(renewal()).rejects.toMatchObject({
        code: 'account-paused',
        message: expect.stringContaining(`open ${link},`),
      });
      sandbox.calls.reset();
      await scanHourly(50);
      expect(await sandbox.renew({ certificate: NAME })).toMatchObject({ decision: 'back-off' });
      expect(sandbox.calls.of('acme:newOrder')).toBe(0);
      takeAway();
      expect(await sandbox.renew({ certificate: NAME, force: true })).toMatchObject({ decision: 'renewed' });
    });

    it('two certificates with the same names are both issued at the same moment, each with its own key', async () => {
      await sandbox.register('a', spec);
      await sandbox.register('b', spec);
      await sandbox.scan();
      const [a, b] = ['a', 'b'].map((name) => live(sandbox, name));
      expect(a?.issued.serialNumber).not.toBe(b?.issued.serialNumber);
      expect(a?.privateKey).not.toBe(b?.privateKey);
      for (const name of ['a', 'b']) expect(tagsOf(sandbox, name)).toMatchObject({ state: 'issued', failures: 0 });
      expect(sandbox.ca.finalizedOrders()).toHaveLength(2);
      const [zone] = sandbox.route53.zones();
      expect(sandbox.route53.records(zone?.id ?? '').filter(({ type }) => type === 'TXT')).toEqual([]);
    });
  });

  it('a directory that is none is named before any harm', async () => {
    const directoryUrl = sandbox.ca.directoryUrl.replace(/directory$/, 'no-such-page');
    await expect(sandbox.deployIssuer('wrong', { ...sandbox.issuerSettings(), directoryUrl })).rejects.toMatchObject({
      message: expect.stringContaining('no-such-page'),
    });
    expect(sandbox.ca.accounts).toHaveLength(1);
  });
});

describe.each(EXECUTIONS)('the budget for a CA with the host of Let’s Encrypt (%s)', (execution) => {
  let sandbox: Sandbox;

  beforeEach(async () => {
    sandbox = await startSandbox({ zones: ['leane.dev'], caHost: LETS_ENCRYPT_HOST, execution });
    await sandbox.deployIssuer();
  });

  afterEach(async () => {
    expect(sandbox.bugs()).toEqual([]);
    await sandbox.stop();
  });

  /** Hourly, as the schedule does. */
  const scanUntil = async (end: number) => {
    while (sandbox.clock.now() < end) {
      await sandbox.clock.advance(HOUR);
      await sandbox.scan();
    }
  };
  /** The CA sends certificates that have other names, which it counts all the same. */
  const rejectAll = () => {
    const { ca } = sandbox;
    ca.settings.mutate.certificate = (_, { publicKey }) => ca.issue({ names: ['other.leane.dev'], publicKey });
  };

  it('is four certificates for the same names in a week by the schedule, five by force, and more after the week', async () => {
    const loseThePair = () => sandbox.secretsManager.overwrite('evercert/leane.dev', '{}');
    await sandbox.renew({ certificate: NAME, spec });
    for (let loss = 1; loss < 4; loss += 1) {
      loseThePair();
      await sandbox.clock.advance(HOUR);
      expect(await sandbox.scan()).toMatchObject({ started: 1 });
    }
    loseThePair();
    await sandbox.scan();
    expect(sandbox.ca.orders).toHaveLength(4);
    expect(tagsOf(sandbox, NAME)).toMatchObject({ state: 'failed', failure: 'budget-used-up' });
    expect(await sandbox.renew({ certificate: NAME, force: true })).toMatchObject({ decision: 'renewed' });
    await expect(sandbox.renew({ certificate: NAME, force: true })).rejects.toMatchObject({
      code: 'budget-used-up',
      message: expect.stringContaining('5 certificates for exactly these names were issued within a week'),
    });
    expect(sandbox.ca.orders).toHaveLength(5);
    await sandbox.clock.advance(7 * DAY);
    expect(await sandbox.renew({ certificate: NAME, force: true })).toMatchObject({ decision: 'renewed' });
  });

  it('is used up by what that CA alone has issued', async () => {
    const second = await startSecond(sandbox);
    await sandbox.renew({ certificate: NAME, spec: { ...spec, issuer: 'second' } });
    for (let again = 1; again < 5; again += 1) await sandbox.renew({ certificate: NAME, force: true });
    expect(second.finalizedOrders()).toHaveLength(5);
    expect(await sandbox.renew({ certificate: NAME, spec })).toMatchObject({ decision: 'renewed', issuer: 'sandbox' });
    expect(tagsOf(sandbox, NAME).issued?.at).toHaveLength(1);
  });

  it('counts what was rejected, also while the live certificate has other names', async () => {
    await sandbox.renew({ certificate: NAME, spec: { ...spec, domainNames: ['leane.dev'] } });
    rejectAll();
    await expect(sandbox.renew({ certificate: NAME, spec })).rejects.toMatchObject({ code: 'certificate-rejected' });
    await scanUntil(sandbox.clock.now() + 3 * DAY);
    expect(tagsOf(sandbox, NAME)).toMatchObject({ failure: 'budget-used-up' });
    expect(sandbox.ca.orders).toHaveLength(5);
  });

  it('counts a certificate once, however often it could not go live', async () => {
    sandbox.faults.add({
      operation: 'secretsmanager:UpdateSecretVersionStage',
      error: { status: 400, name: 'InvalidRequestException', message: 'not now' },
      when: (request) => JSON.stringify(request).includes('AWSCURRENT'),
    });
    await expect(sandbox.renew({ certificate: NAME, spec })).rejects.toThrow();
    await scanUntil(sandbox.clock.now() + 12 * HOUR);
    expect(tagsOf(sandbox, NAME).failures).toBeGreaterThan(2);
    sandbox.faults.clear();
    await scanUntil(sandbox.clock.now() + DAY);
    expect(tagsOf(sandbox, NAME)).toMatchObject({ state: 'issued' });
    expect(sandbox.ca.certificates).toHaveLength(1);
    expect(tagsOf(sandbox, NAME).issued?.at).toHaveLength(1);
  });

  it('counts what was issued for a spec that was changed back meanwhile', async () => {
    await sandbox.renew({ certificate: NAME, spec });
    await sandbox.renew({ certificate: NAME, force: true });
    sandbox.ca.settings.processingMilliseconds = 60_000;
    const renewal = sandbox.renew({ certificate: NAME, spec: { ...spec, key: 'ecdsa-p384' } });
    await sandbox.clock.advance(10_000);
    await sandbox.renew({ certificate: NAME, spec }).catch(() => undefined);
    expect(await renewal).toMatchObject({ decision: 'spec-changed-back' });
    expect(tagsOf(sandbox, NAME).issued?.at).toHaveLength(3);
  });

  it('stays what it was while a spec with other names fails', async () => {
    await sandbox.renew({ certificate: NAME, spec });
    for (let again = 1; again < 5; again += 1) await sandbox.renew({ certificate: NAME, force: true });
    const failing = { ...spec, domainNames: ['leane.dev', 'nobody.example'] };
    await expect(sandbox.renew({ certificate: NAME, spec: failing })).rejects.toMatchObject({ code: 'no-hosted-zone' });
    await sandbox.renew({ certificate: NAME, spec });
    await expect(sandbox.renew({ certificate: NAME, force: true })).rejects.toMatchObject({ code: 'budget-used-up' });
  });

  it('leaves the fifth to hands, also in the last quarter, as long as the week ends in time', async () => {
    const { ca, clock } = sandbox;
    await sandbox.renew({ certificate: NAME, spec });
    rejectAll();
    await clock.advance((tagsOf(sandbox, NAME).notAfter ?? 0) - 22 * DAY - clock.now());
    await scanUntil(clock.now() + 3 * DAY);
    expect(ca.orders).toHaveLength(5);
    expect(tagsOf(sandbox, NAME)).toMatchObject({ failure: 'budget-used-up' });
    ca.settings.mutate = {};
    expect(await sandbox.renew({ certificate: NAME, force: true })).toMatchObject({ decision: 'renewed' });
  });

  it('leaves the fifth to the replacement of a certificate that somebody revokes', async () => {
    await sandbox.renew({ certificate: NAME, spec });
    for (let again = 1; again < 4; again += 1) await sandbox.renew({ certificate: NAME, force: true });
    const { serialNumber } = live(sandbox, NAME).issued;
    const revoke = { reason: 'keyCompromise' } as const;
    expect(await sandbox.renew({ certificate: NAME, revoke, confirm: NAME })).toMatchObject({
      decision: 'renewed',
      revoked: [serialNumber],
    });
    expect(sandbox.ca.orders).toHaveLength(5);
  });

  it('is no reason to let the last quarter pass when another issuer follows', async () => {
    const second = await startSecond(sandbox);
    const profiles = { ...LETS_ENCRYPT_PROFILES };
    for (const ca of [sandbox.ca, second]) ca.settings.profiles = profiles;
    const both = { ...spec, issuer: ['sandbox', 'second'], profile: 'shortlived' };
    await sandbox.renew({ certificate: NAME, spec: both });
    for (let again = 1; again < 4; again += 1) await sandbox.renew({ certificate: NAME, force: true });
    const { notAfter = 0 } = tagsOf(sandbox, NAME);
    await scanUntil(notAfter - 35 * HOUR);
    expect(tagsOf(sandbox, NAME)).toMatchObject({
      state: 'issued',
      issuer: 'second',
      fallback: 'sandbox budget-used-up',
    });
    expect(sandbox.ca.orders).toHaveLength(4);
  });

  it('is five when a certificate is about to end and no other issuer follows', async () => {
    const { ca } = sandbox;
    ca.settings.profiles = { ...LETS_ENCRYPT_PROFILES };
    await sandbox.renew({ certificate: NAME, spec: { ...spec, profile: 'shortlived' } });
    for (let again = 1; again < 4; again += 1) await sandbox.renew({ certificate: NAME, force: true });
    const { notAfter = 0 } = tagsOf(sandbox, NAME);
    await scanUntil(notAfter - 41 * HOUR);
    // A second less than 160 hours: its last one counts (RFC 5280, section 4.1.2.5).
    const lifetime = 160 * HOUR - SECOND;
    expect(tagsOf(sandbox, NAME)).toMatchObject({ failure: 'budget-used-up', retryAt: notAfter - lifetime / 4 });
    await scanUntil(notAfter - 38 * HOUR);
    expect(ca.orders).toHaveLength(5);
    expect(tagsOf(sandbox, NAME)).toMatchObject({ state: 'issued' });
    expect(tagsOf(sandbox, NAME)).not.toHaveProperty('failure');
  });

  it('is five at an issuer that others follow as well, once these have failed for half of the last quarter', async () => {
    const { ca } = sandbox;
    const faults = new Faults(sandbox.clock);
    await startSecond(sandbox, faults);
    faults.add({ operation: 'acme:*', drop: true });
    ca.settings.profiles = { ...LETS_ENCRYPT_PROFILES };
    await sandbox.renew({ certificate: NAME, spec: { ...spec, issuer: ['sandbox', 'second'], profile: 'shortlived' } });
    for (let again = 1; again < 4; again += 1) await sandbox.renew({ certificate: NAME, force: true });
    const { notAfter = 0 } = tagsOf(sandbox, NAME);
    await scanUntil(notAfter - 21 * HOUR);
    expect(ca.orders).toHaveLength(4);
    expect(tagsOf(sandbox, NAME)).toMatchObject({ state: 'failed', failure: 'ca-unreachable' });
    await scanUntil(notAfter - 16 * HOUR);
    expect(ca.orders).toHaveLength(5);
    expect(tagsOf(sandbox, NAME)).toMatchObject({ state: 'issued', issuer: 'sandbox' });
  });

  it('is 250 orders in three hours for the schedule, whoever has placed them; the rest is started later', async () => {
    await sandbox.renew({ certificate: NAME, spec });
    const { renewalInfo } = tagsOf(sandbox, NAME);
    const now = sandbox.clock.now();
    const ordered = Array.from({ length: 8 }, () => now);
    const noted = writeCertificateTags({ state: 'registered', renewalInfo, ordered, retryAt: now + DAY });
    for (let index = 0; index < 31; index += 1) {
      await sandbox.secretsManager.create(`evercert/noted-${index}`, '{}', { 'evercert:renewer': 'evercert' });
      sandbox.secretsManager.tag(`evercert/noted-${index}`, { ...noted, 'evercert:state': 'failed' });
    }
    const names = ['a', 'b', 'c'];
    for (const name of names) await sandbox.register(name, { ...spec, domainNames: [`${name}.leane.dev`] });
    const waiting = async () => (await sandbox.scan()).certificates.filter(({ reason }) => /limit of 300/.test(reason));
    expect(await waiting()).toHaveLength(2);
    expect(sandbox.ca.orders).toHaveLength(2);
    await sandbox.clock.advance(3 * HOUR);
    expect(await waiting()).toEqual([]);
    expect(sandbox.ca.orders).toHaveLength(4);
  });
});

/** Two years of it are `npm run test:long`. */
describe('every renewal is inside of its window, and none is one too many, when nothing fails', () => {
  itRenewsInsideWindows('140 days of a certificate of 90 and one of 45 days', {
    days: 140,
    renewals: { classic: 2, tlsserver: 4 },
    left: 0.32,
  });
  itRenewsInsideWindows('a month of a certificate of 6 days', {
    days: 30,
    renewals: { shortlived: expect.any(Number) },
    left: 0.48,
  });
});
