import { beforeAll, describe, expect, it } from '@jest/globals';
import * as x509 from '@peculiar/x509';
import { generatePrivateKey } from '../../lambdas/acme/private-key.ts';
import { type PairToVerify, verifyPair } from '../../lambdas/acme/verify.ts';
import { MINUTE } from '../../lambdas/core/duration.ts';
import { dns, type Made, make, makeChain, NOW, P384, RSA2048, type Wanted } from './hierarchy.ts';
import { thrownBy } from './thrown.ts';

const domainNames = ['leane.dev', '*.leane.dev'];
const { serverAuth, clientAuth } = x509.ExtendedKeyUsage;

let root: Made;
let intermediate: Made;
let leaf: Made;

beforeAll(async () => {
  ({ root, intermediate, leaf } = await makeChain(domainNames));
});

/** The good pair with one thing changed. */
const pair = (changes: Partial<PairToVerify> = {}): PairToVerify => ({
  certificate: leaf.pem,
  chain: intermediate.pem,
  privateKey: leaf.privateKey,
  domainNames,
  key: 'ecdsa-p256',
  trust: 'bundle',
  roots: root.pem,
  now: NOW,
  ...changes,
});

/** The good pair with another leaf from the same intermediate. */
async function withLeaf(wanted: Wanted, changes: Partial<PairToVerify> = {}): Promise<PairToVerify> {
  const made = await make({ issuer: intermediate, ca: false, names: dns(...domainNames), ...wanted });
  return pair({ certificate: made.pem, privateKey: made.privateKey, ...changes });
}

/** The good pair below another intermediate. */
async function withIntermediate(wanted: Wanted): Promise<PairToVerify> {
  const made = await makeChain(domainNames, { intermediate: { issuer: root, ...wanted } });
  return pair({ certificate: made.leaf.pem, privateKey: made.leaf.privateKey, chain: made.intermediate.pem });
}

