import * as z from 'zod/mini';
import { RenewalFailure } from './failure.ts';
import { safeParse } from './input.ts';

const schema = z.object({ kid: z.string().check(z.minLength(1)), hmacKey: z.string().check(z.minLength(1)) });

/** What a CA's website gives out to bind an ACME account to an account there (RFC 8555, section 7.3.4). */
export interface ExternalAccountBinding {
  readonly kid: string;
  /** Unpadded base64url. */
  readonly hmacKey: string;
}

/**
 * The value of the secret that `externalAccountBinding` names; other fields in it are nobody's business here. The key may be
 * base64 or base64url, with or without padding: CAs hand out all of them.
 *
 * Throws `invalid-input` that names `what` and the field; the values are secret, and are not told.
 */
export function parseExternalAccountBinding(input: unknown, what: string): ExternalAccountBinding {
  const malformed = (must: string) => new RenewalFailure('invalid-input', `${what}${must}`);
  const result = safeParse(schema, input);
  if (!result?.success) throw malformed(' must be a JSON object with the strings kid and hmacKey');
  const kid = result.data.kid.trim();
  if (!/^[\x21-\x7e]+( [\x21-\x7e]+)*$/.test(kid)) throw malformed(': kid must be the key ID that the CA shows');
  const key = result.data.hmacKey.trim().replace(/={0,2}$/, '');
  if (!/^[A-Za-z0-9+/_-]+$/.test(key) || key.length % 4 === 1) {
    throw malformed(': hmacKey must be the HMAC key that the CA shows, in base64 or base64url');
  }
  return { kid, hmacKey: Buffer.from(key, 'base64').toString('base64url') };
}
