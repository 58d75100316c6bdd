import { createPrivateKey, createPublicKey, X509Certificate } from 'node:crypto';
import { Agent } from 'node:https';
import { afterEach, describe, expect, it } from '@jest/globals';
import * as acme from 'acme-client';
import { DAY, HOUR } from '../../../lambdas/core/duration.ts';
import type { SandboxCa } from './ca.ts';
import { type CaUnderTest, obtain, START, withCa } from './with-ca.ts';

async function acmeClient({ ca }: CaUnderTest, accountKey?: Buffer): Promise<acme.Client> {
  acme.axios.defaults.httpsAgent = new Agent({ ca: ca.httpsRoot });
  return new acme.Client({
    directoryUrl: ca.directoryUrl,
    accountKey: accountKey ?? (await acme.crypto.createPrivateEcdsaKey()),
  });
}

/** The whole way with acme-client, polling on the virtual clock. */
async function obtainWithAcmeClient(
  { clock, dns }: CaUnderTest,
  client: acme.Client,
  names: readonly string[],
): Promise<{ chain: string; privateKey: string; order: acme.Order }> {
  const placed = await client.createOrder({ identifiers: names.map((value) => ({ type: 'dns', value })) });
  for (const authorization of await client.getAuthorizations(placed)) {
    const challenge = authorization.challenges.find(({ type }) => type === 'dns-01');
    if (!challenge) throw new Error('no dns-01 challenge');
    const record = `_acme-challenge.${authorization.identifier.value}`;
    const value = await client.getChallengeKeyAuthorization(challenge);
    dns.records.set(record, [...(dns.records.get(record) ?? []), [value]]);
    await client.completeChallenge(challenge);
  }
  const ready = await pollOrder(client, placed, clock, 'ready');
  const [privateKey, csr] = await acme.crypto.createCsr({ altNames: [...names] });
  const finalized = await client.finalizeOrder(ready, csr);
  expect(finalized.status).toBe('processing');
  const order = await pollOrder(client, placed, clock, 'valid');
  return { chain: await client.getCertificate(order), privateKey: privateKey.toString(), order };
}

async function pollOrder(
  client: acme.Client,
  order: acme.Order,
  clock: CaUnderTest['clock'],
  status: string,
): Promise<acme.Order> {
  for (let polls = 0; polls < 10; polls += 1) {
    const current = await client.getOrder(order);
    if (current.status === status) return current;
    await clock.sleep(1_000);
  }
  throw new Error(`The order did not become ${status}.`);
}

function certificatesIn(chain: string): X509Certificate[] {
  return acme.crypto.splitPemChain(chain).map((pem) => new X509Certificate(pem));
}

/** Whether each certificate is signed by the next, and the last one by the CA's root of that name. */
function chainsTo(chain: string, { roots }: SandboxCa, name: string): boolean {
  const root = roots.find((candidate) => candidate.name === name);
  const certificates = [...certificatesIn(chain), new X509Certificate(root?.pem ?? '')];
  return certificates.every((certificate, index) => {
    const issuer = certificates[index + 1] ?? certificate;
    return certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
  });
}

afterEach(() => {
  acme.axios.defaults.httpsAgent = undefined;
});

