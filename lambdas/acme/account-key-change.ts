import AcmeClient from 'acme-client/src/client.js';
import { RenewalFailure } from '../core/failure.ts';
import { repeat } from './repeat.ts';
import { type AcmeSession, signingKey } from './session.ts';
import { post } from './signed-request.ts';

/**
 * Gives the session's account another key (RFC 8555, section 7.3.5). The session keeps signing with the old one, and is of
 * no use afterwards.
 *
 * After a lost answer the request is sent again, and refused when the first one had succeeded: whoever is refused asks
 * whether the new key has the account (`findAccount`). Throws `ca-refused` when the CA offers no key change.
 */
export async function changeAccountKey(session: AcmeSession, newAccountKey: string): Promise<void> {
  const { keyChange } = await session.directory();
  const { home } = session.connection;
  if (keyChange === undefined) {
    throw new RenewalFailure(
      'ca-refused',
      `${new URL(home).host} offers no change of account keys: take keyRollover out of the issuer's settings`,
      { retry: 'never' },
    );
  }
  const { http, api } = session.client;
  const { http: next } = new AcmeClient({
    directoryUrl: home,
    accountKey: signingKey(newAccountKey),
    accountUrl: null,
  });
  const inner = next.createSignedBody(keyChange, { account: api.accountUrl, oldKey: http.getJwk() });
  await repeat(session.clock, 'write', () => post(session, "change the account's key", keyChange, inner));
}
