import { createPublicKey, generateKeyPairSync, type KeyObject, webcrypto, X509Certificate } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import * as x509 from '@peculiar/x509';
import { DAY, HOUR } from '../../../lambdas/core/duration.ts';
import { expectProblem } from './expect-problem.ts';
import { problemDocument } from './problem.ts';
import { ecKey, type RawAnswer } from './raw-client.ts';
import { LETS_ENCRYPT_PROFILES } from './settings.ts';
import { authorize, type CaUnderTest, placeOrder, requestFor, START, withCa } from './with-ca.ts';

/** An order that is ready, and what it takes to finalize it. */
async function ready(
  underTest: CaUnderTest,
  names: readonly string[] = ['example.net'],
  members: Readonly<Record<string, unknown>> = {},
): Promise<{ finalize: (csr: unknown) => Promise<RawAnswer>; read: () => Promise<RawAnswer> }> {
  const order = await placeOrder(underTest, names, members);
  await authorize(underTest, order);
  return {
    finalize: (csr) => underTest.client.post(order.json.finalize, { csr }),
    read: () => underTest.client.post(String(order.headers.location)),
  };
}

/** The leaf that the CA issues to a key of this kind. */
async function leafFor(
  underTest: CaUnderTest,
  key: KeyObject,
  names: readonly string[] = ['example.net'],
  members: Readonly<Record<string, unknown>> = {},
): Promise<x509.X509Certificate> {
  const { finalize } = await ready(underTest, names, members);
  const pem = Buffer.from(key.export({ type: 'pkcs8', format: 'pem' }));
  expect((await finalize((await requestFor(names, pem)).csr)).status).toBe(200);
  await underTest.clock.sleep(1_000);
  const [first] = x509.PemConverter.decode(underTest.ca.certificates.at(-1)?.chains[0] ?? '');
  return new x509.X509Certificate(first ?? '');
}

function rsaKey(modulusLength: number): KeyObject {
  return generateKeyPairSync('rsa', { modulusLength }).privateKey;
}

/** A CSR that acme-client would not make. */
async function oddRequest(
  names: readonly (readonly [x509.GeneralNameType, string])[],
  commonName?: string,
  extensions: readonly x509.Extension[] = [],
): Promise<string> {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
  const csr = await x509.Pkcs10CertificateRequestGenerator.create({
    name: commonName === undefined ? [] : [{ CN: [commonName] }],
    keys: await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']),
    signingAlgorithm: algorithm,
    extensions: [
      new x509.SubjectAlternativeNameExtension(names.map(([type, value]) => ({ type, value }))),
      ...extensions,
    ],
  });
  return Buffer.from(csr.rawData).toString('base64url');
}

