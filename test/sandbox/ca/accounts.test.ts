import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { expectProblem } from './expect-problem.ts';
import { bindAccount, createRawClient, ecKey, type RawAnswer, type RawClient, signJws } from './raw-client.ts';
import { type CaUnderTest, withCa } from './with-ca.ts';

const HMAC_KEY = Buffer.from('a shared secret').toString('base64url');

describe('newAccount', () => {
  it('creates an account and names it in Location', () =>
    withCa({}, async ({ ca }) => {
      const client = createRawClient(ca);
      const answer = await client.register({ contact: ['mailto:ops@evercert.test'] });
      expect(answer.status).toBe(201);
      expect(answer.headers.location).toBe(new URL('/acme/acct/2', ca.directoryUrl).href);
      expect(answer.json).toMatchObject({ status: 'valid', contact: ['mailto:ops@evercert.test'], key: client.jwk });
      expect(answer.headers.link).toContain('rel="terms-of-service"');
    }));

  it('finds the account that has the key', () =>
    withCa({}, async ({ ca, client }) => {
      const again = createRawClient(ca, client.privateKey);
      const answer = await again.register();
      expect([answer.status, answer.headers.location]).toEqual([200, client.kid]);
      expect(ca.accounts).toHaveLength(1);
    }));

  it('creates nothing when only an existing account is wanted', () =>
    withCa({}, async ({ ca }) => {
      expectProblem(await createRawClient(ca).register({ onlyReturnExisting: true }), 400, 'accountDoesNotExist');
      expect(ca.accounts).toHaveLength(1);
    }));

  it('refuses who does not agree to the terms', () =>
    withCa({}, async ({ ca }) => {
      const answer = await createRawClient(ca).register({ termsOfServiceAgreed: false });
      expectProblem(answer, 400, 'malformed', 'must agree to terms of service');
    }));

  it('refuses the key of a deactivated account', () =>
    withCa({}, async ({ ca, client }) => {
      await client.post(client.kid ?? '', { status: 'deactivated' });
      const answer = await createRawClient(ca, client.privateKey).register();
      expectProblem(answer, 403, 'unauthorized', 'exists but is deactivated');
    }));

  it('refuses weak keys', () =>
    withCa({}, async ({ ca }) => {
      const weak = generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey;
      expectProblem(await createRawClient(ca, weak).register(), 400, 'badPublicKey', 'key size not supported: 1024');
    }));

  it.each([
    ['tel:+123', 'unsupportedContact', "only contact scheme 'mailto:' is supported"],
    ['ops@evercert.test', 'invalidContact', 'unparsable contact'],
    ['', 'invalidContact', 'empty contact'],
    ['mailto:ops@example.com', 'invalidContact', 'contact email has forbidden domain "example.com"'],
    ['mailto:ops', 'invalidContact', 'unable to parse email address'],
    ['mailto:a@b.test,c@d.test', 'invalidContact', 'unable to parse email address'],
    ['mailto:a@b.test?subject=x', 'invalidContact', 'contains a question mark'],
    ['mailto:ä@b.test', 'invalidContact', 'non-ASCII'],
  ])('refuses the contact "%s" with %s', (contact, type, detail) =>
    withCa({}, async ({ ca }) => {
      expectProblem(await createRawClient(ca).register({ contact: [contact] }), 400, type, detail);
    }),
  );
});