async function rejected(given: PairToVerify | Promise<PairToVerify>, why: string | RegExp): Promise<void> {
  const { privateKey, ...rest } = await given;
  const { code, message } = await thrownBy(() => verifyPair({ privateKey, ...rest }), [privateKey]);
  expect(code).toBe('certificate-rejected');
  expect(message).toMatch(why);
  expect(message).toMatch(/^the CA's certificate is not published: /);
}

describe('a pair', () => {
  it('may go live when everything about it is right', () => {
    expect(() => verifyPair(pair())).not.toThrow();
    expect(() => verifyPair(pair({ domainNames: [...domainNames].reverse() }))).not.toThrow();
    expect(() => verifyPair(pair({ chain: intermediate.pem + root.pem }))).not.toThrow();
  });

  it('may be an RSA or P-384 pair', async () => {
    verifyPair(await withLeaf({ algorithm: RSA2048 }, { key: 'rsa-2048' }));
    verifyPair(await withLeaf({ algorithm: P384 }, { key: 'ecdsa-p384' }));
  });

  describe('is rejected for its leaf', () => {
    it('when the key is another one', async () =>
      rejected(pair({ privateKey: await generatePrivateKey('ecdsa-p256') }), 'not for the private key'));

    it('when the key is of another type', async () => {
      await rejected(pair({ key: 'ecdsa-p384' }), 'its key is ecdsa-p256, not ecdsa-p384');
      await rejected(
        withLeaf({ algorithm: { name: 'ECDSA', namedCurve: 'P-521' } }),
        'its key is of another type, not ecdsa-p256',
      );
    });

    it('when it is a CA certificate', () => rejected(withLeaf({ ca: true }), 'is a CA certificate'));

    it('when it is not for TLS servers', async () => {
      await rejected(withLeaf({ usages: [clientAuth] }), 'not for TLS servers');
      await rejected(withLeaf({ usages: undefined }), 'not for TLS servers');
      verifyPair(await withLeaf({ usages: [clientAuth, serverAuth] }));
    });

    it.each<[string, x509.JsonGeneralName[], string]>([
      ['too few', [...dns('leane.dev')], 'its names are leane.dev, not leane.dev, *.leane.dev'],
      ['too many', [...dns(...domainNames, 'evil.example')], 'evil.example'],
      ['others', [...dns('leane.dev', '*.other.dev')], 'other.dev'],
      ['repeated', [...dns('leane.dev', 'leane.dev')], 'its names are'],
      ['no', [], 'its names are none'],
      ['names of other kinds', [...dns(...domainNames), { type: 'ip', value: '192.0.2.1' }], '192.0.2.1'],
    ])('when it has %s names', (_what, names, why) => rejected(withLeaf({ names }), why));

    it('when it has expired, to the second', async () => {
      const given = await withLeaf({ notAfter: NOW });
      expect(() => verifyPair(given)).not.toThrow();
      await rejected({ ...given, now: NOW + 1 }, 'it expired at 2026-11-24T12:00:00.000Z');
    });

    it('when it is dated more than ten minutes ahead', async () => {
      verifyPair(await withLeaf({ notBefore: NOW + 10 * MINUTE }));
      await rejected(withLeaf({ notBefore: NOW + 10 * MINUTE + 1_000 }), 'not valid before 2026-11-24T12:10:01.000Z');
    });

    it('when it can not be read, is missing, or is more than one', async () => {
      await rejected(
        pair({ certificate: '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----' }),
        'the certificate can not be read',
      );
      await rejected(pair({ certificate: '' }), 'not exactly one certificate');
      await rejected(pair({ certificate: leaf.pem + intermediate.pem, chain: '' }), 'not exactly one certificate');
    });
  });

  describe('is rejected for its chain', () => {
    it('when a link is not signed by the next', async () => {
      const other = await make({ subject: 'Test Intermediate', issuer: root });
      await rejected(pair({ chain: other.pem }), "the chain's Test Intermediate has not signed the leaf");
      await rejected(pair({ chain: root.pem }), "the chain's Test Root has not signed the leaf");
      await rejected(pair({ chain: intermediate.pem + intermediate.pem }), 'has not signed Test Intermediate');
    });

    it('when it is in the wrong order', () =>
      rejected(pair({ chain: root.pem + intermediate.pem }), 'has not signed the leaf'));

    it('when an intermediate is no CA', async () => {
      await rejected(withIntermediate({ ca: false }), 'is no CA certificate');
      await rejected(withIntermediate({ keyUsages: x509.KeyUsageFlags.digitalSignature }), 'is no CA certificate');
      verifyPair(await withIntermediate({ keyUsages: x509.KeyUsageFlags.keyCertSign }));
    });

    it('when an intermediate is not in date', async () => {
      await rejected(withIntermediate({ notAfter: NOW - 1_000 }), /Test Intermediate is valid from \S+ to \S+ only/);
      await rejected(withIntermediate({ notBefore: NOW + 1_000 }), /Test Intermediate is valid from \S+ to \S+ only/);
    });

    it('when an intermediate is limited to other uses', async () => {
      await rejected(withIntermediate({ usages: [clientAuth] }), 'Test Intermediate is not for TLS servers');
      verifyPair(await withIntermediate({ usages: undefined }));
      verifyPair(await withIntermediate({ usages: ['2.5.29.37.0'] }));
    });

    it('when there are more intermediates than one of them allows', async () => {
      const upper = await make({ subject: 'Upper', issuer: root, pathLength: 0 });
      const lower = await make({ subject: 'Lower', issuer: upper, pathLength: 0 });
      const chain = lower.pem + upper.pem;
      const made = await make({ issuer: lower, ca: false, names: dns(...domainNames) });
      await rejected(
        pair({ certificate: made.pem, privateKey: made.privateKey, chain }),
        'Upper does not allow 1 intermediates',
      );
    });

    it('when it can not be read', () =>
      rejected(pair({ chain: '-----BEGIN CERTIFICATE-----' }), 'the chain can not be read'));
  });

  describe('ends in what the issuer’s trust says', () => {
    it('bundle: one of the issuer’s roots, among others', () => {
      expect(() => verifyPair(pair({ roots: intermediate.pem.trim() + root.pem }))).not.toThrow();
    });

    it('bundle: not a root of the same name', async () => {
      const impostor = await make({ subject: 'Test Root', usages: undefined });
      await rejected(
        pair({ roots: impostor.pem }),
        "ends in Test Intermediate, signed by Test Root, which is not a root of the issuer's caBundle",
      );
      await rejected(pair({ roots: '' }), 'either intermediates are missing or the issuer has the wrong trust');
    });

    it('bundle: not a root that has expired', async () => {
      const old = await make({ subject: 'Test Root', keys: root.keys, usages: undefined, notAfter: NOW - 1_000 });
      await rejected(pair({ roots: old.pem }), 'which is not a root');
      expect(() => verifyPair(pair({ roots: old.pem + root.pem }))).not.toThrow();
    });

    it('public: not a private root', () => rejected(pair({ trust: 'public' }), 'which is not a publicly trusted root'));

    it('none: nothing, but the links have to hold', async () => {
      expect(() => verifyPair(pair({ trust: 'none', roots: '' }))).not.toThrow();
      expect(() => verifyPair(pair({ trust: 'none', chain: '' }))).not.toThrow();
      await rejected(pair({ trust: 'none', chain: root.pem }), 'has not signed');
    });

    it('is missed when intermediates are missing', () =>
      rejected(pair({ chain: '' }), 'its chain ends in the leaf, signed by Test Intermediate'));

    it('is reached without intermediates when the root has signed the leaf', async () => {
      const made = await make({ issuer: root, ca: false, names: dns(...domainNames) });
      expect(() => verifyPair(pair({ certificate: made.pem, privateKey: made.privateKey, chain: '' }))).not.toThrow();
    });

    it('is reached on either side of a cross-signed root', async () => {
      const older = await make({ subject: 'Older Root', usages: undefined });
      const crossSigned = await make({ subject: 'Test Root', keys: root.keys, issuer: older });
      const chain = intermediate.pem + crossSigned.pem;
      for (const roots of [root.pem, older.pem]) expect(() => verifyPair(pair({ chain, roots }))).not.toThrow();
      await rejected(pair({ chain, roots: (await make({ subject: 'Older Root' })).pem }), 'signed by Older Root');
    });
  });
});