describe('the CA, driven by acme-client', () => {
  it('issues a certificate for an apex and its wildcard, whose chain ends in its first root', () =>
    withCa({}, async (underTest) => {
      const { ca, dns } = underTest;
      const client = await acmeClient(underTest);
      await client.createAccount({ termsOfServiceAgreed: true, contact: ['mailto:ops@evercert.test'] });
      const { chain, privateKey } = await obtainWithAcmeClient(underTest, client, ['example.net', '*.example.net']);

      expect(chainsTo(chain, ca, 'Sandbox Root X1')).toBe(true);
      const [leaf] = certificatesIn(chain);
      expect(leaf?.subjectAltName).toBe('DNS:*.example.net, DNS:example.net');
      expect(leaf?.checkPrivateKey(createPrivateKey(privateKey))).toBe(true);
      expect(dns.asked.filter((asked) => asked === 'udp _acme-challenge.example.net')).toHaveLength(2);
    }));

  it('counts every request by resource', () =>
    withCa({}, async (underTest) => {
      underTest.calls.reset();
      const client = await acmeClient(underTest);
      await client.createAccount({ termsOfServiceAgreed: true });
      await obtainWithAcmeClient(underTest, client, ['example.net', '*.example.net']);
      const counts = underTest.calls.by('acme');
      expect(counts).toMatchObject({
        directory: 1,
        newAccount: 1,
        newOrder: 1,
        authorization: 2,
        challenge: 2,
        finalize: 1,
        certificate: 1,
      });
      expect(counts['newNonce']).toBe(7 + (counts['order'] ?? 0) + 1);
    }));

  it('offers the chain to its second root as an alternate', () =>
    withCa({}, async (underTest) => {
      const { ca } = underTest;
      const client = await acmeClient(underTest);
      await client.createAccount({ termsOfServiceAgreed: true });
      const { order } = await obtainWithAcmeClient(underTest, client, ['example.net']);
      const alternate = await client.getCertificate(order, 'Sandbox Root X2');
      expect(certificatesIn(alternate)).toHaveLength(3);
      expect(chainsTo(alternate, ca, 'Sandbox Root X2')).toBe(true);
    }));

  it('binds an external account', () =>
    withCa({ eab: { required: true, keys: { 'kid-1': 'c2VjcmV0' } } }, async (underTest) => {
      acme.axios.defaults.httpsAgent = new Agent({ ca: underTest.ca.httpsRoot });
      const client = new acme.Client({
        directoryUrl: underTest.ca.directoryUrl,
        accountKey: await acme.crypto.createPrivateEcdsaKey(),
        externalAccountBinding: { kid: 'kid-1', hmacKey: 'c2VjcmV0' },
      });
      await client.createAccount({ termsOfServiceAgreed: true });
      expect(underTest.ca.accounts.map(({ binding }) => binding?.kid)).toEqual(['kid-1']);
    }));

  it('rolls an account key over, after which the old one is unknown', () =>
    withCa({}, async (underTest) => {
      const oldKey = await acme.crypto.createPrivateEcdsaKey();
      const client = await acmeClient(underTest, oldKey);
      await client.createAccount({ termsOfServiceAgreed: true });
      const url = client.getAccountUrl();
      await client.updateAccountKey(await acme.crypto.createPrivateRsaKey(2048));
      await client.createAccount({ onlyReturnExisting: true });
      expect(client.getAccountUrl()).toBe(url);
      const withOldKey = await acmeClient(underTest, oldKey);
      await expect(withOldKey.createAccount({ onlyReturnExisting: true })).rejects.toThrow(
        'No account exists with the provided key',
      );
    }));

  it('revokes a certificate', () =>
    withCa({}, async (underTest) => {
      const client = await acmeClient(underTest);
      await client.createAccount({ termsOfServiceAgreed: true });
      const { chain } = await obtainWithAcmeClient(underTest, client, ['example.net']);
      await client.revokeCertificate(chain, { reason: 4 });
      expect(underTest.ca.certificates[0]?.revoked).toEqual({ at: underTest.clock.now(), reason: 4 });
    }));

  it('goes on after refused nonces', () =>
    withCa({ nonceRejection: 0.3 }, async (underTest) => {
      underTest.calls.reset();
      const client = await acmeClient(underTest);
      await client.createAccount({ termsOfServiceAgreed: true });
      await obtainWithAcmeClient(underTest, client, ['example.net', '*.example.net']);
      const { newNonce: _newNonce, directory: _directory, ...signed } = underTest.calls.by('acme');
      const total = Object.values(signed).reduce((sum, count) => sum + count, 0);
      expect(total).toBeGreaterThan(underTest.calls.of('acme:newNonce'));
    }));
});

describe('startCa', () => {
  it('has an HTTPS certificate of its own root, valid at real time', () =>
    withCa({}, async ({ ca }) => {
      const root = new X509Certificate(ca.httpsRoot);
      expect(root.validToDate.getTime()).toBeGreaterThan(Date.now());
      expect(ca.roots.map(({ pem }) => pem)).not.toContain(ca.httpsRoot);
      expect(new URL(ca.directoryUrl)).toMatchObject({ protocol: 'https:', hostname: 'localhost' });
    }));

  it('has roots that are valid over decades and are CAs', () =>
    withCa({}, async ({ ca }) => {
      expect(ca.roots.map(({ name }) => name)).toEqual(['Sandbox Root X1', 'Sandbox Root X2']);
      for (const { pem } of ca.roots) {
        const root = new X509Certificate(pem);
        expect(root.ca).toBe(true);
        expect(root.validFromDate.getUTCFullYear()).toBeLessThan(2020);
        expect(root.validToDate.getUTCFullYear()).toBeGreaterThan(2045);
      }
    }));

  it('shows what it remembers', () =>
    withCa({}, async (underTest) => {
      const { ca, client } = underTest;
      const { certificate } = await obtain(underTest, ['example.net']);
      expect(ca.accounts).toMatchObject([{ url: client.kid, status: 'valid' }]);
      expect(ca.orders).toMatchObject([{ id: 1, status: 'valid', names: ['example.net'] }]);
      expect(ca.authorizations).toMatchObject([{ name: 'example.net', wildcard: false, status: 'valid' }]);
      expect(ca.certificates).toMatchObject([
        { orderId: 1, names: ['example.net'], revoked: undefined, notBefore: START + 2_000 - HOUR },
      ]);
      expect(ca.certificates[0]?.chains[0]).toBe(certificate.text);
      expect(ca.certificates[0]?.serial).toMatch(/^[0-9a-f]{32,36}$/);
      expect(ca.finalizedOrders()).toHaveLength(1);
    }));

  it('revokes as the CA itself', () =>
    withCa({}, async (underTest) => {
      await obtain(underTest, ['example.net']);
      const serial = underTest.ca.certificates[0]?.serial ?? '';
      underTest.ca.revoke(serial.toUpperCase(), 4);
      expect(underTest.ca.certificates[0]?.revoked?.reason).toBe(4);
      expect(() => underTest.ca.revoke('01')).toThrow(RangeError);
    }));

  it('issues for any names, key and time without an order', () =>
    withCa({}, async ({ ca }) => {
      const key = createPublicKey(await acme.crypto.createPrivateEcdsaKey());
      const chain = await ca.issue({
        names: ['other.example'],
        publicKey: key,
        notBefore: START - 100 * DAY,
        notAfter: START - 10 * DAY,
      });
      const [leaf] = certificatesIn(chain);
      expect(leaf?.subjectAltName).toBe('DNS:other.example');
      expect(leaf?.validToDate.getTime()).toBe(START - 10 * DAY);
      expect(leaf?.publicKey.equals(key)).toBe(true);
      expect(ca.certificates).toEqual([]);
    }));
});
