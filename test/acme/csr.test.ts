import { describe, expect, it } from '@jest/globals';
import * as x509 from '@peculiar/x509';
import { createCsr } from '../../lambdas/acme/csr.ts';
import { generatePrivateKey, keyTypeOf } from '../../lambdas/acme/private-key.ts';
import { KEY_TYPES } from '../../lambdas/core/key-type.ts';

describe('a certificate signing request', () => {
  it.each(KEY_TYPES)('is for exactly the names, without a common name, signed by a key of type %s', async (type) => {
    const domainNames: readonly string[] = Object.freeze([
      'leane.dev',
      '*.leane.dev',
      `${'x'.repeat(63)}.${'y'.repeat(63)}.dev`,
    ]);
    const pem = await createCsr(await generatePrivateKey(type), domainNames);
    const request = new x509.Pkcs10CertificateRequest(pem.toString());
    expect(request.subject).toBe('');
    const { names } = new x509.SubjectAlternativeNameExtension(
      request.getExtension('2.5.29.17')?.rawData ?? new Uint8Array(),
    );
    expect(names.toJSON()).toEqual(domainNames.map((value) => ({ type: 'dns', value })));
    expect(await request.verify()).toBe(true);
    expect(keyTypeOf(request.publicKey.toString('pem'))).toBe(type);
  });
});
