import { createPrivateKey, createPublicKey, generateKeyPairSync, X509Certificate } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { splitChain } from '../../lambdas/acme/pem-chain.ts';
import { keyTypeOf } from '../../lambdas/acme/private-key.ts';
import { DAY } from '../../lambdas/core/duration.ts';
import { KEY_TYPES } from '../../lambdas/core/key-type.ts';
import { live } from '../sandbox/inspect.ts';
import { type Sandbox, startSandbox } from '../sandbox/sandbox.ts';
import { EXECUTIONS } from './executions.ts';

describe.each(EXECUTIONS)('keys and chains, %s', (execution) => {
  let sandbox: Sandbox;

  beforeAll(async () => {
    sandbox = await startSandbox({ zones: ['leane.dev'], execution });
    await sandbox.deployIssuer();
  });

  afterAll(async () => {
    expect(sandbox.bugs()).toEqual([]);
    await sandbox.stop();
  });

  const issue = (certificate: string, more: object = {}) =>
    sandbox.renew({
      certificate,
      spec: { domainNames: [`${certificate}.leane.dev`], issuer: 'sandbox', ...more },
      force: true,
    });
  const publicKey = (pem: string) => String(createPublicKey(pem).export({ type: 'spki', format: 'pem' }));

  it.each(KEY_TYPES)('a key of type %s is made, certified, and imported into ACM', async (key) => {
    await issue(key, { key, acm: ['eu-central-1'] });
    const { certificate, privateKey } = live(sandbox, key);
    expect(keyTypeOf(privateKey)).toBe(key);
    expect(new X509Certificate(certificate).checkPrivateKey(createPrivateKey(privateKey))).toBe(true);
  });

  it('a key is kept with reuseKey, and not without', async () => {
    await issue('kept', { reuseKey: true });
    const first = live(sandbox, 'kept').privateKey;
    await issue('kept', { reuseKey: true });
    expect(live(sandbox, 'kept').privateKey).toBe(first);
    await issue('kept');
    expect(live(sandbox, 'kept').privateKey).not.toBe(first);
  });

  it('a kept key of another type than the spec’s is replaced', async () => {
    await issue('changed', { reuseKey: true });
    await issue('changed', { reuseKey: true, key: 'rsa-2048' });
    expect(keyTypeOf(live(sandbox, 'changed').privateKey)).toBe('rsa-2048');
  });

  it.each([
    ['PKCS#1', generateKeyPairSync('rsa', { modulusLength: 2_048 }).privateKey, 'pkcs1', 'RSA PRIVATE KEY', 'legacy'],
    ['SEC1', generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey, 'sec1', 'EC PRIVATE KEY', 'prod-tls'],
  ] as const)(
    'an adopted key in %s is kept, and stays in that encoding for whoever reads it',
    async (_name, key, type, label, id) => {
      const pem = String(key.export({ type: type as 'pkcs1', format: 'pem' }));
      const names = [`${id}.leane.dev`];
      const chain = await sandbox.ca.issue({ names, publicKey: createPublicKey(key) });
      const value = JSON.stringify({ 'tls.crt': chain, 'tls.key': pem });
      await sandbox.secretsManager.create(id, value, { 'evercert:renewer': 'evercert' });
      await sandbox.clock.advance(61 * DAY);
      const wanted = { domainNames: names, issuer: 'sandbox', reuseKey: true, key: keyTypeOf(pem) };
      expect(await sandbox.renew({ certificate: id, spec: wanted })).toMatchObject({ decision: 'renewed' });
      const renewed = live(sandbox, id, '') as unknown as Record<string, string>;
      expect(renewed['privateKey']).toContain('BEGIN PRIVATE KEY');
      expect(renewed['tls.key']).toContain(`BEGIN ${label}`);
      for (const field of ['privateKey', 'tls.key']) expect(publicKey(renewed[field] ?? '')).toBe(publicKey(pem));
      expect(renewed['tls.crt']).not.toBe(chain);
    },
  );

  const CURVE = '-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n';
  const GROUP = '-----BEGIN DH PARAMETERS-----\nMAYCAQsCAQI=\n-----END DH PARAMETERS-----\n';
  const adopted = async (name: string) => {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const chain = await sandbox.ca.issue({ names: [`${name}.leane.dev`], publicKey });
    return { chain, key: CURVE + privateKey.export({ type: 'sec1', format: 'pem' }) };
  };
  const adopt = (name: string, value: string) =>
    sandbox.secretsManager.create(`evercert/${name}`, value, { 'evercert:renewer': 'evercert' });
  const renewAgain = async (name: string) => {
    await sandbox.clock.advance(61 * DAY);
    const spec = { domainNames: [`${name}.leane.dev`], issuer: 'sandbox' };
    expect(await sandbox.renew({ certificate: name, spec })).toMatchObject({ decision: 'renewed' });
  };
  const certificatesIn = (text = '') => [
    ...text.matchAll(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----\n/g),
  ];

  it('an adopted pair with EC and DH PARAMETERS is new in every field, renewal after renewal', async () => {
    const { chain, key } = await adopted('fields');
    const fields = {
      'tls.crt': chain,
      'tls.key': key,
      crt: chain,
      key,
      cert: chain,
      privkey: key,
      haproxy: chain + key + GROUP,
    };
    await adopt('fields', JSON.stringify(fields));
    for (const _renewal of [1, 2, 3]) {
      const before = live(sandbox, 'fields');
      await renewAgain('fields');
      const renewed = live(sandbox, 'fields') as unknown as Record<string, string>;
      expect(renewed['certificate']).not.toBe(before.certificate);
      for (const field of ['tls.crt', 'crt', 'cert']) expect(renewed[field]).toBe(renewed['fullchain']);
      const sec1 = String(createPrivateKey(renewed['privateKey'] ?? '').export({ type: 'sec1', format: 'pem' }));
      for (const field of ['tls.key', 'key', 'privkey']) expect(renewed[field]).toBe(sec1);
      expect(renewed['haproxy']).toBe(renewed['fullchain'] + sec1 + GROUP);
    }
  });

  it('an adopted secret that is PEM with EC and DH PARAMETERS stays PEM, renewal after renewal', async () => {
    const { chain, key } = await adopted('pem');
    await adopt('pem', key + chain + GROUP);
    for (const _renewal of [1, 2]) {
      const before = sandbox.secretsManager.value('evercert/pem') ?? '';
      await renewAgain('pem');
      const text = sandbox.secretsManager.value('evercert/pem') ?? '';
      expect(text).toMatch(/^-----BEGIN EC PRIVATE KEY-----\n/);
      expect(text.endsWith(GROUP)).toBe(true);
      const [leaf = ''] = certificatesIn(text).map(String);
      expect(before).not.toContain(leaf);
      expect(new X509Certificate(leaf).checkPrivateKey(createPrivateKey(text))).toBe(true);
    }
  });

  describe('a key beside something unknown', () => {
    const putMixed = async (name: string) => {
      await issue(name);
      const { fullchain, privateKey } = live(sandbox, name);
      const fields = {
        'tls.crt': fullchain,
        'tls.key': `${privateKey}-----BEGIN X-----\nAAAA\n-----END X-----\n`,
      };
      sandbox.secretsManager.overwrite(`evercert/${name}`, JSON.stringify(fields));
      return fields;
    };

    it('is not renewed, and nothing is ordered', async () => {
      const fields = await putMixed('mixed');
      await sandbox.clock.advance(61 * DAY);
      const orders = sandbox.ca.orders.length;
      await expect(sandbox.renew({ certificate: 'mixed' })).rejects.toMatchObject({
        code: 'corrupt-secret',
        message: expect.stringContaining('its field "tls.key" holds the certificate or its key in one text'),
      });
      expect(sandbox.secretsManager.value('evercert/mixed')).toBe(JSON.stringify(fields));
      expect(sandbox.ca.orders).toHaveLength(orders);
    });

    it.each([
      ['has expired', 'expired', 91, {}],
      ['is revoked', 'revoked', 0, { revoke: { reason: 'keyCompromise' }, confirm: 'revoked' }],
    ])('stays there when the pair %s, and everything else is replaced', async (_when, name, days, more) => {
      const fields = await putMixed(name);
      await sandbox.clock.advance(days * DAY);
      expect(await sandbox.renew({ certificate: name, ...more })).toMatchObject({ decision: 'renewed' });
      const renewed = live(sandbox, name) as unknown as Record<string, string>;
      expect(renewed['tls.key']).toBe(fields['tls.key']);
      expect(renewed['tls.crt']).toBe(renewed['fullchain']);
      expect(renewed['tls.crt']).not.toBe(fields['tls.crt']);
    });
  });

  it.each([
    ['the default root', 0, 1],
    ['the root of an alternate', 1, 2],
  ])('the chain ends in %s when its name is preferred, as long as the CA makes it', async (_which, root, length) => {
    const { name = '' } = sandbox.ca.roots[root] ?? {};
    await issue('preferred', { preferredChain: name });
    const chain = splitChain(live(sandbox, 'preferred').chain);
    expect(chain).toHaveLength(length);
    expect(new X509Certificate(chain.at(-1) ?? '').issuer).toContain(`CN=${name}`);
  });

  it('a preferred root that no chain has leaves the default chain', async () => {
    await issue('unknown-root', { preferredChain: 'Sandbox Root X9' });
    expect(splitChain(live(sandbox, 'unknown-root').chain)).toHaveLength(1);
  });
});
