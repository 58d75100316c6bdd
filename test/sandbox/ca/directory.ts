import { randomBytes } from 'node:crypto';
import { type Authority, type CaAnswer, type CaRequest, jsonAnswer } from './authority.ts';

/** RFC 8555, section 7.1.1; RFC 9773, section 4.1 (`renewalInfo`); draft-ietf-acme-profiles (`meta.profiles`). */
export function directory(authority: Authority): CaAnswer {
  const { urls, settings } = authority;
  const profiles = Object.entries(settings.profiles);
  return jsonAnswer(200, {
    newNonce: urls.newNonce,
    newAccount: urls.newAccount,
    newOrder: urls.newOrder,
    revokeCert: urls.revokeCert,
    keyChange: urls.keyChange,
    ...(settings.renewalInfo && { renewalInfo: urls.renewalInfo }),
    // As Let's Encrypt does, so that no client relies on a fixed set of keys, or takes every value for an endpoint.
    [randomBytes(8).toString('base64url')]:
      'https://community.letsencrypt.org/t/adding-random-entries-to-the-directory/33417',
    meta: {
      termsOfService: urls.termsOfService,
      website: 'https://sandbox.invalid/',
      caaIdentities: ['sandbox.invalid'],
      ...(settings.eab && { externalAccountRequired: settings.eab.required }),
      ...(profiles.length > 0 && {
        profiles: Object.fromEntries(profiles.map(([name, { description }]) => [name, description ?? name])),
      }),
    },
  });
}

/** RFC 8555, section 7.2: 200 for HEAD, 204 for GET. The server adds the nonce. */
export function newNonce(_authority: Authority, request: CaRequest): CaAnswer {
  return { status: request.method === 'GET' ? 204 : 200, headers: { 'Cache-Control': 'no-store' }, body: '' };
}