describe('finalize', () => {
  it('answers processing, and the order is valid after the time that the settings say', () =>
    withCa({ processingMilliseconds: 7_000 }, async (underTest) => {
      const { finalize, read } = await ready(underTest);
      const answer = await finalize((await requestFor(['example.net'])).csr);
      expect(answer.json.status).toBe('processing');
      expect(answer.headers['retry-after']).toBe('3');
      await underTest.clock.sleep(6_999);
      const still = await read();
      expect([still.json.status, still.headers['retry-after']]).toEqual(['processing', '3']);
      await underTest.clock.sleep(1);
      await underTest.clock.sleep(1);
      expect((await read()).json.status).toBe('valid');
    }));

  it('answers valid at once when processing takes no time', () =>
    withCa({ processingMilliseconds: 0 }, async (underTest) => {
      const { finalize } = await ready(underTest);
      const { json } = await finalize((await requestFor(['example.net'])).csr);
      expect(json).toMatchObject({ status: 'valid', certificate: expect.any(String) });
    }));

  it('refuses an order that is not ready, or not any more', () =>
    withCa({}, async (underTest) => {
      const { json } = await placeOrder(underTest, ['example.net']);
      const { csr } = await requestFor(['example.net']);
      const early = await underTest.client.post(json.finalize, { csr });
      expectProblem(early, 403, 'orderNotReady', 'Order\'s status ("pending") is not acceptable for finalization');
      const { finalize } = await ready(underTest);
      await finalize(csr);
      expectProblem(await finalize(csr), 403, 'orderNotReady', '("processing")');
      await underTest.clock.sleep(1_000);
      expectProblem(await finalize(csr), 403, 'orderNotReady', '("valid")');
      expect(underTest.ca.certificates).toHaveLength(1);
    }));

  it('lets the order be ready after a bad CSR', () =>
    withCa({}, async (underTest) => {
      const { finalize, read } = await ready(underTest);
      const [name, other] = ['example.net', 'www.example.net'];
      const more = await finalize((await requestFor([name, other])).csr);
      expectProblem(more, 403, 'unauthorized', 'CSR does not specify same identifiers as Order');
      const another = await finalize((await requestFor([other])).csr);
      expectProblem(another, 403, 'unauthorized', 'CSR does not specify same identifiers as Order');
      expect((await read()).json.status).toBe('ready');
      expect((await finalize((await requestFor([name])).csr)).status).toBe(200);
    }));

  it('refuses what is no CSR', () =>
    withCa({}, async (underTest) => {
      const { finalize } = await ready(underTest);
      expectProblem(await finalize(undefined), 400, 'malformed', 'Error unmarshaling');
      expectProblem(await finalize('not base64url!'), 400, 'malformed', 'Error unmarshaling');
      expectProblem(await finalize('AAAA'), 400, 'malformed', 'Error parsing certificate request');
    }));

  it('refuses a CSR whose signature is not by its key', () =>
    withCa({}, async (underTest) => {
      const { finalize } = await ready(underTest);
      const der = Buffer.from((await requestFor(['example.net'])).csr, 'base64url');
      der.writeUInt8(der.readUInt8(der.length - 1) ^ 1, der.length - 1);
      expectProblem(await finalize(der.toString('base64url')), 400, 'badCSR', 'invalid signature on CSR');
    }));

  it.each([
    ['RSA with 1024 bits', () => rsaKey(1024), 'key size not supported: 1024'],
    ['P-521', () => ecKey('P-521'), 'ECDSA curve secp521r1 not allowed'],
  ])('refuses %s', (_kind, key, detail) =>
    withCa({}, async (underTest) => {
      const { finalize } = await ready(underTest);
      const pem = Buffer.from(key().export({ type: 'pkcs8', format: 'pem' }));
      expectProblem(await finalize((await requestFor(['example.net'], pem)).csr), 400, 'badCSR', detail);
    }),
  );

  it('refuses the account key as certificate key', () =>
    withCa({}, async (underTest) => {
      const { finalize } = await ready(underTest);
      const pem = Buffer.from(underTest.client.privateKey.export({ type: 'pkcs8', format: 'pem' }));
      const answer = await finalize((await requestFor(['example.net'], pem)).csr);
      expectProblem(answer, 400, 'malformed', 'certificate public key must be different than account key');
    }));

  it('refuses other kinds of names, must-staple, and a common name that was not ordered', () =>
    withCa({}, async (underTest) => {
      const { finalize } = await ready(underTest);
      const email = await oddRequest([['email', 'a@example.net']]);
      expectProblem(await finalize(email), 400, 'badCSR', 'email address');
      const uri = await oddRequest([['url', 'https://example.net/']]);
      expectProblem(await finalize(uri), 400, 'badCSR', 'URI fields');
      expectProblem(await finalize(await oddRequest([])), 400, 'badCSR', 'at least one identifier');
      const mustStaple = new x509.Extension('1.3.6.1.5.5.7.1.24', false, Buffer.from('3003020105', 'hex'));
      const stapled = await oddRequest([['dns', 'example.net']], undefined, [mustStaple]);
      expectProblem(await finalize(stapled), 403, 'unauthorized', 'must-staple');
      const extra = await oddRequest([['dns', 'example.net']], 'www.example.net');
      expectProblem(await finalize(extra), 403, 'unauthorized', 'same identifiers');
    }));

  it('takes names in upper case', () =>
    withCa({}, async (underTest) => {
      const { finalize } = await ready(underTest);
      expect((await finalize(await oddRequest([['dns', 'EXAMPLE.net']], 'Example.Net'))).status).toBe(200);
    }));

  it('fails the order with the problem that the settings say', () =>
    withCa({ refuseIssuance: () => problemDocument('caa', 'CAA record prevents issuance') }, async (underTest) => {
      const { finalize, read } = await ready(underTest);
      await finalize((await requestFor(['example.net'])).csr);
      await underTest.clock.sleep(1_000);
      const { json } = await read();
      expect(json).toMatchObject({ status: 'invalid', error: { detail: 'CAA record prevents issuance', status: 403 } });
      expect(underTest.ca.finalizedOrders()).toHaveLength(1);
    }));
});

