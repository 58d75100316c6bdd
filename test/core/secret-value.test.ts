import { describe, expect, it } from '@jest/globals';
import {
  type PairValue,
  parseSecretValue,
  placeholderValue,
  renewedValue,
  whatWouldStay,
} from '../../lambdas/core/secret-value.ts';

const pem = (label: string, body: string) => `-----BEGIN ${label}-----\n${body}\n-----END ${label}-----\n`;
const certificate = (body: string) => pem('CERTIFICATE', body);
const old = {
  leaf: certificate('oldLeaf'),
  chain: certificate('oldChain1') + certificate('oldChain2'),
  key: pem('RSA PRIVATE KEY', 'oldKey'),
};
const next: PairValue = {
  certificate: certificate('newLeaf'),
  chain: certificate('newChain'),
  privateKey: pem('PRIVATE KEY', 'newKey'),
  domainNames: ['leane.dev'],
  issued: {
    notBefore: '',
    notAfter: '',
    serialNumber: '0a',
    fingerprint256: '0b',
    issuer: 'CA',
    directoryUrl: 'https://ca.example/directory',
    accountUrl: 'https://ca.example/account/1',
  },
};
const keyAs = (label: string) => pem(label, `newKeyAs${label.replaceAll(' ', '')}`);
/** Every encoding of the old key has its word in it. */
const isSameKey = (one: string, other: string) => one.includes('oldKey') && other.includes('oldKey');
const renewedText = (text: string) => renewedValue(next, text, keyAs, isSameKey);
const renewed = (value: unknown) => JSON.parse(renewedText(JSON.stringify(value))) as Record<string, unknown>;
const curve = pem('EC PARAMETERS', 'curve');
const group = pem('DH PARAMETERS', 'group');

describe('parseSecretValue', () => {
  it.each([
    ['our own fields', JSON.stringify({ certificate: old.leaf, chain: old.chain, privateKey: old.key })],
    ['the fields of a Kubernetes secret', JSON.stringify({ 'tls.crt': old.leaf + old.chain, 'tls.key': old.key })],
    ['a full chain and a key', JSON.stringify({ cert: old.leaf + old.chain, key: old.key })],
    ['plain PEM, key first', old.key + old.leaf + old.chain],
  ])('finds a pair in %s', (_what, text) => {
    expect(parseSecretValue(text)).toEqual({
      kind: 'pair',
      certificate: old.leaf,
      chain: old.chain,
      privateKey: old.key.trim(),
      directoryUrl: undefined,
    });
  });

  it('finds nothing in a placeholder, and in fields that are none of its business', () => {
    expect(parseSecretValue(placeholderValue(['leane.dev']))).toEqual({ kind: 'none' });
    expect(parseSecretValue('{"user":"x","password":"y"}')).toEqual({ kind: 'none' });
  });

  it.each([
    ['neither JSON nor PEM', 'hello'],
    ['a certificate without a key', JSON.stringify({ certificate: old.leaf })],
    ['a key without a certificate', JSON.stringify({ privateKey: old.key })],
    ['PEM that is cut off', JSON.stringify({ certificate: '-----BEGIN CERTIFICATE-----\nMIIB' })],
  ])('says what is wrong with %s', (_what, text) => {
    expect(parseSecretValue(text)).toMatchObject({ kind: 'broken' });
  });
});

