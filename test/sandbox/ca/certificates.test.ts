import { createPrivateKey, X509Certificate } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { DAY } from '../../../lambdas/core/duration.ts';
import { expectProblem } from './expect-problem.ts';
import { createRawClient, ecKey } from './raw-client.ts';
import { authorize, type CaUnderTest, obtain, placeOrder, requestFor, withCa } from './with-ca.ts';

/** A certificate of its owner, ready to be revoked. */
async function issued(
  underTest: CaUnderTest,
  names: readonly string[] = ['example.net'],
): Promise<{ readonly certificate: string; readonly privateKey: string }> {
  const { certificate, privateKey } = await obtain(underTest, names);
  return { certificate: new X509Certificate(certificate.text).raw.toString('base64url'), privateKey };
}

describe('the download of a certificate', () => {
  it('is a PEM chain without its root', () =>
    withCa({}, async (underTest) => {
      const { certificate } = await obtain(underTest, ['example.net']);
      expect(certificate.headers['content-type']).toBe('application/pem-certificate-chain');
      expect(certificate.text).toMatch(/^-----BEGIN CERTIFICATE-----\n/);
      expect(certificate.text.match(/-----BEGIN CERTIFICATE-----/g)).toHaveLength(2);
      for (const { pem } of underTest.ca.roots) expect(certificate.text).not.toContain(pem);
    }));

  it('links to the alternate chain, which links back', () =>
    withCa({}, async (underTest) => {
      const { certificate, order } = await obtain(underTest, ['example.net']);
      const link = /<([^>]+)>;rel="alternate"/.exec(String(certificate.headers.link))?.[1];
      expect(link).toBe(`${order.json.certificate}/1`);
      const alternate = await underTest.client.post(String(link));
      expect(alternate.text.match(/-----BEGIN CERTIFICATE-----/g)).toHaveLength(3);
      expect(alternate.headers.link).toContain(`<${order.json.certificate}/0>;rel="alternate"`);
    }));

  it('has no alternate where there is none', () =>
    withCa({ alternateChains: false }, async (underTest) => {
      const { certificate, order } = await obtain(underTest, ['example.net']);
      expect(certificate.headers.link).not.toContain('alternate');
      expectProblem(await underTest.client.post(`${order.json.certificate}/1`), 404, 'malformed', 'Unknown issuance');
    }));

  it('is for the account that ordered it, and for certificates that exist', () =>
    withCa({}, async (underTest) => {
      const { order } = await obtain(underTest, ['example.net']);
      const stranger = createRawClient(underTest.ca);
      await stranger.register();
      expectProblem(await stranger.post(order.json.certificate), 403, 'unauthorized', 'did not issue');
      expectProblem(await stranger.post(`${order.json.certificate}00`), 404, 'malformed', 'Certificate not found');
    }));

  it('can be made wrong', () =>
    withCa({}, async (underTest) => {
      underTest.ca.settings.mutate.certificate = (chain, { serial }) => `${chain}${serial}`;
      const { certificate } = await obtain(underTest, ['example.net']);
      expect(certificate.text).toMatch(new RegExp(`${underTest.ca.certificates[0]?.serial}$`));
    }));
});

describe('revokeCert', () => {
  it('revokes for the account that ordered the certificate', () =>
    withCa({}, async (underTest) => {
      const { client, urls, ca, clock } = underTest;
      const { certificate } = await issued(underTest);
      const answer = await client.post(urls['revokeCert'] ?? '', { certificate, reason: 4 });
      expect([answer.status, answer.text]).toEqual([200, '']);
      expect(ca.certificates[0]?.revoked).toEqual({ at: clock.now(), reason: 4 });
      expectProblem(await client.post(urls['revokeCert'] ?? '', { certificate }), 400, 'alreadyRevoked');
    }));

  it("revokes for the certificate's own key, which is compromised and gets no certificate again", () =>
    withCa({}, async (underTest) => {
      const { client, urls, ca } = underTest;
      const { certificate, privateKey } = await issued(underTest);
      const holder = createRawClient(ca, createPrivateKey(privateKey));
      expect((await holder.post(urls['revokeCert'] ?? '', { certificate })).status).toBe(200);
      expect(ca.certificates[0]?.revoked?.reason).toBe(1);
      expectProblem(await holder.post(urls['revokeCert'] ?? '', { certificate }), 400, 'alreadyRevoked');
      const order = await placeOrder(underTest, ['example.net']);
      const { csr } = await requestFor(['example.net'], Buffer.from(privateKey));
      expectProblem(await client.post(order.json.finalize, { csr }), 400, 'badCSR', 'public key is forbidden');
    }));

  it('revokes for an account that controls all its names, as cessation of operation', () =>
    withCa({}, async (underTest) => {
      const { urls, ca } = underTest;
      const { certificate } = await issued(underTest, ['a.net', 'b.net']);
      const client = createRawClient(ca);
      await client.register();
      const other = { ...underTest, client };
      await authorize(other, await placeOrder(other, ['a.net']));
      const refused = await client.post(urls['revokeCert'] ?? '', { certificate });
      expectProblem(refused, 403, 'unauthorized', 'does not control all identifiers');
      await authorize(other, await placeOrder(other, ['b.net']));
      expect((await client.post(urls['revokeCert'] ?? '', { certificate, reason: 1 })).status).toBe(200);
      expect(ca.certificates[0]?.revoked?.reason).toBe(5);
    }));

  it('refuses another key, another reason, other certificates and expired ones', () =>
    withCa({}, async (underTest) => {
      const { client, urls, ca, clock } = underTest;
      const url = urls['revokeCert'] ?? '';
      const { certificate } = await issued(underTest);
      const stranger = createRawClient(ca, ecKey());
      expectProblem(await stranger.post(url, { certificate }), 403, 'unauthorized', 'must be the same public key');
      expectProblem(await client.post(url, { certificate, reason: 9 }), 400, 'badRevocationReason');
      const root = new X509Certificate(ca.roots[0]?.pem ?? '').raw.toString('base64url');
      expectProblem(await client.post(url, { certificate: root }), 404, 'malformed', 'No such certificate');
      const forged = Buffer.from(certificate, 'base64url');
      forged.writeUInt8(forged.readUInt8(forged.length - 1) ^ 1, forged.length - 1);
      const sameSerial = await client.post(url, { certificate: forged.toString('base64url') });
      expectProblem(sameSerial, 404, 'malformed', 'No such certificate');
      expectProblem(await client.post(url, { certificate: 'AAAA' }), 400, 'malformed', 'parse certificate DER');
      expectProblem(await client.post(url, {}), 400, 'malformed', 'Unable to JSON parse');
      await clock.sleep(90 * DAY);
      expectProblem(await client.post(url, { certificate }), 403, 'unauthorized', 'expired');
    }));
});
