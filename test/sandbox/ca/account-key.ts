import { createHash, createPublicKey, type KeyObject } from 'node:crypto';
import { AcmeProblem } from './problem.ts';

/** Signature algorithms that this CA verifies. */
export const SIGNATURE_ALGORITHMS = ['ES256', 'ES384', 'RS256'] as const;
export type SignatureAlgorithm = (typeof SIGNATURE_ALGORITHMS)[number];

/** An account's public key, or any other key that signs a request. */
export interface AccountKey {
  /** The members that RFC 7638 requires, no others, in its order. */
  readonly jwk: Readonly<Record<string, string>>;
  readonly key: KeyObject;
  /** RFC 7638, SHA-256, base64url. */
  readonly thumbprint: string;
}

/** Reads a JWK from a protected header or a key change. Throws `malformed` for anything that is no public RSA or EC key. */
export function readAccountKey(value: unknown): AccountKey {
  const given = (typeof value === 'object' && value !== null ? value : {}) as Record<string, unknown>;
  const members = given['kty'] === 'RSA' ? ['e', 'kty', 'n'] : given['kty'] === 'EC' ? ['crv', 'kty', 'x', 'y'] : [];
  const jwk: Record<string, string> = {};
  for (const member of members) {
    const text = given[member];
    if (typeof text === 'string') jwk[member] = text;
  }
  // A private key in a header is a key that has just been given away; go-jose refuses it too.
  if (members.length === 0 || Object.keys(jwk).length < members.length || 'd' in given) throw invalidJwk();
  let key: KeyObject;
  try {
    key = createPublicKey({ key: jwk, format: 'jwk' });
  } catch {
    throw invalidJwk();
  }
  return { jwk, key, thumbprint: createHash('sha256').update(JSON.stringify(jwk)).digest('base64url') };
}

/** The one algorithm that fits the key; `undefined` for a key type that this CA doesn't know. */
export function algorithmFor(key: KeyObject): SignatureAlgorithm | undefined {
  if (key.asymmetricKeyType === 'rsa') return 'RS256';
  if (key.asymmetricKeyDetails?.namedCurve === 'prime256v1') return 'ES256';
  if (key.asymmetricKeyDetails?.namedCurve === 'secp384r1') return 'ES384';
  return undefined;
}

function invalidJwk(): AcmeProblem {
  return new AcmeProblem('malformed', 'Unable to validate JWS :: Invalid JWK in JWS header');
}