describe('an external account binding', () => {
  const eab = { required: true, keys: { 'kid-1': HMAC_KEY } };

  function register({ ca, urls }: CaUnderTest, deviation: Partial<Binding> = {}): Promise<RawAnswer> {
    const client = createRawClient(ca);
    const { jwk, url, kid, hmacKey } = {
      jwk: client.jwk,
      url: urls['newAccount'] ?? '',
      kid: 'kid-1',
      hmacKey: HMAC_KEY,
      ...deviation,
    };
    return client.register({ externalAccountBinding: bindAccount(jwk, url, kid, hmacKey) });
  }

  interface Binding {
    readonly jwk: unknown;
    readonly url: string;
    readonly kid: string;
    readonly hmacKey: string;
  }

  it('must be there where it is required', () =>
    withCa({ eab }, async ({ ca }) => {
      expectProblem(await createRawClient(ca).register(), 403, 'externalAccountRequired');
    }));

  it('creates the account when its MAC, key and URL are right', () =>
    withCa({ eab }, async (underTest) => {
      expect((await register(underTest)).status).toBe(201);
      expect(underTest.ca.accounts[0]?.binding?.kid).toBe('kid-1');
    }));

  it('is refused when anything about it is wrong', () =>
    withCa({ eab }, async (underTest) => {
      const otherMac = await register(underTest, { hmacKey: Buffer.from('other').toString('base64url') });
      expectProblem(otherMac, 403, 'unauthorized', 'verification error');
      expectProblem(await register(underTest, { kid: 'kid-2' }), 403, 'unauthorized', 'not known');
      expectProblem(await register(underTest, { url: 'https://ca.example/' }), 400, 'malformed', "'url'");
      const otherKey = await register(underTest, { jwk: createRawClient(underTest.ca).jwk });
      expectProblem(otherKey, 400, 'malformed', 'not the account key');
      expect(underTest.ca.accounts).toEqual([]);
    }));

  it('serves any number of accounts unless it is good only once', () =>
    withCa({ eab }, async (underTest) => {
      expect((await register(underTest)).status).toBe(201);
      expect((await register(underTest)).status).toBe(201);
      underTest.ca.settings.eab = { ...eab, once: true };
      expectProblem(await register(underTest), 403, 'unauthorized', 'has been used already');
    }));

  it('that is good only once is refused even when its own account repeats it', () =>
    withCa({ eab: { ...eab, once: true } }, async ({ ca, urls }) => {
      const client = createRawClient(ca);
      const externalAccountBinding = bindAccount(client.jwk, urls['newAccount'] ?? '', 'kid-1', HMAC_KEY);
      expect((await client.register({ externalAccountBinding })).status).toBe(201);
      client.kid = undefined;
      expectProblem(await client.register({ externalAccountBinding }), 403, 'unauthorized', 'used already');
      expect((await client.register({ onlyReturnExisting: true })).status).toBe(200);
    }));
});

describe('an account', () => {
  it('is read with POST-as-GET, and changes its contacts', () =>
    withCa({}, async ({ client }) => {
      const { kid = '' } = client;
      expect((await client.post(kid)).json).toMatchObject({ status: 'valid' });
      await client.post(kid, { contact: ['mailto:new@evercert.test'] });
      expect((await client.post(kid)).json.contact).toEqual(['mailto:new@evercert.test']);
      expectProblem(await client.post(kid, { contact: ['tel:1'] }), 400, 'unsupportedContact');
      expectProblem(await client.post(kid, { status: 'revoked' }), 400, 'malformed', 'invalid status "revoked"');
    }));
});

describe('keyChange', () => {
  interface Change {
    readonly account?: string;
    readonly oldKey?: unknown;
    readonly url?: string;
    readonly signWith?: RawClient;
  }

  function change({ client, urls }: CaUnderTest, next: RawClient, deviation: Change = {}): Promise<RawAnswer> {
    const url = urls['keyChange'] ?? '';
    const { signWith = next, url: innerUrl = url, account = client.kid, oldKey = client.jwk } = deviation;
    return client.post(url, signJws(signWith.privateKey, { jwk: next.jwk, url: innerUrl }, { account, oldKey }));
  }

  it('gives the account its new key', () =>
    withCa({}, async (underTest) => {
      const next = createRawClient(underTest.ca, ecKey('P-384'));
      expect((await change(underTest, next)).json.key).toEqual(next.jwk);
      next.kid = underTest.client.kid;
      expect((await next.post(next.kid ?? '')).status).toBe(200);
      const old = await underTest.client.post(underTest.client.kid ?? '');
      expectProblem(old, 400, 'malformed', 'JWS signature header algorithm "ES256" does not match');
    }));

  it('refuses a key that another account has, and names that account', () =>
    withCa({}, async (underTest) => {
      const other = createRawClient(underTest.ca);
      await other.register();
      const answer = await change(underTest, other);
      expectProblem(answer, 409, 'conflict', 'already in use');
      expect(answer.headers.location).toBe(other.kid);
    }));

  it('refuses an inner JWS that is not by the new key, for this URL, account and old key', () =>
    withCa({}, async (underTest) => {
      const next = createRawClient(underTest.ca);
      const cases: [Change, string][] = [
        [{ signWith: createRawClient(underTest.ca) }, 'Inner JWS does not verify'],
        [{ url: 'https://ca.example/' }, 'does not match inner JWS'],
        [{ account: 'https://ca.example/acct/1' }, 'Inner key rollover request specified Account'],
        [{ oldKey: next.jwk }, 'matching current account key'],
      ];
      for (const [deviation, detail] of cases) {
        expectProblem(await change(underTest, next, deviation), 400, 'malformed', detail);
      }
    }));

  it('refuses the key that the account has', () =>
    withCa({}, async (underTest) => {
      expectProblem(await change(underTest, underTest.client), 400, 'malformed', 'same as the old key');
    }));
});
