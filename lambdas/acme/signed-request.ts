import { RenewalFailure } from '../core/failure.ts';
import { problemOfUrl, shownUrl } from './acme-url.ts';
import { expectSuccess } from './refusal.ts';
import { repeat, withFreshNonce } from './repeat.ts';
import { nonsense, type Resource, textField } from './resource.ts';
import type { AcmeSession } from './session.ts';
import type { Answer } from './transport.ts';

/**
 * Posts a signed request (RFC 8555, section 6.2), once unless its nonce is refused. `purpose` completes "the CA refused
 * to …". Throws what `expectSuccess` and the transport throw.
 */
export function post(session: AcmeSession, purpose: string, url: string, payload: object): Promise<Answer> {
  return sign(session, purpose, url, payload, { includeJwsKid: true, includeExternalAccountBinding: false });
}

/** Posts with the public key instead of the account's URL in the signature (section 6.2): for newAccount alone. */
export function postWithKey(
  session: AcmeSession,
  purpose: string,
  url: string,
  payload: object,
  options: { readonly bindExternalAccount: boolean },
): Promise<Answer> {
  const includeExternalAccountBinding = options.bindExternalAccount;
  return sign(session, purpose, url, payload, { includeJwsKid: false, includeExternalAccountBinding });
}

/** POST-as-GET (section 6.3), repeated when it fails for a reason that can pass. */
export function postAsGet(session: AcmeSession, purpose: string, url: string): Promise<Answer> {
  return repeat(session.clock, 'read', () => postAsGetOnce(session, purpose, url));
}

/** POST-as-GET for whoever repeats by itself. */
export function postAsGetOnce(session: AcmeSession, purpose: string, url: string): Promise<Answer> {
  return sign(session, purpose, url, null, { includeJwsKid: true, includeExternalAccountBinding: false });
}

/** A URL in a resource, to which a request may go. */
export function urlField(session: AcmeSession, resource: Resource, name: string): string {
  return expectUrl(session, resource, name, textField(resource, name));
}

export function expectUrl(
  session: AcmeSession,
  resource: Pick<Resource, 'kind' | 'url'>,
  name: string,
  url: unknown,
): string {
  if (typeof url !== 'string') throw nonsense(resource, `${name} is no URL`);
  const problem = problemOfUrl(url, session.connection);
  if (problem === undefined) return url;
  throw nonsense(resource, `${name} ${shownUrl(url)} ${problem}`);
}

async function sign(
  session: AcmeSession,
  purpose: string,
  url: string,
  payload: object | null,
  options: { readonly includeJwsKid: boolean; readonly includeExternalAccountBinding: boolean },
): Promise<Answer> {
  const { client, clock } = session;
  if (options.includeJwsKid && client.api.accountUrl === null) {
    throw new RenewalFailure('unexpected', `nothing can be signed to ${purpose} before the account is known`);
  }
  return withFreshNonce(clock, async () => {
    const answer = (await client.api.apiRequest(url, payload, [], options)) as Answer;
    return expectSuccess(answer, purpose, clock.now());
  });
}
