import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { InvalidCertificate } from '../../lambdas/acme/certificate.ts';
import { certificateId, readRenewalInfo } from '../../lambdas/acme/renewal-info.ts';
import { certId } from '../sandbox/ca/cert-id.ts';
import { obtain, withCa } from '../sandbox/ca/with-ca.ts';
import { make, makeChain } from './hierarchy.ts';
import { endpointOf } from './orders-at.ts';
import { problem, type ScriptedCa, startScriptedCa } from './scripted-ca.ts';
import { thrownBy } from './thrown.ts';
import { type WaitingClock, waitingClock } from './waiting-clock.ts';

/** RFC 9773, appendix A. */
const EXAMPLE = `-----BEGIN CERTIFICATE-----
MIIBQzCB66ADAgECAgUAh2VDITAKBggqhkjOPQQDAjAVMRMwEQYDVQQDEwpFeGFt
cGxlIENBMCIYDzAwMDEwMTAxMDAwMDAwWhgPMDAwMTAxMDEwMDAwMDBaMBYxFDAS
BgNVBAMTC2V4YW1wbGUuY29tMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEeBZu
7cbpAYNXZLbbh8rNIzuOoqOOtmxA1v7cRm//AwyMwWxyHz4zfwmBhcSrf47NUAFf
qzLQ2PPQxdTXREYEnKMjMCEwHwYDVR0jBBgwFoAUaYhba4dGQEHhs3uEe6CuLN4B
yNQwCgYIKoZIzj0EAwIDRwAwRAIge09+S5TZAlw5tgtiVvuERV6cT4mfutXIlwTb
+FYN/8oCIClDsqBklhB9KAelFiYt9+6FDj3z4KGVelYM5MdsO3pK
-----END CERTIFICATE-----
`;

describe('the identifier of a certificate', () => {
  it('is the one that RFC 9773 gives for its example, with the zero byte', () => {
    expect(certificateId(EXAMPLE)).toBe('aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE');
  });

  it('has the serial number’s DER contents, whatever it is', async () => {
    const { intermediate } = await makeChain(['leane.dev']);
    await fc.assert(
      fc.asyncProperty(fc.bigInt({ min: 1n, max: 2n ** 159n - 1n }), async (serial) => {
        const hex = serial.toString(16);
        const { pem } = await make({
          issuer: intermediate,
          serialNumber: hex.padStart(hex.length + (hex.length % 2), '0'),
        });
        const contents = Buffer.from(certificateId(pem).split('.')[1] ?? '', 'base64url');
        expect(BigInt(`0x${contents.toString('hex')}`)).toBe(serial);
        expect(contents.readUInt8(0)).toBeLessThan(0x80);
        expect(certificateId(pem)).toBe(certId(pem));
      }),
      { numRuns: 25 },
    );
  });

  it('does not exist without an authority key identifier', async () => {
    const selfSigned = await make({ subject: 'Self' });
    expect(() => certificateId(selfSigned.pem)).toThrow(InvalidCertificate);
    expect(() => certificateId('no certificate')).toThrow(InvalidCertificate);
  });
});

describe('renewal information from a CA', () => {
  it('is found through the directory, through a known directory, and directly', () =>
    withCa({}, async (underTest) => {
      const { ca, clock, calls } = underTest;
      const { certificate } = await obtain(underTest, ['leane.dev']);
      const id = certificateId(certificate.text);
      const { directoryUrl, ...rules } = endpointOf(underTest);
      calls.reset();
      const info = await readRenewalInfo({ directoryUrl, ...rules }, id, { clock });
      expect(calls.by('acme')).toEqual({ directory: 1, renewalInfo: 1 });
      expect(info.retryAfterMilliseconds).toBe(6 * 3_600_000);
      const [issued] = ca.certificates;
      expect(info.start).toBeGreaterThan(issued?.notBefore ?? 0);
      expect(info.end).toBeLessThan(issued?.notAfter ?? 0);
      const renewalInfoUrl = new URL('/acme/renewal-info', directoryUrl).href;
      expect(await readRenewalInfo({ renewalInfoUrl, ...rules }, id, { clock })).toEqual(info);
      expect(await readRenewalInfo({ renewalInfoUrl: `${renewalInfoUrl}/`, ...rules }, id, { clock })).toEqual(info);
      expect(calls.by('acme')).toEqual({ directory: 1, renewalInfo: 3 });
    }));

  it('puts a revoked certificate’s window into the past', () =>
    withCa({}, async (underTest) => {
      const { ca, clock } = underTest;
      const { certificate } = await obtain(underTest, ['leane.dev']);
      ca.revoke(ca.certificates[0]?.serial ?? '');
      const { end } = await readRenewalInfo(endpointOf(underTest), certificateId(certificate.text), { clock });
      expect(end).toBeLessThan(clock.now());
    }));

  it('is refused for a certificate that the CA does not know', () =>
    withCa({}, async (underTest) => {
      const id = certificateId(EXAMPLE);
      expect(
        await thrownBy(() => readRenewalInfo(endpointOf(underTest), id, { clock: underTest.clock })),
      ).toMatchObject({
        code: 'ca-refused',
        details: { problem: { status: 404 } },
      });
    }));

  it('is not to be had from a CA that offers none', () =>
    withCa({ renewalInfo: false }, async (underTest) => {
      const id = certificateId(EXAMPLE);
      expect(
        await thrownBy(() => readRenewalInfo(endpointOf(underTest), id, { clock: underTest.clock })),
      ).toMatchObject({
        code: 'ca-refused',
        message: expect.stringContaining('offers no renewal information'),
      });
    }));
});

describe('renewal information that makes no sense', () => {
  let ca: ScriptedCa;
  let clock: WaitingClock;

  beforeEach(async () => {
    ca = await startScriptedCa();
    clock = waitingClock();
  });

  afterEach(() => ca.stop());

  const suggestedWindow = { start: '2027-01-20T00:00:00Z', end: '2027-01-21T00:00:00Z' };
  const read = () => readRenewalInfo(ca.endpoint, 'aki.serial', { clock });

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
});
