import { RenewalFailure } from '../core/failure.ts';

/** What a CA's website gives out to bind an ACME account to an account there (RFC 8555, section 7.3.4). */
export interface ExternalAccountBinding {
  readonly kid: string;
  /** Base64 or base64url, with or without padding: CAs hand out all of them. */
  readonly hmacKey: string;
}

/**
 * The binding with its key in unpadded base64url. Throws `invalid-input` that names the field; its value is a secret and
 * is not told.
 */
export function parseExternalAccountBinding({ kid, hmacKey }: ExternalAccountBinding): ExternalAccountBinding {
  if (!/^[\x21-\x7e]+( [\x21-\x7e]+)*$/.test(kid.trim()))
    throw malformed('kid', 'must be the key ID that the CA shows');
  const text = hmacKey.trim().replace(/={0,2}$/, '');
  if (!/^[A-Za-z0-9+/_-]+$/.test(text) || text.length % 4 === 1) {
    throw malformed('hmacKey', 'must be the HMAC key that the CA shows, in base64 or base64url');
  }
  return { kid: kid.trim(), hmacKey: Buffer.from(text, 'base64').toString('base64url') };
}

function malformed(field: string, must: string): RenewalFailure {
  return new RenewalFailure('invalid-input', `external account binding: ${field} ${must}`);
}
