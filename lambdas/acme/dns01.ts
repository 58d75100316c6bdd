import { createHash } from 'node:crypto';
import { baseName, CHALLENGE_LABEL } from '../core/domain-name.ts';
import type { AcmeSession } from './session.ts';

/** The TXT record that answers for a name; a wildcard's is its base name's. RFC 8555, section 8.4. */
export function recordName(domainName: string): string {
  return `${CHALLENGE_LABEL}.${baseName(domainName)}`;
}

/** What the TXT record has to hold: the digest of the key authorization (sections 8.1 and 8.4), unquoted. */
export function recordValue(session: AcmeSession, token: string): string {
  const thumbprint = sha256(JSON.stringify(session.client.http.getJwk()));
  return sha256(`${token}.${thumbprint}`);
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('base64url');
}
