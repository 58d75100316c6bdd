import { verify } from 'node:crypto';
import { type AccountKey, algorithmFor, SIGNATURE_ALGORITHMS } from './account-key.ts';
import { AcmeProblem } from './problem.ts';

/** A flattened JSON serialization (RFC 7515, section 7.2.2), not yet verified. */
export interface Jws {
  readonly header: ProtectedHeader;
  /** Decoded; empty for POST-as-GET (RFC 8555, section 6.3). */
  readonly payload: string;
  /** What the signature covers. */
  readonly signingInput: string;
  readonly signature: Buffer;
}

/** RFC 8555, section 6.2. Nothing in it is trusted before the signature is verified. */
export interface ProtectedHeader {
  readonly alg: string;
  readonly url: string | undefined;
  readonly nonce: string | undefined;
  readonly kid: string | undefined;
  readonly jwk: unknown;
}

const PREFIX = 'Unable to validate JWS :: ';

/** Throws `malformed` for everything that RFC 8555, section 6.2, forbids in a JWS, as `wfe2/verify.go` does. */
export function parseJws(text: string): Jws {
  const jws = parseObject(text);
  if (!jws) throw malformed('Parse error reading JWS');
  if (jws['header'] !== undefined) {
    throw malformed('JWS "header" field not allowed. All headers must be in "protected" field');
  }
  if (jws['signatures'] !== undefined) {
    throw malformed('JWS "signatures" field not allowed. Only the "signature" field should contain a signature');
  }
  const { protected: protectedText, payload, signature } = jws;
  if (!isBase64url(protectedText) || !isBase64url(payload) || !isBase64url(signature)) {
    throw malformed('Parse error reading JWS');
  }
  if (signature === '') throw malformed('POST JWS not signed');
  const header = parseObject(Buffer.from(protectedText, 'base64url').toString());
  if (!header || typeof header['alg'] !== 'string' || header['crit'] !== undefined) {
    throw malformed('Parse error reading JWS');
  }
  return {
    header: {
      alg: header['alg'],
      url: textOf(header['url']),
      nonce: textOf(header['nonce']),
      kid: textOf(header['kid']),
      jwk: header['jwk'],
    },
    payload: Buffer.from(payload, 'base64url').toString(),
    signingInput: `${protectedText}.${payload}`,
    signature: Buffer.from(signature, 'base64url'),
  };
}

/** Whether the request names its account (`kid`) or carries its key (`jwk`); both at once is `malformed`. */
export function signerOf(header: ProtectedHeader): 'kid' | 'jwk' | undefined {
  if (header.kid !== undefined && header.jwk !== undefined) {
    throw malformed('jwk and kid header fields are mutually exclusive');
  }
  if (header.kid !== undefined) return 'kid';
  return header.jwk === undefined ? undefined : 'jwk';
}

/** Throws unless the signature is by `key`, made with the one algorithm that fits it. */
export function verifyJws(jws: Jws, key: AccountKey, failure = `${PREFIX}JWS verification error`): void {
  const { alg } = jws.header;
  if (!(SIGNATURE_ALGORITHMS as readonly string[]).includes(alg)) {
    throw new AcmeProblem(
      'badSignatureAlgorithm',
      `${PREFIX}JWS signature header contains unsupported algorithm "${alg}", expected one of [${SIGNATURE_ALGORITHMS.join(' ')}]`,
      { algorithms: SIGNATURE_ALGORITHMS },
    );
  }
  const expected = algorithmFor(key.key);
  if (!expected) {
    throw new AcmeProblem(
      'badPublicKey',
      `${PREFIX}JWK contains unsupported key type (expected RSA, or ECDSA P-256 or P-384)`,
    );
  }
  if (alg !== expected) {
    throw malformed(`JWS signature header algorithm "${alg}" does not match expected algorithm "${expected}" for JWK`);
  }
  const signingKey = expected === 'RS256' ? key.key : { key: key.key, dsaEncoding: 'ieee-p1363' as const };
  const hash = expected === 'ES384' ? 'sha384' : 'sha256';
  if (!verify(hash, Buffer.from(jws.signingInput), signingKey, jws.signature)) {
    throw new AcmeProblem('malformed', failure);
  }
}

/** RFC 7515, section 2: no padding, no other alphabet. */
export function isBase64url(value: unknown): value is string {
  return typeof value === 'string' && /^[A-Za-z0-9_-]*$/.test(value);
}

/** The JSON object in `text`, if it is one. */
export function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function malformed(detail: string): AcmeProblem {
  return new AcmeProblem('malformed', PREFIX + detail);
}
