import { createHmac, timingSafeEqual } from 'node:crypto';
import { type AccountKey, readAccountKey } from './account-key.ts';
import { isBase64url, parseObject } from './jws.ts';
import { AcmeProblem } from './problem.ts';
import type { CaSettings } from './settings.ts';

/**
 * Verifies an external account binding (RFC 8555, section 7.3.4) and returns its key identifier, or `undefined` when
 * there is none. `outer` is what signed the newAccount request.
 */
export function verifyBinding(
  binding: unknown,
  outer: { readonly url: string; readonly key: AccountKey },
  settings: NonNullable<CaSettings['eab']> | undefined,
): string | undefined {
  if (binding === undefined || binding === null) {
    if (!settings?.required) return undefined;
    throw new AcmeProblem(
      'externalAccountRequired',
      "ACME server policy requires newAccount requests must include a value for the 'externalAccountBinding' field",
    );
  }
  const { protected: protectedText, payload, signature } = binding as Record<string, unknown>;
  if (!isBase64url(protectedText) || !isBase64url(payload) || !isBase64url(signature)) {
    throw malformed('failed to decode external account binding');
  }
  const header = parseObject(Buffer.from(protectedText, 'base64url').toString()) ?? {};
  if (header['alg'] !== 'HS256') throw malformed("the 'alg' field of the external account binding must be HS256");
  if (header['nonce'] !== undefined) throw malformed('external account binding must not carry a nonce');
  if (header['url'] !== outer.url) {
    throw malformed("the 'url' field of the external account binding must be that of the outer JWS");
  }
  const kid = header['kid'];
  const hmacKey = typeof kid === 'string' ? settings?.keys[kid] : undefined;
  if (typeof kid !== 'string' || hmacKey === undefined) {
    throw unauthorized("the field 'kid' references a key that is not known to the ACME server");
  }
  const expected = createHmac('sha256', Buffer.from(hmacKey, 'base64url'))
    .update(`${protectedText}.${payload}`)
    .digest();
  const actual = Buffer.from(signature, 'base64url');
  if (actual.length !== expected.length || !timingSafeEqual(actual, expected)) {
    throw unauthorized('external account binding JWS verification error');
  }
  const bound = readAccountKey(parseObject(Buffer.from(payload, 'base64url').toString()));
  if (bound.thumbprint !== outer.key.thumbprint) {
    throw malformed('the payload of the external account binding is not the account key');
  }
  return kid;
}

function malformed(detail: string): AcmeProblem {
  return new AcmeProblem('malformed', detail);
}

function unauthorized(detail: string): AcmeProblem {
  return new AcmeProblem('unauthorized', detail);
}
