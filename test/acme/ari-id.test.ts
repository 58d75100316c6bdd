import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ariIdOf } from '../../lambdas/acme/ari-id.ts';
import { certId } from '../sandbox/ca/cert-id.ts';
import { make, makeChain } from './hierarchy.ts';

/** RFC 9773, appendix A. */
const EXAMPLE = `-----BEGIN CERTIFICATE-----
MIIBQzCB66ADAgECAgUAh2VDITAKBggqhkjOPQQDAjAVMRMwEQYDVQQDEwpFeGFt
cGxlIENBMCIYDzAwMDEwMTAxMDAwMDAwWhgPMDAwMTAxMDEwMDAwMDBaMBYxFDAS
BgNVBAMTC2V4YW1wbGUuY29tMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEeBZu
7cbpAYNXZLbbh8rNIzuOoqOOtmxA1v7cRm//AwyMwWxyHz4zfwmBhcSrf47NUAFf
qzLQ2PPQxdTXREYEnKMjMCEwHwYDVR0jBBgwFoAUaYhba4dGQEHhs3uEe6CuLN4B
yNQwCgYIKoZIzj0EAwIDRwAwRAIge09+S5TZAlw5tgtiVvuERV6cT4mfutXIlwTb
+FYN/8oCIClDsqBklhB9KAelFiYt9+6FDj3z4KGVelYM5MdsO3pK
-----END CERTIFICATE-----
`;

describe('the identifier of a certificate', () => {
  it('is the one that RFC 9773 gives for its example, with the zero byte', () => {
    expect(ariIdOf(EXAMPLE)).toBe('aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE');
  });

  it('has the serial number’s DER contents, whatever it is', async () => {
    const { intermediate } = await makeChain(['leane.dev']);
    await fc.assert(
      fc.asyncProperty(fc.bigInt({ min: 1n, max: 2n ** 159n - 1n }), async (serial) => {
        const hex = serial.toString(16);
        const { pem } = await make({
          issuer: intermediate,
          serialNumber: hex.padStart(hex.length + (hex.length % 2), '0'),
        });
        const contents = Buffer.from(ariIdOf(pem)?.split('.')[1] ?? '', 'base64url');
        expect(BigInt(`0x${contents.toString('hex')}`)).toBe(serial);
        expect(contents.readUInt8(0)).toBeLessThan(0x80);
        expect(ariIdOf(pem)).toBe(certId(pem));
      }),
      { numRuns: 25 },
    );
  });

  it('does not exist without an authority key identifier, nor for what is no certificate', async () => {
    const selfSigned = await make({ subject: 'Self' });
    expect(ariIdOf(selfSigned.pem)).toBeUndefined();
    expect(ariIdOf('no certificate')).toBeUndefined();
  });
});
