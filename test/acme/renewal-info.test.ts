import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ariIdOf } from '../../lambdas/acme/ari-id.ts';
import { type RenewalInfoEndpoint, readRenewalInfo } from '../../lambdas/acme/renewal-info.ts';
import { directoryOf } from '../../lambdas/acme/session.ts';
import { type CaUnderTest, obtain, withCa } from '../sandbox/ca/with-ca.ts';
import { endpointOf, sessionAt } from './orders-at.ts';
import { problem, type ScriptedCa, startScriptedCa } from './scripted-ca.ts';
import { thrownBy } from './thrown.ts';
import { type WaitingClock, waitingClock } from './waiting-clock.ts';

/** As the CA's directory says. */
async function renewalInfoAt(underTest: CaUnderTest): Promise<RenewalInfoEndpoint> {
  const { renewalInfo: renewalInfoUrl = '' } = await directoryOf(await sessionAt(underTest));
  return { ...endpointOf(underTest), renewalInfoUrl };
}

describe('renewal information from a CA', () => {
  it('is one request away, whether or not the URL ends in a slash', () =>
    withCa({}, async (underTest) => {
      const { ca, clock, calls } = underTest;
      const { certificate } = await obtain(underTest, ['leane.dev']);
      const id = ariIdOf(certificate.text) ?? '';
      const endpoint = await renewalInfoAt(underTest);
      calls.reset();
      const info = await readRenewalInfo(endpoint, id, { clock });
      expect(calls.by('acme')).toEqual({ renewalInfo: 1 });
      expect(info.retryAfterMilliseconds).toBe(6 * 3_600_000);
      const [issued] = ca.certificates;
      expect(info.start).toBeGreaterThan(issued?.notBefore ?? 0);
      expect(info.end).toBeLessThan(issued?.notAfter ?? 0);
      const renewalInfoUrl = `${endpoint.renewalInfoUrl}/`;
      expect(await readRenewalInfo({ ...endpoint, renewalInfoUrl }, id, { clock })).toEqual(info);
      expect(calls.by('acme')).toEqual({ renewalInfo: 2 });
    }));

  it('puts a revoked certificate’s window into the past', () =>
    withCa({}, async (underTest) => {
      const { ca, clock } = underTest;
      const { certificate } = await obtain(underTest, ['leane.dev']);
      ca.revoke(ca.certificates[0]?.serial ?? '');
      const id = ariIdOf(certificate.text) ?? '';
      const { end } = await readRenewalInfo(await renewalInfoAt(underTest), id, { clock });
      expect(end).toBeLessThan(clock.now());
    }));

  it('is refused for a certificate that the CA does not know', () =>
    withCa({}, async (underTest) => {
      const endpoint = await renewalInfoAt(underTest);
      const { clock } = underTest;
      const unknown = 'aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE';
      expect(await thrownBy(() => readRenewalInfo(endpoint, unknown, { clock }))).toMatchObject({
        code: 'ca-refused',
        details: { problem: { status: 404 } },
      });
    }));

  it('is not to be had from a CA that offers none', () =>
    withCa({ renewalInfo: false }, async (underTest) => {
      expect((await directoryOf(await sessionAt(underTest))).renewalInfo).toBeUndefined();
    }));
});

describe('renewal information from a CA that misbehaves', () => {
  let ca: ScriptedCa;
  let clock: WaitingClock;

  beforeEach(async () => {
    ca = await startScriptedCa();
    clock = waitingClock();
  });

  afterEach(() => ca.stop());

  const suggestedWindow = { start: '2027-01-20T00:00:00Z', end: '2027-01-21T00:00:00Z' };
  const read = () => readRenewalInfo({ ...ca.endpoint, renewalInfoUrl: ca.url('/ari') }, 'aki.serial', { clock });

  it.each<[string, object | string]>([
    ['HTML', '<html>'],
    ['no window', {}],
    ['a window that is no object', { suggestedWindow: 'soon' }],
    ['a window without an end', { suggestedWindow: { start: suggestedWindow.start } }],
    ['a window of a point', { suggestedWindow: { start: suggestedWindow.end, end: suggestedWindow.end } }],
    ['a window backwards', { suggestedWindow: { start: suggestedWindow.end, end: suggestedWindow.start } }],
    ['times of another kind', { suggestedWindow: { start: 1, end: 2 } }],
    ['times that are none', { suggestedWindow: { start: '2027-02-30', end: 'never' } }],
  ])('misbehaves with %s', async (_what, body) => {
    ca.script('GET /ari/aki.serial', { body });
    expect(await thrownBy(read)).toMatchObject({ code: 'ca-misbehaved' });
  });

  it('is passed on without what else is wrong with it', async () => {
    ca.script('GET /ari/aki.serial', {
      body: { suggestedWindow, explanationURL: 'javascript:alert(1)' },
      headers: { 'Retry-After': 'soon' },
    });
    expect(await read()).toEqual({ start: Date.UTC(2027, 0, 20), end: Date.UTC(2027, 0, 21) });
  });

  it('is explained by a page', async () => {
    ca.script('GET /ari/aki.serial', { body: { suggestedWindow, explanationURL: 'https://ca.example/incident' } });
    expect(await read()).toMatchObject({ explanationUrl: 'https://ca.example/incident' });
  });

  it('is asked for three times while the CA fails, and then no more', async () => {
    ca.script('GET /ari/aki.serial', problem('serverInternal', 500));
    expect(await thrownBy(read)).toMatchObject({ code: 'ca-unreachable' });
    expect(ca.asked().filter((each) => each === 'GET /ari/aki.serial')).toHaveLength(3);
  });

  it('says when a CA is too busy to answer', async () => {
    ca.script('GET /ari/aki.serial', problem('rateLimited', 503, {}, { 'Retry-After': '7200' }));
    expect(await thrownBy(read)).toMatchObject({
      code: 'ca-rate-limited',
      details: { retryAt: clock.now() + 7_200_000 },
    });
  });

  it.each([
    ['http', { renewalInfoUrl: 'http://localhost/ari' }, 'is no https URL'],
    ['a private address', { renewalInfoUrl: 'https://10.0.0.1/ari' }, 'is not public'],
    ['the address of the instance metadata', { renewalInfoUrl: 'https://169.254.169.254/ari' }, 'is not public'],
  ])('is not asked for at %s', async (_what, changes, why) => {
    const endpoint = { ...ca.endpoint, allowPrivateAddresses: false, ...changes };
    const { code, message } = await thrownBy(() => readRenewalInfo(endpoint, 'aki.serial', { clock }));
    expect([code, message]).toEqual(['invalid-input', expect.stringContaining(why)]);
    expect(ca.requests).toEqual([]);
  });

  it('is not asked for where the name leads to a private address', async () => {
    const endpoint = { ...ca.endpoint, allowPrivateAddresses: false, renewalInfoUrl: ca.url('/ari') };
    expect(await thrownBy(() => readRenewalInfo(endpoint, 'aki.serial', { clock }))).toMatchObject({
      code: 'ca-unreachable',
      message: expect.stringContaining('is not public'),
    });
    expect(ca.requests).toEqual([]);
  });

  it('is not looked for where the CA redirects to', async () => {
    ca.script('GET /ari/aki.serial', { status: 302, headers: { Location: ca.url('/directory') } });
    expect(await thrownBy(read)).toMatchObject({ code: 'ca-misbehaved' });
    expect(ca.asked()).toEqual(['GET /ari/aki.serial']);
  });
});