describe('a leaf', () => {
  it('is valid from an hour ago for the lifetime of its order', () =>
    withCa({ lifetimeMilliseconds: 64 * DAY }, async (underTest) => {
      const leaf = await leafFor(underTest, ecKey());
      expect(leaf.notBefore.getTime()).toBe(START + 2_000 - HOUR);
      expect(leaf.notAfter.getTime()).toBe(leaf.notBefore.getTime() + 64 * DAY - 1_000);
    }));

  it('says what a TLS server certificate says', () =>
    withCa({}, async (underTest) => {
      const key = ecKey();
      const leaf = await leafFor(underTest, key, ['example.net', '*.example.net']);
      expect(leaf.getExtension(x509.KeyUsagesExtension)?.usages).toBe(x509.KeyUsageFlags.digitalSignature);
      expect(leaf.getExtension(x509.ExtendedKeyUsageExtension)?.usages).toEqual([x509.ExtendedKeyUsage.serverAuth]);
      expect(leaf.getExtension(x509.BasicConstraintsExtension)?.ca).toBe(false);
      const [, issuer] = x509.PemConverter.decode(underTest.ca.certificates[0]?.chains[0] ?? '');
      const issuerKey = new x509.X509Certificate(issuer ?? '').getExtension(x509.SubjectKeyIdentifierExtension);
      expect(leaf.getExtension(x509.AuthorityKeyIdentifierExtension)?.keyId).toBe(issuerKey?.keyId);
      expect(leaf.getExtension(x509.SubjectKeyIdentifierExtension)).not.toBeNull();
      expect(leaf.subject).toBe('CN=example.net');
      const names = leaf.getExtension(x509.SubjectAlternativeNameExtension)?.names.items.map(({ value }) => value);
      expect(names).toEqual(['*.example.net', 'example.net']);
      const parsed = new X509Certificate(leaf.toString('pem'));
      expect(parsed.publicKey.equals(createPublicKey(key))).toBe(true);
    }));

  it('has keyEncipherment for an RSA key', () =>
    withCa({}, async (underTest) => {
      const leaf = await leafFor(underTest, rsaKey(2048));
      expect(leaf.getExtension(x509.KeyUsagesExtension)?.usages).toBe(
        x509.KeyUsageFlags.digitalSignature | x509.KeyUsageFlags.keyEncipherment,
      );
    }));

  it('of a lean profile has neither common name nor subject key identifier nor keyEncipherment', () =>
    withCa({ profiles: { ...LETS_ENCRYPT_PROFILES } }, async (underTest) => {
      const leaf = await leafFor(underTest, rsaKey(2048), ['example.net'], { profile: 'shortlived' });
      expect(leaf.subject).toBe('');
      expect(leaf.getExtension(x509.SubjectKeyIdentifierExtension)).toBeNull();
      expect(leaf.getExtension(x509.KeyUsagesExtension)?.usages).toBe(x509.KeyUsageFlags.digitalSignature);
      expect(leaf.getExtension(x509.SubjectAlternativeNameExtension)?.critical).toBe(true);
      expect(leaf.notAfter.getTime() - leaf.notBefore.getTime()).toBe(160 * HOUR - 1_000);
    }));

  it('has no common name when all names are longer than 64 characters', () =>
    withCa({}, async (underTest) => {
      const leaf = await leafFor(underTest, ecKey(), [`${'a'.repeat(60)}.example.net`]);
      expect(leaf.subject).toBe('');
    }));

  it('has a positive serial number of 16 to 18 bytes, every other one with a sign byte', () =>
    withCa({ authorizationReuse: true }, async (underTest) => {
      for (let count = 0; count < 4; count += 1) await leafFor(underTest, ecKey());
      const serials = underTest.ca.certificates.map(({ serial }) => serial);
      expect(new Set(serials).size).toBe(4);
      for (const [index, serial] of serials.entries()) {
        expect(serial).toMatch(/^[0-9a-f]{32,36}$/);
        expect(Number.parseInt(serial.slice(0, 2), 16) > 0x7f).toBe(index % 2 === 0);
      }
      for (const certificate of underTest.ca.certificates) {
        const { serialNumber } = new X509Certificate(certificate.chains[0] ?? '');
        expect(serialNumber.toLowerCase()).toBe(certificate.serial);
      }
    }));

  it('comes from an intermediate that is picked at random', () =>
    withCa({ random: () => 0 }, async (underTest) => {
      const first = await leafFor(underTest, ecKey());
      underTest.ca.settings.random = () => 0.99;
      const second = await leafFor(underTest, ecKey());
      expect([first.issuer, second.issuer]).toEqual([
        'C=XX, O=Sandbox, CN=Sandbox E7',
        'C=XX, O=Sandbox, CN=Sandbox E8',
      ]);
    }));
});