describe('renewedValue', () => {
  it('has the fields of the contract', () => {
    expect(renewed({ status: 'no certificate has been issued yet' })).toEqual({
      certificate: next.certificate,
      chain: next.chain,
      fullchain: next.certificate + next.chain,
      privateKey: next.privateKey,
      domainNames: next.domainNames,
      issued: next.issued,
    });
  });

  it('puts the new parts where the old ones were, in their order and encoding', () => {
    const value = renewed({
      'tls.crt': old.leaf + old.chain,
      'tls.key': old.key,
      'ca.crt': old.chain,
      haproxy: old.leaf + old.chain + old.key,
    });
    expect(value).toMatchObject({
      'tls.crt': next.certificate + next.chain,
      'tls.key': keyAs('RSA PRIVATE KEY'),
      'ca.crt': next.chain,
      haproxy: next.certificate + next.chain + keyAs('RSA PRIVATE KEY'),
    });
  });

  it('keeps a certificate field that held the full chain a full chain', () => {
    expect(renewed({ certificate: old.leaf + old.chain, privateKey: old.key })['certificate']).toBe(
      next.certificate + next.chain,
    );
  });

  it('leaves other keys, other certificates and other fields alone', () => {
    const foreign = {
      jwtSigningKey: pem('PRIVATE KEY', 'theirs'),
      clientCa: certificate('theirs'),
      dhparam: group,
      owner: 'web',
      port: 443,
    };
    expect(renewed({ certificate: old.leaf, privateKey: old.key, ...foreign })).toMatchObject(foreign);
  });

  it('drops the curve that OpenSSL writes before an EC key, and keeps the group that a server has in its bundle', () => {
    const value = renewed({ 'tls.crt': old.leaf, 'tls.key': curve + old.key, bundle: old.leaf + old.key + group });
    expect(value).toMatchObject({
      'tls.crt': next.certificate,
      'tls.key': keyAs('RSA PRIVATE KEY'),
      bundle: next.certificate + keyAs('RSA PRIVATE KEY') + group,
    });
    expect(renewedText(curve + old.key + old.leaf + group)).toBe(keyAs('RSA PRIVATE KEY') + next.certificate + group);
  });

  it('replaces the old key in every encoding, and the old leaf with other line ends', () => {
    const value = renewed({
      certificate: old.leaf,
      chain: old.chain,
      privateKey: pem('PRIVATE KEY', 'the oldKey as PKCS8'),
      'tls.crt': (old.leaf + old.chain).replaceAll('\n', '\r\n'),
      'tls.key': old.key,
    });
    expect(value).toMatchObject({ 'tls.crt': next.certificate + next.chain, 'tls.key': keyAs('RSA PRIVATE KEY') });
  });

  it('keeps a secret that is PEM itself PEM', () => {
    const value = renewedText(old.key + old.leaf + old.chain);
    expect(value).toBe(keyAs('RSA PRIVATE KEY') + next.certificate + next.chain);
    expect(parseSecretValue(value)).toMatchObject({ kind: 'pair', certificate: next.certificate });
  });

  it('replaces a value that is neither', () => {
    expect(JSON.parse(renewedText('damaged'))).toMatchObject({ certificate: next.certificate });
  });
});

describe('whatWouldStay', () => {
  const request = pem('CERTIFICATE REQUEST', 'request');

  it.each([
    [
      'a whole pair with parameters',
      JSON.stringify({ cert: old.leaf, key: curve + old.key, bundle: old.leaf + group }),
    ],
    ['PEM with parameters', curve + old.key + old.leaf + old.chain + group],
    [
      'other people’s keys and certificates in fields of their own',
      JSON.stringify({ cert: old.leaf, key: old.key, request }),
    ],
    ['fields that are overwritten', JSON.stringify({ certificate: old.leaf, privateKey: old.key + request })],
    ['no pair', JSON.stringify({ cert: old.leaf + request })],
  ])('is nothing of %s', (_what, value) => {
    expect(whatWouldStay(value, isSameKey)).toBeUndefined();
  });

  it.each([
    ['the leaf', { cert: old.leaf + request, key: old.key }, 'its field "cert" holds', 'CERTIFICATE REQUEST'],
    ['the key', { cert: old.leaf, key: old.key + request }, 'its field "key" holds', 'CERTIFICATE REQUEST'],
    [
      'a second copy',
      { cert: old.leaf, key: old.key, pem: old.key + certificate('x') },
      'its field "pem"',
      'CERTIFICATE',
    ],
    ['a list', { cert: old.leaf + pem('X509 CRL', 'x'), key: old.key }, 'its field "cert"', 'X509 CRL'],
  ])('names the field where %s is in one text with something unknown', (_what, value, field, label) => {
    const stays = whatWouldStay(JSON.stringify(value), isSameKey);
    expect(stays).toContain(field);
    expect(stays).toContain(`(${label})`);
  });

  it('is all of a secret that is PEM with something unknown', () => {
    expect(whatWouldStay(old.key + old.leaf + request, isSameKey)).toMatch(/^it holds .*\(CERTIFICATE REQUEST\)$/);
  });
});
