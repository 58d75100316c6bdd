import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { expectProblem } from './expect-problem.ts';
import { createRawClient, ecKey } from './raw-client.ts';
import { placeOrder, START, withCa } from './with-ca.ts';

describe('the directory', () => {
  it('names the resources, the terms and one key that no client knows', () =>
    withCa({}, async ({ urls }) => {
      const { meta, ...resources } = urls as Record<string, unknown>;
      const known = ['keyChange', 'newAccount', 'newNonce', 'newOrder', 'renewalInfo', 'revokeCert'];
      expect(Object.keys(resources)).toEqual(expect.arrayContaining(known));
      expect(Object.keys(resources)).toHaveLength(known.length + 1);
      expect(meta).toMatchObject({ termsOfService: expect.stringContaining('https://localhost:') });
      expect(meta).not.toHaveProperty('profiles');
      expect(meta).not.toHaveProperty('externalAccountRequired');
    }));

  it('names profiles and the external account where there are such', () =>
    withCa(
      {
        profiles: { shortlived: { lifetimeMilliseconds: 1_000, maxNames: 25 } },
        eab: { required: true, keys: {} },
        renewalInfo: false,
      },
      async ({ urls }) => {
        expect(urls['meta']).toMatchObject({ profiles: { shortlived: 'shortlived' }, externalAccountRequired: true });
        expect(urls).not.toHaveProperty('renewalInfo');
      },
    ));

  it('can be read with POST-as-GET too, and carries no index link', () =>
    withCa({}, async ({ ca, client }) => {
      const answer = await client.post(ca.directoryUrl);
      expect(answer.status).toBe(200);
      expect(answer.headers.link).toBeUndefined();
    }));
});

describe('newNonce', () => {
  it('answers 200 to HEAD and 204 to GET, each with a nonce that must not be stored', () =>
    withCa({}, async ({ urls, client }) => {
      const head = await client.get(urls['newNonce'] ?? '', 'HEAD');
      const get = await client.get(urls['newNonce'] ?? '');
      expect([head.status, get.status]).toEqual([200, 204]);
      expect(head.headers).toMatchObject({ 'cache-control': 'no-store', 'replay-nonce': expect.any(String) });
      expect(get.headers['replay-nonce']).not.toBe(head.headers['replay-nonce']);
    }));
});

