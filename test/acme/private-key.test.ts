import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { generatePrivateKey, keyTypeOf, toPkcs8 } from '../../lambdas/acme/private-key.ts';
import { KEY_TYPES } from '../../lambdas/core/key-type.ts';
import { make, P384, pemOf } from './hierarchy.ts';
import { thrownBy } from './thrown.ts';

const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });

describe('private keys', () => {
  it.each(KEY_TYPES)('are generated as %s, in PKCS#8', async (type) => {
    const pem = await generatePrivateKey(type);
    expect(pem).toMatch(/^-----BEGIN PRIVATE KEY-----\n/);
    expect(keyTypeOf(pem)).toBe(type);
    expect(toPkcs8(pem)).toBe(pem);
    expect(await generatePrivateKey('ecdsa-p256')).not.toBe(await generatePrivateKey('ecdsa-p256'));
  });

  it.each([
    ['PKCS#1', pemOf(rsa.privateKey, 'pkcs1'), rsa.privateKey],
    ['SEC1', pemOf(ec.privateKey, 'sec1'), ec.privateKey],
    [
      'SEC1 with its parameters, as openssl writes it',
      `-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n${pemOf(ec.privateKey, 'sec1')}`,
      ec.privateKey,
    ],
    ['PKCS#8 with Windows line ends', pemOf(ec.privateKey, 'pkcs8').replaceAll('\n', '\r\n'), ec.privateKey],
  ])('are converted from %s', (_what, pem, key) => {
    expect(createPrivateKey(toPkcs8(pem)).equals(key)).toBe(true);
  });

  it.each([
    [
      'encrypted PKCS#8',
      String(ec.privateKey.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' })),
      'is encrypted',
    ],
    [
      'encrypted SEC1',
      String(ec.privateKey.export({ type: 'sec1', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' })),
      'is encrypted',
    ],
    ['a public key', pemOf(ec.publicKey, 'spki'), 'is no private key'],
    [
      'a damaged key',
      pemOf(ec.privateKey, 'pkcs8').replace(/\n[^\n]{20}/, '\nAAAAAAAAAAAAAAAAAAAA'),
      'is no private key',
    ],
    ['nothing', '', 'is no private key'],
  ])('are refused when they are %s, without being told', async (_what, pem, why) => {
    const failure = await thrownBy(() => toPkcs8(pem), [pem]);
    expect([failure.code, failure.message]).toEqual([
      'invalid-input',
      expect.stringMatching(`^the private key ${why}`),
    ]);
    expect(keyTypeOf(pem) === undefined || why === 'is no private key').toBe(true);
  });

  it('have a type that evercert makes, or none', async () => {
    expect(keyTypeOf(pemOf(ec.publicKey, 'spki'))).toBe('ecdsa-p256');
    expect(keyTypeOf(pemOf(rsa.privateKey, 'pkcs1'))).toBe('rsa-2048');
    expect(keyTypeOf((await make({ algorithm: P384 })).pem)).toBe('ecdsa-p384');
    for (const other of [
      generateKeyPairSync('ed25519'),
      generateKeyPairSync('ec', { namedCurve: 'P-521' }),
      generateKeyPairSync('rsa', { modulusLength: 1024 }),
      generateKeyPairSync('rsa-pss', { modulusLength: 2048 }),
    ]) {
      expect(keyTypeOf(pemOf(other.privateKey, 'pkcs8'))).toBeUndefined();
    }
  });

  it('never make anything else throw', () => {
    const text = fc.oneof(
      fc.string(),
      fc.base64String().map((body) => `-----BEGIN PRIVATE KEY-----\n${body}\n-----END PRIVATE KEY-----`),
    );
    fc.assert(fc.property(text, (pem) => keyTypeOf(pem) === undefined));
    fc.assert(
      fc.property(text, (pem) => {
        expect(() => toPkcs8(pem)).toThrow('is no private key');
      }),
    );
  });
});
