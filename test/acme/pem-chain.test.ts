import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { InvalidCertificate, splitChain } from '../../lambdas/acme/pem-chain.ts';
import { makeChain } from './hierarchy.ts';

describe('the chain in a text', () => {
  it('comes apart into what it was put together from, whatever stands between', async () => {
    const { leaf, intermediate, root } = await makeChain(['leane.dev']);
    const all = [leaf, intermediate, root].map(({ pem }) => splitChain(pem)[0] ?? '');
    const filler = fc.stringMatching(/^[\w =:,\r\n]{0,40}$/);
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.constantFrom(...all), filler), { maxLength: 5 }),
        fc.boolean(),
        (parts, windows) => {
          const text = parts
            .map(([pem, between]) => `${between}${windows ? pem.replaceAll('\n', '\r\n') : pem}`)
            .join('');
          expect(splitChain(text)).toEqual(parts.map(([pem]) => pem));
          expect(splitChain(splitChain(text).join(''))).toEqual(splitChain(text));
        },
      ),
    );
  });

  it('throws nothing but InvalidCertificate, whatever the text is', () => {
    const body = fc.oneof(fc.base64String(), fc.string());
    const text = fc.array(
      fc.oneof(body, fc.constantFrom('-----BEGIN CERTIFICATE-----', '-----END CERTIFICATE-----', '\n')),
    );
    fc.assert(
      fc.property(text, (parts) => {
        try {
          splitChain(parts.join(''));
        } catch (error) {
          expect(error).toBeInstanceOf(InvalidCertificate);
        }
      }),
    );
  });
});
