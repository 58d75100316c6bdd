import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { findKeyMaterial } from './key-material.ts';

const keys: readonly (readonly [string, KeyObject])[] = [
  ['P-256', generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey],
  ['P-384', generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey],
  ['RSA', generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey],
];
const formats = (key: KeyObject): readonly (readonly [string, unknown])[] => {
  const types = key.asymmetricKeyType === 'rsa' ? (['pkcs8', 'pkcs1'] as const) : (['pkcs8', 'sec1'] as const);
  return types.flatMap((type) => {
    const pem = String(key.export({ type: type as 'pkcs8', format: 'pem' }));
    const der = key.export({ type: type as 'pkcs8', format: 'der' });
    return [
      [`${type} PEM`, pem],
      [`${type} PEM in JSON`, JSON.stringify({ privateKey: pem })],
      [`${type} DER`, der],
      [`${type} base64`, der.toString('base64')],
    ] as const;
  });
};

describe('findKeyMaterial', () => {
  for (const [name, key] of keys) {
    for (const [format, planted] of formats(key)) {
      it(`finds a planted ${name} key as ${format}`, () => {
        expect(findKeyMaterial({ log: [{ fields: { body: planted } }] })).not.toEqual([]);
      });
    }
    it(`finds a planted ${name} key as JWK, as an object and in JSON`, () => {
      const jwk = key.export({ format: 'jwk' });
      expect(findKeyMaterial({ jwk })).not.toEqual([]);
      expect(findKeyMaterial(JSON.stringify(jwk))).not.toEqual([]);
    });
  }

  it('looks into the cause of the cause of an error, and into its stack', () => {
    const pem = String(keys[0]?.[1].export({ type: 'pkcs8', format: 'pem' }));
    const error = new Error('outer', { cause: new Error('inner', { cause: { body: pem } }) });
    expect(findKeyMaterial(error)).toEqual(['it.cause.cause.body: a PEM private key']);
    expect(findKeyMaterial(new Error(`could not parse ${pem}`))).toContain('it.message: a PEM private key');
  });

  it('finds a secret that it is told of, such as an EAB key, and a line of a known PEM', () => {
    const pem = String(keys[2]?.[1].export({ type: 'pkcs8', format: 'pem' }));
    expect(findKeyMaterial({ message: 'hmac c2VjcmV0LXNlY3JldA' }, ['c2VjcmV0LXNlY3JldA'])).toEqual([
      'it.message: a known secret',
    ]);
    expect(findKeyMaterial(pem.split('\n')[3], [pem])).toEqual(['it: a known secret']);
  });

  it('leaves certificates, public keys, serial numbers and URLs alone', () => {
    const publicKey = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey;
    expect(
      findKeyMaterial({
        pem: publicKey.export({ type: 'spki', format: 'pem' }),
        jwk: publicKey.export({ format: 'jwk' }),
        serial: '0affc0ffee0affc0ffee0affc0ffee',
        url: 'https://ca.example/acme/order/1/2',
        text: 'MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAu1SU1LfVLPHCozMxH2Mo',
      }),
    ).toEqual([]);
  });
});
