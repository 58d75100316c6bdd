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
