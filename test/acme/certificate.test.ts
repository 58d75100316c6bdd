import { generateKeyPairSync } from 'node:crypto';
import { rootCertificates } from 'node:tls';
import { describe, expect, it } from '@jest/globals';
import { keyMatches, readCertificate } from '../../lambdas/acme/certificate.ts';
import { InvalidCertificate } from '../../lambdas/acme/pem-chain.ts';
import { generatePrivateKey } from '../../lambdas/acme/private-key.ts';
import { DAY } from '../../lambdas/core/duration.ts';
import { dns, make, makeChain, NOW, pemOf, RSA2048 } from './hierarchy.ts';

describe('a certificate', () => {
  it('says for whom it is, since when, until when, and by whom', async () => {
    const { leaf } = await makeChain(['Leane.dev', '*.leane.dev'], { leaf: { algorithm: RSA2048 } });
    const { leaf: again } = await makeChain(['leane.dev']);
    const facts = readCertificate(leaf.pem);
    expect(facts).toMatchObject({
      domainNames: ['leane.dev', '*.leane.dev'],
      notBefore: NOW - DAY,
      notAfter: NOW + 90 * DAY,
      issuer: 'Test Intermediate',
      keyType: 'rsa-2048',
      fingerprint256: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
    expect(readCertificate(again.pem).fingerprint256).not.toBe(facts.fingerprint256);
  });

  it.each([
    ['01', '01'],
    ['0a1b', '0a1b'],
    ['FF00', 'ff00'],
    ['00c0ffee', 'c0ffee'],
  ])('with serial number %s has %s', async (serialNumber, hex) => {
    expect(readCertificate((await make({ subject: 'x', serialNumber })).pem).serialNumber).toBe(hex);
  });

  it('is the first one of a text', async () => {
    const { leaf, intermediate } = await makeChain(['leane.dev']);
    expect(readCertificate(`text\n${leaf.pem}${intermediate.pem}`).domainNames).toEqual(['leane.dev']);
  });

  it('names DNS names alone, and the organization of an issuer without a common name', async () => {
    const { pem } = await make({ subject: 'Self', names: [...dns('a.example'), { type: 'ip', value: '192.0.2.1' }] });
    expect(readCertificate(pem)).toMatchObject({ domainNames: ['a.example'], issuer: 'Self' });
    const organizations = rootCertificates.map((root) => readCertificate(root).issuer);
    expect(organizations.every((name) => name !== '')).toBe(true);
    expect(organizations).toContain('ISRG Root X1');
  });

  it.each([
    ['nothing', ''],
    ['text', 'no certificate'],
    ['a key', '-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----'],
    ['damaged PEM', '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----'],
    ['PEM without an end', '-----BEGIN CERTIFICATE-----\nMIIB'],
  ])('is none when it is %s', (_what, pem) => {
    expect(() => readCertificate(pem)).toThrow(InvalidCertificate);
  });
});

describe('whether a key belongs to a certificate', () => {
  it('shows in every format of the key', async () => {
    const leaf = await make({ subject: 'x', algorithm: RSA2048 });
    expect(keyMatches(leaf.pem, leaf.privateKey)).toBe(true);
    expect(keyMatches(leaf.pem, await generatePrivateKey('rsa-2048'))).toBe(false);
    expect(keyMatches(leaf.pem, await generatePrivateKey('ecdsa-p256'))).toBe(false);
  });

  it('is no for what is no private key', async () => {
    const { pem } = await make({ subject: 'x' });
    const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    expect([keyMatches(pem, ''), keyMatches(pem, pem), keyMatches(pem, pemOf(publicKey, 'spki'))]).toEqual([
      false,
      false,
      false,
    ]);
  });

  it('can not be said of what is no certificate', async () => {
    const privateKey = await generatePrivateKey('ecdsa-p256');
    expect(() => keyMatches('x', privateKey)).toThrow(InvalidCertificate);
  });
});
