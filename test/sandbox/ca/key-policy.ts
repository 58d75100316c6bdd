import { createHash, type KeyObject } from 'node:crypto';

/**
 * Why a public key is not good enough for an account or a certificate, in Boulder's words (`goodkey/good_key.go`);
 * `undefined` when it is. Let's Encrypt takes RSA with 2048, 3072 or 4096 bits, P-256 and P-384.
 */
export function weaknessOf(key: KeyObject): string | undefined {
  const details = key.asymmetricKeyDetails;
  if (key.asymmetricKeyType === 'rsa') {
    if (details?.publicExponent !== 65_537n) return 'key exponent must be 65537';
    if (![2048, 3072, 4096].includes(details.modulusLength ?? 0)) {
      return `key size not supported: ${details.modulusLength}`;
    }
    return undefined;
  }
  if (key.asymmetricKeyType !== 'ec') return `unsupported key type ${key.asymmetricKeyType}`;
  if (details?.namedCurve === 'prime256v1' || details?.namedCurve === 'secp384r1') return undefined;
  return `ECDSA curve ${details?.namedCurve} not allowed`;
}

/** Identifies a public key: SHA-256 of its SubjectPublicKeyInfo, hex. */
export function digestOfKey(key: KeyObject): string {
  return createHash('sha256')
    .update(key.export({ type: 'spki', format: 'der' }))
    .digest('hex');
}
