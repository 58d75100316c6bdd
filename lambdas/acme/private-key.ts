import { createHash, createPrivateKey, createPublicKey, generateKeyPair, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import { RenewalFailure } from '../core/failure.ts';
import type { KeyType } from '../core/key-type.ts';

/** OpenSSL's names of the curves. */
const CURVES = { 'ecdsa-p256': 'prime256v1', 'ecdsa-p384': 'secp384r1' } as const;
const MODULUS_LENGTHS = { 'rsa-2048': 2048, 'rsa-3072': 3072, 'rsa-4096': 4096 } as const;

const generate = promisify(generateKeyPair);

/** A new private key, PKCS#8 PEM. */
export async function generatePrivateKey(type: KeyType): Promise<string> {
  const { privateKey } = isRsa(type)
    ? await generate('rsa', { modulusLength: MODULUS_LENGTHS[type] })
    : await generate('ec', { namedCurve: CURVES[type] });
  return pkcs8(privateKey);
}

/**
 * A private key as PKCS#8 PEM, from PKCS#8, PKCS#1 or SEC1 PEM. Throws `invalid-input`, which begins with `what`, for
 * an encrypted key, a public key, and what is no key; never with any of it in the message.
 */
export function toPkcs8(pem: string, what = 'the private key'): string {
  if (/-----BEGIN ENCRYPTED |^Proc-Type: *4,ENCRYPTED/m.test(pem)) {
    throw new RenewalFailure(
      'invalid-input',
      `${what} is encrypted: decrypt it first, for example with "openssl pkey"`,
    );
  }
  const key = parsePrivateKey(pem);
  if (key) return pkcs8(key);
  throw new RenewalFailure('invalid-input', `${what} is no private key in PEM (PKCS#8, PKCS#1 or SEC1)`);
}

/** A private key under a PEM label: PKCS#1 and SEC1 where the label names them and the key is of that kind, else PKCS#8. */
export function encodePrivateKey(pem: string, label: string): string {
  const key = createPrivateKey(pem);
  if (label === 'RSA PRIVATE KEY' && key.asymmetricKeyType === 'rsa')
    return String(key.export({ type: 'pkcs1', format: 'pem' }));
  if (label === 'EC PRIVATE KEY' && key.asymmetricKeyType === 'ec')
    return String(key.export({ type: 'sec1', format: 'pem' }));
  return pkcs8(key);
}

/** The type of a private key, a public key or a certificate in PEM; `undefined` for other types and for what is none. */
export function keyTypeOf(pem: string): KeyType | undefined {
  try {
    return keyTypeOfKey(createPublicKey(pem));
  } catch {
    return undefined;
  }
}

/**
 * Identifies a key by its public part: SHA-256 of SubjectPublicKeyInfo, hex. From a private key, a public key or a
 * certificate in PEM; `undefined` for what is none.
 */
export function keyDigestOf(pem: string): string | undefined {
  try {
    const der = createPublicKey(pem).export({ type: 'spki', format: 'der' });
    return createHash('sha256').update(der).digest('hex');
  } catch {
    return undefined;
  }
}

/** Whether two private keys in PEM are one, in whatever encoding each is; `false` where one of them can't be read. */
export function isSameKey(one: string, other: string): boolean {
  const digest = keyDigestOf(one);
  return digest !== undefined && digest === keyDigestOf(other);
}

export function keyTypeOfKey({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): KeyType | undefined {
  const named = <Type extends KeyType>(types: Readonly<Record<Type, unknown>>, value: unknown) =>
    (Object.keys(types) as Type[]).find((type) => types[type] === value);
  if (asymmetricKeyType === 'ec') return named(CURVES, asymmetricKeyDetails?.namedCurve);
  if (asymmetricKeyType === 'rsa') return named(MODULUS_LENGTHS, asymmetricKeyDetails?.modulusLength);
  return undefined;
}

/** OpenSSL's errors are not passed on: nobody has promised that they quote nothing. */
export function parsePrivateKey(pem: string): KeyObject | undefined {
  try {
    return createPrivateKey(pem);
  } catch {
    return undefined;
  }
}

function isRsa(type: KeyType): type is keyof typeof MODULUS_LENGTHS {
  return type in MODULUS_LENGTHS;
}

function pkcs8(key: KeyObject): string {
  return String(key.export({ type: 'pkcs8', format: 'pem' }));
}
