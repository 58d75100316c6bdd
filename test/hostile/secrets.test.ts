import { beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { isSameKey } from '../../lambdas/acme/private-key.ts';
import { signingKey } from '../../lambdas/acme/session.ts';
import { parseExternalAccountBinding } from '../../lambdas/core/external-account-binding.ts';
import { jsonObjectIn } from '../../lambdas/core/json-text.ts';
import { parseSecretValue, renewedValue } from '../../lambdas/core/secret-value.ts';
import { parseSettings } from '../../lambdas/core/settings.ts';
import { livePair, readManagedCertificate } from '../../lambdas/renewal/certificate/managed-certificate.ts';
import { parseAccountKey } from '../../lambdas/renewal/issuer/account-key.ts';
import { makeChain } from '../acme/hierarchy.ts';
import { MemoryVault } from '../fakes/memory-vault.ts';
import { HOSTILE_SECRETS } from './corpus/secrets.ts';
import { damaged, hostileJson, hostileText } from './hostile-json.ts';
import { runs } from './runs.ts';
import { kindOf, typed, typedNow } from './typed.ts';

const EAB = { kid: 'kid-1', hmacKey: 'c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0' };

describe('A hostile secret', () => {
  let pair: Readonly<Record<string, unknown>>;
  let privateKey: string;
  let value: fc.Arbitrary<string>;
  beforeAll(async () => {
    const { leaf, intermediate } = await makeChain(['leane.dev']);
    privateKey = leaf.privateKey;
    pair = {
      certificate: leaf.pem,
      chain: intermediate.pem,
      fullchain: leaf.pem + intermediate.pem,
      privateKey,
      'tls.key': privateKey,
      domainNames: ['leane.dev'],
      issued: { directoryUrl: 'https://ca.example/directory', accountUrl: 'https://ca.example/acct/1', profile: 'p' },
    };
    value = fc.oneof(
      damaged(pair).map((json) => JSON.stringify(json) ?? ''),
      fc
        .array(fc.constantFrom(leaf.pem, intermediate.pem, privateKey, '{"', '-----BEGIN '), { maxLength: 4 })
        .map((parts) => parts.join('')),
      hostileText,
      hostileJson.map((json) => JSON.stringify(json)),
    );
  });

  it('is a pair, none or broken, and what is renewed from it holds the new pair', () => {
    const next = {
      certificate: 'NEW CERTIFICATE',
      chain: 'NEW CHAIN',
      privateKey: 'NEW KEY',
      domainNames: ['leane.dev'],
      issued: {
        notBefore: '',
        notAfter: '',
        serialNumber: '',
        fingerprint256: '',
        issuer: '',
        directoryUrl: '',
        accountUrl: '',
      },
    };
    fc.assert(
      fc.property(value, (text) => {
        expect(['pair', 'none', 'broken']).toContain(parseSecretValue(text).kind);
        expect(['pair', 'none', 'broken']).toContain(livePair(text, []).kind);
        const renewed = renewedValue(next, text, () => 'NEW KEY', isSameKey);
        expect(renewed).toContain('NEW CERTIFICATE');
        expect(renewed).toContain('NEW KEY');
      }),
      runs(),
    );
  });

  it('is managed or refused, as pair and as spec, and no error holds a word of its key', async () => {
    const property = fc.asyncProperty(value, fc.option(value), async (live, spec) => {
      const vault = new MemoryVault();
      await vault.create({ name: 'evercert/a', description: '', value: live, token: 'a'.repeat(32), tags: {} });
      if (spec !== null) await vault.put({ id: 'evercert/a', value: spec, token: 'b'.repeat(32), stage: 'ACME_SPEC' });
      await vault.put({ id: 'evercert/a', value: live, token: 'c'.repeat(32), stage: 'ACME_REVOKED' });
      const secret = await vault.describe('evercert/a');
      for (const stages of [secret?.stages, { ...secret?.stages, ACME_REVOKED: undefined }]) {
        const known = Object.fromEntries(Object.entries(stages ?? {}).filter(([, version]) => version !== undefined));
        const described = { ...secret, stages: known } as NonNullable<typeof secret>;
        const outcome = await typed(() => readManagedCertificate(described, vault, parseSettings({})), [privateKey]);
        if ('failure' in outcome) expect(['corrupt-secret', 'invalid-input']).toContain(outcome.failure.code);
      }
    });
    await fc.assert(property, runs());
  });

  it('with an external account binding is refused without its values', () => {
    fc.assert(
      fc.property(fc.oneof(damaged(EAB), hostileJson), (input) => {
        const json = jsonObjectIn(JSON.stringify(input));
        const outcome = typedNow(() => parseExternalAccountBinding(json, 'the secret eab'), [EAB.hmacKey]);
        if ('failure' in outcome) expect(outcome.failure.code).toBe('invalid-input');
        else expect(outcome.value.hmacKey).toMatch(/^[A-Za-z0-9_-]+$/);
      }),
      runs(),
    );
  });

  it('with an account key is one that can sign, or refused', () => {
    fc.assert(
      fc.property(damaged({ accountKey: privateKey, keyRollover: 'x' }), (input) => {
        const key = parseAccountKey(JSON.stringify(input));
        if (key)
          expect(['a value', 'invalid-input']).toContain(
            kindOf(typedNow(() => signingKey(key.accountKey), [privateKey])),
          );
      }),
      runs(),
    );
  });

  it.each(HOSTILE_SECRETS)('that is $what', ({ text, kind }) => {
    expect(livePair(text, []).kind).toBe(kind);
  });

  it.each(['secp256k1', 'brainpoolP256r1', 'secp224r1'])('with an account key on %s is refused', async (namedCurve) => {
    const { generateKeyPairSync } = await import('node:crypto');
    const key = generateKeyPairSync('ec', { namedCurve }).privateKey.export({ type: 'pkcs8', format: 'pem' });
    expect(kindOf(typedNow(() => signingKey(String(key)), [String(key)]))).toBe('invalid-input');
  });
});
