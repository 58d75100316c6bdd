import { describe, expect, it } from '@jest/globals';
import { type PairValue, parseSecretValue, placeholderValue, renewedValue } from '../../lambdas/core/secret-value.ts';

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
const renewed = (value: unknown) =>
  JSON.parse(renewedValue(next, JSON.stringify(value), keyAs)) as Record<string, unknown>;

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
      mixed: old.leaf + certificate('theirs'),
      owner: 'web',
      port: 443,
    };
    expect(renewed({ certificate: old.leaf, privateKey: old.key, ...foreign })).toMatchObject(foreign);
  });

  it('keeps a secret that is PEM itself PEM', () => {
    const value = renewedValue(next, old.key + old.leaf + old.chain, keyAs);
    expect(value).toBe(keyAs('RSA PRIVATE KEY') + next.certificate + next.chain);
    expect(parseSecretValue(value)).toMatchObject({ kind: 'pair', certificate: next.certificate });
  });

  it('replaces a value that is neither', () => {
    expect(JSON.parse(renewedValue(next, 'damaged', keyAs))).toMatchObject({ certificate: next.certificate });
  });
});
