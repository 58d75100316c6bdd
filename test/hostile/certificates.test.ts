import { beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ariIdOf } from '../../lambdas/acme/ari-id.ts';
import { keyMatches, readCertificate } from '../../lambdas/acme/certificate.ts';
import { readChain } from '../../lambdas/acme/chain.ts';
import { InvalidCertificate } from '../../lambdas/acme/pem-chain.ts';
import { toPkcs8 } from '../../lambdas/acme/private-key.ts';
import { verifyPair } from '../../lambdas/acme/verify.ts';
import { type Made, makeChain, NOW } from '../acme/hierarchy.ts';
import { NO_CERTIFICATES } from './corpus/certificates.ts';
import { damagedDer, derOf, pem } from './der-damage.ts';
import { runs } from './runs.ts';
import { kindOf, typedNow } from './typed.ts';

const NAMES = ['leane.dev', '*.leane.dev'];

describe('A hostile certificate', () => {
  let made: { readonly root: Made; readonly intermediate: Made; readonly leaf: Made };
  beforeAll(async () => {
    made = await makeChain(NAMES);
  });

  const verify = (certificate: string, chain: string, roots: string) =>
    typedNow(() =>
      verifyPair({
        certificate,
        chain,
        privateKey: made.leaf.privateKey,
        domainNames: NAMES,
        key: 'ecdsa-p256',
        trust: 'bundle',
        roots,
        now: NOW,
      }),
    );
  const answer = (data: string) => ({ url: 'https://ca.example/cert/1', status: 200, headers: {}, data });

  it('is refused as none, or shows facts that can be stored', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(made.leaf, made.intermediate).chain(({ pem: text }) => damagedDer(derOf(text))),
        (der) => {
          const facts = valueOrInvalid(() => readCertificate(pem(der)));
          if (!facts) return;
          expect(new Date(facts.notBefore).toISOString()).not.toBe('');
          expect(new Date(facts.notAfter).toISOString()).not.toBe('');
          expect(facts.serialNumber).toMatch(/^([0-9a-f]{2})+$/);
          expect(ariIdOf(pem(der)) ?? 'none.at-all').toMatch(/^[\w-]+\.[\w-]+$/);
          expect(typeof valueOrInvalid(() => keyMatches(pem(der), made.leaf.privateKey))).not.toBe('undefined');
        },
      ),
      runs(),
    );
  });

  it('never goes live when a single byte of it, or of what stands above it, has changed', () => {
    const { leaf, intermediate, root } = made;
    expect(kindOf(verify(leaf.pem, intermediate.pem, root.pem))).toBe('a value');
    const part = fc.constantFrom('leaf' as const, 'intermediate' as const, 'root' as const);
    const change = part.chain((which) => fc.tuple(fc.constant(which), damagedDer(derOf(made[which].pem))));
    fc.assert(
      fc.property(change, ([which, der]) => {
        const text = (each: 'leaf' | 'intermediate' | 'root') => (each === which ? pem(der) : made[each].pem);
        const outcome = verify(text('leaf'), text('intermediate'), text('root'));
        if ('failure' in outcome) return expect(outcome.failure.code).toBe('certificate-rejected');
        // What is behind its end, or a root's own signature, is nobody's business.
        expect(which === 'root' || der.subarray(0, derOf(made[which].pem).length).equals(derOf(made[which].pem))).toBe(
          true,
        );
      }),
      runs(0.5),
    );
  });

  it('of a CA in any order, number or damage is a chain or a typed error', () => {
    const { leaf, intermediate, root } = made;
    const block = fc.oneof(
      fc.constantFrom(leaf.pem, intermediate.pem, root.pem, leaf.privateKey, '\n', 'subject=/CN=x\n'),
      damagedDer(derOf(leaf.pem)).map((der) => pem(der)),
    );
    fc.assert(
      fc.property(fc.array(block, { maxLength: 14 }), (blocks) => {
        const outcome = typedNow(() => readChain(answer(blocks.join(''))), [leaf.privateKey]);
        if ('failure' in outcome) return expect(outcome.failure.code).toBe('ca-misbehaved');
        expect(outcome.value.certificate + outcome.value.chain).not.toContain('PRIVATE KEY');
      }),
      runs(0.5),
    );
  });

  it('in a chain of a thousand is not even parsed', () => {
    const outcome = typedNow(() => readChain(answer(made.leaf.pem.repeat(1_000))));
    expect('failure' in outcome && outcome.failure.message).toContain('a chain of 1000 certificates');
  });

  it('before its issuer’s issuer is rejected', () => {
    const { leaf, intermediate, root } = made;
    expect(kindOf(verify(leaf.pem, root.pem + intermediate.pem, root.pem))).toBe('certificate-rejected');
    expect(kindOf(verify(intermediate.pem, leaf.pem, root.pem))).toBe('certificate-rejected');
  });

  it.each(NO_CERTIFICATES)('is none: $what', ({ text }) => {
    expect(valueOrInvalid(() => readCertificate(text))).toBeUndefined();
    expect(kindOf(typedNow(() => readChain(answer(text))))).toBe('ca-misbehaved');
    expect(kindOf(verify(text, made.intermediate.pem, made.root.pem))).toBe('certificate-rejected');
    expect(kindOf(verify(made.leaf.pem, text, made.root.pem))).not.toBe('unexpected');
  });
});

describe('A hostile private key', () => {
  it('is refused without a word of it, or comes out as PKCS#8', async () => {
    const { leaf } = await makeChain(['leane.dev']);
    const label = fc.constantFrom(
      'PRIVATE KEY',
      'RSA PRIVATE KEY',
      'EC PRIVATE KEY',
      'ENCRYPTED PRIVATE KEY',
      'DSA PRIVATE KEY',
    );
    fc.assert(
      fc.property(damagedDer(derOf(leaf.privateKey)), label, (der, as) => {
        const text = pem(der, as);
        const outcome = typedNow(() => toPkcs8(text), [text, leaf.privateKey]);
        if ('failure' in outcome) expect(outcome.failure.code).toBe('invalid-input');
        else expect(outcome.value).toContain('-----BEGIN PRIVATE KEY-----');
      }),
      runs(),
    );
  });
});

function valueOrInvalid<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    expect(error).toBeInstanceOf(InvalidCertificate);
    return undefined;
  }
}