describe('a signed request', () => {
  it('gets a fresh nonce and the index link with every answer, refusals included', () =>
    withCa({}, async (underTest) => {
      const good = await placeOrder(underTest, ['example.net']);
      const refused = await placeOrder(underTest, []);
      for (const { headers } of [good, refused]) {
        expect(headers['replay-nonce']).toEqual(expect.any(String));
        expect(headers.link).toContain(`<${underTest.ca.directoryUrl}>;rel="index"`);
      }
      expect(good.headers['replay-nonce']).not.toBe(refused.headers['replay-nonce']);
    }));

  it('is refused with badNonce when its nonce was used before, and works with the nonce of that answer', () =>
    withCa({}, async ({ client }) => {
      const nonce = await client.nonce();
      expect((await client.post(client.kid ?? '', undefined, { header: { nonce } })).status).toBe(200);
      const again = await client.post(client.kid ?? '', undefined, { header: { nonce } });
      expectProblem(again, 400, 'badNonce', 'JWS has an invalid anti-replay nonce');
      const fresh = again.headers['replay-nonce'];
      expect((await client.post(client.kid ?? '', undefined, { header: { nonce: fresh } })).status).toBe(200);
    }));

  it('is refused with badNonce without a nonce, and with one that the CA never gave', () =>
    withCa({}, async ({ client }) => {
      for (const nonce of [undefined, 'AAAA']) {
        const answer = await client.post(client.kid ?? '', undefined, { header: { nonce } });
        expectProblem(answer, 400, 'badNonce', '');
      }
    }));

  it('is refused with badNonce as often as the settings say', () =>
    withCa({ nonceRejection: 0.5, random: () => 0.7 }, async ({ client, ca }) => {
      expect((await client.post(client.kid ?? '')).status).toBe(200);
      ca.settings.random = () => 0.4;
      expectProblem(await client.post(client.kid ?? ''), 400, 'badNonce', '');
    }));

  it('must be signed for the URL that it goes to', () =>
    withCa({}, async ({ client, urls }) => {
      const elsewhere = await client.post(client.kid ?? '', undefined, { header: { url: urls['newOrder'] } });
      expectProblem(elsewhere, 400, 'malformed', "'url' incorrect");
      const nowhere = await client.post(client.kid ?? '', undefined, { header: { url: undefined } });
      expectProblem(nowhere, 400, 'malformed', "'url' required");
    }));

  it('must be application/jose+json', () =>
    withCa({}, async ({ client }) => {
      const answer = await client.post(client.kid ?? '', undefined, {
        headers: { 'Content-Type': 'application/json' },
      });
      expectProblem(answer, 415, 'malformed', 'Content-Type must be "application/jose+json"');
      expect(answer.headers['replay-nonce']).toEqual(expect.any(String));
    }));

  it('must not carry a Replay-Nonce header', () =>
    withCa({}, async ({ client }) => {
      const answer = await client.post(client.kid ?? '', undefined, { headers: { 'Replay-Nonce': 'x' } });
      expectProblem(answer, 400, 'malformed', 'Replay-Nonce header');
    }));

  it('must name its account or carry its key, as the resource wants it, and not both', () =>
    withCa({}, async ({ client, urls }) => {
      const { kid = '', jwk } = client;
      const both = await client.post(kid, undefined, { header: { jwk } });
      expectProblem(both, 400, 'malformed', 'mutually exclusive');
      const keyOnly = await client.post(kid, undefined, { header: { jwk, kid: undefined } });
      expectProblem(keyOnly, 400, 'malformed', 'No Key ID in JWS header');
      const accountOnly = await client.post(urls['newAccount'] ?? '', {});
      expectProblem(accountOnly, 400, 'malformed', 'No embedded JWK in JWS header');
      const neither = await client.post(urls['revokeCert'] ?? '', {}, { header: { kid: undefined } });
      expectProblem(neither, 400, 'malformed', 'no KeyID or embedded JWK');
    }));

  it('must name an account that exists, by its URL at this CA', () =>
    withCa({}, async ({ client }) => {
      const { kid = '' } = client;
      const unknown = await client.post(kid, undefined, { header: { kid: `${kid}0` } });
      expectProblem(unknown, 400, 'accountDoesNotExist', 'not found');
      const foreign = await client.post(kid, undefined, { header: { kid: 'https://ca.example/acme/acct/1' } });
      expectProblem(foreign, 400, 'malformed', 'invalid account URL');
    }));

  it('is refused when another key signed it', () =>
    withCa({}, async ({ client }) => {
      const answer = await client.post(client.kid ?? '', undefined, { signWith: ecKey() });
      expectProblem(answer, 400, 'malformed', 'JWS verification error');
    }));

  it('may be signed with ES256, ES384 or RS256', () =>
    withCa({}, async ({ ca }) => {
      for (const key of [ecKey(), ecKey('P-384'), generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey]) {
        expect((await createRawClient(ca, key).register()).status).toBe(201);
      }
    }));

  it('is refused with the list of algorithms when it is signed with another one', () =>
    withCa({}, async ({ client }) => {
      const answer = await client.post(client.kid ?? '', undefined, { header: { alg: 'HS256' } });
      expectProblem(answer, 400, 'badSignatureAlgorithm', 'unsupported algorithm "HS256"');
      expect(answer.json.algorithms).toEqual(['ES256', 'ES384', 'RS256']);
    }));

  it('is refused when its algorithm does not fit its key', () =>
    withCa({}, async ({ client }) => {
      const answer = await client.post(client.kid ?? '', undefined, { header: { alg: 'ES384' } });
      expectProblem(answer, 400, 'malformed', 'does not match expected algorithm "ES256"');
    }));

  it('is refused when its JWS is no flattened serialization', () =>
    withCa({}, async ({ client }) => {
      const { kid = '' } = client;
      const cases: [Record<string, unknown>, string][] = [
        [{ header: { kid } }, 'JWS "header" field not allowed'],
        [{ signatures: [] }, 'JWS "signatures" field not allowed'],
        [{ signature: '' }, 'POST JWS not signed'],
        [{ signature: 'a+/=' }, 'Parse error reading JWS'],
        [{ payload: 17 }, 'Parse error reading JWS'],
        [{ protected: 'e30' }, 'Parse error reading JWS'],
      ];
      for (const [jws, detail] of cases) {
        expectProblem(await client.post(kid, undefined, { jws }), 400, 'malformed', detail);
      }
    }));

  it('is refused when its payload is no JSON object', () =>
    withCa({}, async ({ client }) => {
      for (const payload of ['no json', '[]']) {
        expectProblem(await client.post(client.kid ?? '', payload), 400, 'malformed', 'did not parse as JSON');
      }
    }));

  it('is refused when it is larger than 50,000 bytes', () =>
    withCa({}, async ({ client }) => {
      const answer = await client.post(client.kid ?? '', { contact: ['x'.repeat(50_000)] });
      expectProblem(answer, 403, 'unauthorized', 'request body too large');
    }));

  it('is refused when it carries a private key', () =>
    withCa({}, async ({ ca, urls }) => {
      const client = createRawClient(ca);
      const jwk = client.privateKey.export({ format: 'jwk' });
      const answer = await client.post(urls['newAccount'] ?? '', {}, { header: { jwk } });
      expectProblem(answer, 400, 'malformed', 'Invalid JWK in JWS header');
    }));

  it('is refused by a deactivated account', () =>
    withCa({}, async (underTest) => {
      const { client } = underTest;
      expect((await client.post(client.kid ?? '', { status: 'deactivated' })).json.status).toBe('deactivated');
      expectProblem(await placeOrder(underTest, ['example.net']), 403, 'unauthorized', 'has status "deactivated"');
    }));
});

describe('a resource', () => {
  it('cannot be read with GET', () =>
    withCa({}, async (underTest) => {
      const { client, urls } = underTest;
      const { headers, json } = await placeOrder(underTest, ['example.net']);
      const resources = [headers.location, json.authorizations[0], json.finalize, urls['newOrder'], client.kid];
      for (const url of resources) {
        const answer = await client.get(String(url));
        expectProblem(answer, 405, 'malformed', 'Method not allowed');
        expect(answer.headers.allow).toBe('POST');
      }
    }));

  it('cannot be read with a payload where only POST-as-GET is allowed', () =>
    withCa({}, async (underTest) => {
      const { headers } = await placeOrder(underTest, ['example.net']);
      const answer = await underTest.client.post(String(headers.location), {});
      expectProblem(answer, 400, 'malformed', 'POST-as-GET requests must have an empty payload');
    }));

  it('that does not exist is 404', () =>
    withCa({}, async ({ client, ca }) => {
      expectProblem(await client.get(new URL('/acme/nothing', ca.directoryUrl).href), 404, 'malformed', '');
    }));

  it('of another account is refused', () =>
    withCa({}, async (underTest) => {
      const { ca, client } = underTest;
      const { headers, json } = await placeOrder(underTest, ['example.net']);
      const challenge = (await client.post(json.authorizations[0])).json.challenges[0].url;
      const stranger = createRawClient(ca);
      await stranger.register();
      expectProblem(await stranger.post(client.kid ?? ''), 403, 'unauthorized', 'did not match account key');
      expectProblem(await stranger.post(json.authorizations[0]), 403, 'unauthorized', "Account ID doesn't match");
      expectProblem(await stranger.post(challenge, {}), 403, 'unauthorized', "doesn't match account ID");
      expectProblem(await stranger.post(String(headers.location)), 404, 'malformed', 'No order found');
      expectProblem(await stranger.post(json.finalize, {}), 404, 'malformed', 'No order found');
    }));

  it('takes as long to answer as the settings say, in virtual time', () =>
    withCa({ requestLatencyMilliseconds: 250 }, async ({ clock, client }) => {
      const before = clock.now();
      await client.post(client.kid ?? '');
      expect(clock.now() - before).toBe(500);
      expect(before).toBeGreaterThan(START);
    }));
});
