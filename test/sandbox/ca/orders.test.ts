import { describe, expect, it } from '@jest/globals';
import { DAY, HOUR } from '../../../lambdas/core/duration.ts';
import { certId } from './cert-id.ts';
import { expectProblem } from './expect-problem.ts';
import { createRawClient } from './raw-client.ts';
import { LETS_ENCRYPT_PROFILES } from './settings.ts';
import { authorize, obtain, placeOrder, present, START, withCa } from './with-ca.ts';

describe('newOrder', () => {
  it('answers 201 with a pending order and one authorization per name', () =>
    withCa({}, async (underTest) => {
      const { status, headers, json } = await placeOrder(underTest, ['example.net', '*.example.net']);
      expect(status).toBe(201);
      expect(headers.location).toMatch(/\/acme\/order\/1\/1$/);
      expect(headers['retry-after']).toBeUndefined();
      expect(json).toMatchObject({
        status: 'pending',
        expires: new Date(START + 7 * DAY).toISOString().replace('.000', ''),
        identifiers: [
          { type: 'dns', value: '*.example.net' },
          { type: 'dns', value: 'example.net' },
        ],
        finalize: expect.stringMatching(/\/acme\/finalize\/1\/1$/),
      });
      expect(json.authorizations).toHaveLength(2);
    }));

  it('lowers case and takes each name once', () =>
    withCa({}, async (underTest) => {
      const { json } = await placeOrder(underTest, ['EXAMPLE.net', 'example.net']);
      expect(json.identifiers).toEqual([{ type: 'dns', value: 'example.net' }]);
    }));

  it.each([
    ['*.*.example.net', 'more than one wildcard'],
    ['a.*.example.net', 'invalid wildcard'],
    ['*example.net', 'invalid wildcard'],
    ['*.net', 'wildcard for an ICANN TLD'],
    ['exämple.net', 'invalid character'],
    ['_acme-challenge.example.net', 'invalid character'],
    ['-a.example.net', 'invalid character'],
    ['a..example.net', 'two dots in a row'],
    ['example.net.', 'ends in a dot'],
    ['localhost', 'at least one dot'],
    ['192.0.2.1', 'IP address'],
    ['ab--cd.example.net', 'reserved format'],
    ['xn--zzzz99999999.example.net', 'malformed punycode'],
    [`${'a'.repeat(64)}.example.net`, 'longer than 63 bytes'],
    [`${'a.'.repeat(9)}example.net`, 'more than 10 labels'],
    [`${`${'a'.repeat(63)}.`.repeat(4)}net`, 'longer than 253 bytes'],
  ])('refuses the name "%s"', (name, detail) =>
    withCa({}, async (underTest) => {
      const answer = await placeOrder(underTest, [name]);
      expectProblem(answer, 400, 'rejectedIdentifier', detail);
      expect(answer.json.subproblems).toBeUndefined();
    }),
  );

  it('takes an A-label', () =>
    withCa({}, async (underTest) => {
      expect((await placeOrder(underTest, ['xn--bcher-kva.example.net'])).status).toBe(201);
    }));

  it('says what is wrong with each of several bad names', () =>
    withCa({ refusedNames: ['bank.test'] }, async (underTest) => {
      const malformed = await placeOrder(underTest, ['a_b.net', 'localhost', 'example.net']);
      expectProblem(malformed, 400, 'rejectedIdentifier', '(and 1 more problems.');
      expect(malformed.json.subproblems).toMatchObject([
        { type: expect.stringMatching(/:malformed$/), identifier: { type: 'dns', value: 'a_b.net' } },
        { type: expect.stringMatching(/:malformed$/), identifier: { type: 'dns', value: 'localhost' } },
      ]);
      const refused = await placeOrder(underTest, ['www.bank.test', 'bank.test', 'notbank.test']);
      expect(refused.json.subproblems).toHaveLength(2);
      expectProblem(refused, 400, 'rejectedIdentifier', 'forbidden by policy');
    }));

  it('refuses a name that a wildcard of the same order covers', () =>
    withCa({}, async (underTest) => {
      const answer = await placeOrder(underTest, ['*.example.net', 'www.example.net']);
      expectProblem(answer, 400, 'malformed', '"www.example.net" is redundant with a wildcard domain');
      expect((await placeOrder(underTest, ['*.example.net', 'a.b.example.net'])).status).toBe(201);
    }));

  it('refuses other identifiers, empty ones and none', () =>
    withCa({}, async ({ client, urls }) => {
      const order = (identifiers: unknown) => client.post(urls['newOrder'] ?? '', { identifiers });
      expectProblem(await order([{ type: 'ip', value: '192.0.2.1' }]), 400, 'unsupportedIdentifier');
      expectProblem(await order([{ type: 'dns', value: '' }]), 400, 'malformed', 'empty identifier');
      expectProblem(await order([]), 400, 'malformed', 'did not specify any identifiers');
    }));

  it('refuses notBefore and notAfter', () =>
    withCa({}, async (underTest) => {
      for (const member of ['notBefore', 'notAfter']) {
        const answer = await placeOrder(underTest, ['example.net'], { [member]: '2026-12-01T00:00:00Z' });
        expectProblem(answer, 400, 'malformed', 'NotBefore and NotAfter are not supported');
      }
    }));

  it('limits the number of names, by profile', () =>
    withCa({ maxNames: 3, profiles: { small: { lifetimeMilliseconds: DAY, maxNames: 2 } } }, async (underTest) => {
      const names = ['a.test.net', 'b.test.net', 'c.test.net'];
      expect((await placeOrder(underTest, names)).status).toBe(201);
      const answer = await placeOrder(underTest, names, { profile: 'small' });
      expectProblem(answer, 400, 'malformed', 'Order cannot contain more than 2 identifiers');
    }));

  it('refuses a profile that it does not offer and echoes one that it does', () =>
    withCa({ profiles: { ...LETS_ENCRYPT_PROFILES } }, async (underTest) => {
      expectProblem(await placeOrder(underTest, ['example.net'], { profile: 'gone' }), 400, 'invalidProfile', '"gone"');
      const { json } = await placeOrder(underTest, ['example.net'], { profile: 'shortlived' });
      expect(json).toMatchObject({ profile: 'shortlived', expires: '2026-11-24T13:00:00Z' });
    }));
});

describe('order reuse', () => {
  it('returns the pending order of the same account for the same names and profile', () =>
    withCa({ profiles: { ...LETS_ENCRYPT_PROFILES } }, async (underTest) => {
      const first = await placeOrder(underTest, ['a.net', 'b.net']);
      const same = await placeOrder(underTest, ['b.net', 'A.net']);
      expect([same.status, same.headers.location]).toEqual([201, first.headers.location]);
      const others = [
        await placeOrder(underTest, ['a.net']),
        await placeOrder(underTest, ['a.net', 'b.net'], { profile: 'classic' }),
      ];
      const stranger = createRawClient(underTest.ca);
      await stranger.register();
      others.push(await placeOrder({ ...underTest, client: stranger }, ['a.net', 'b.net']));
      expect(new Set([first, ...others].map(({ headers }) => headers.location)).size).toBe(4);
    }));

  it('returns a ready order, but no finalized one', () =>
    withCa({}, async (underTest) => {
      const first = await placeOrder(underTest, ['a.net']);
      await authorize(underTest, first);
      const ready = await placeOrder(underTest, ['a.net']);
      expect([ready.headers.location, ready.json.status]).toEqual([first.headers.location, 'ready']);
      await obtain(underTest, ['a.net']);
      expect((await placeOrder(underTest, ['a.net'])).headers.location).not.toBe(first.headers.location);
    }));

  it('can be switched off', () =>
    withCa({ orderReuse: false }, async (underTest) => {
      await placeOrder(underTest, ['a.net']);
      await placeOrder(underTest, ['a.net']);
      expect(underTest.ca.orders).toHaveLength(2);
    }));
});

describe('authorization reuse', () => {
  it('makes an order ready at once for 30 days, less the least time that an order needs', () =>
    withCa({}, async (underTest) => {
      await obtain(underTest, ['a.net']);
      const again = await placeOrder(underTest, ['a.net']);
      expect(again.json.status).toBe('ready');
      await underTest.clock.sleep(7 * DAY + HOUR);
      expect((await placeOrder(underTest, ['a.net'])).json.status).toBe('ready');
      await underTest.clock.sleep(22 * DAY + 3 * HOUR);
      expect((await placeOrder(underTest, ['a.net'])).json.status).toBe('pending');
    }));

  it('limits the order to what is left of the authorization', () =>
    withCa({}, async (underTest) => {
      await obtain(underTest, ['a.net']);
      await underTest.clock.sleep(28 * DAY);
      const { json } = await placeOrder(underTest, ['a.net']);
      expect(json.expires).toBe(new Date(START + 1_000 + 30 * DAY).toISOString().replace('.000', ''));
    }));

  it('counts for the same account, profile and wildcard only', () =>
    withCa({ profiles: { ...LETS_ENCRYPT_PROFILES } }, async (underTest) => {
      await obtain(underTest, ['a.net']);
      expect((await placeOrder(underTest, ['*.a.net'])).json.status).toBe('pending');
      expect((await placeOrder(underTest, ['a.net'], { profile: 'classic' })).json.status).toBe('pending');
      const stranger = createRawClient(underTest.ca);
      await stranger.register();
      expect((await placeOrder({ ...underTest, client: stranger }, ['a.net'])).json.status).toBe('pending');
    }));

  it('can be switched off', () =>
    withCa({ authorizationReuse: false }, async (underTest) => {
      await obtain(underTest, ['a.net']);
      expect((await placeOrder(underTest, ['a.net'])).json.status).toBe('pending');
    }));

  it('is not needed where authorizations are valid from the start', () =>
    withCa({ preApproved: true }, async (underTest) => {
      const { json } = await placeOrder(underTest, ['a.net']);
      expect(json.status).toBe('ready');
      const { json: authorization } = await underTest.client.post(json.authorizations[0]);
      expect(authorization).toMatchObject({ status: 'valid', challenges: [{ type: 'dns-01', status: 'valid' }] });
    }));
});

describe('an order', () => {
  it('goes from pending over ready and processing to valid', () =>
    withCa({}, async (underTest) => {
      const { client, clock } = underTest;
      const placed = await placeOrder(underTest, ['example.net']);
      const read = async () => client.post(String(placed.headers.location));
      expect((await read()).json.status).toBe('pending');
      const challenge = await present(underTest, placed.json.authorizations[0]);
      await client.post(challenge.url, {});
      expect((await read()).json.status).toBe('pending');
      await clock.sleep(1_000);
      expect((await read()).json.status).toBe('ready');
      await obtain(underTest, ['example.net']);
      const valid = await read();
      expect(valid.json).toMatchObject({ status: 'valid', certificate: expect.stringContaining('/acme/cert/') });
      expect(valid.headers['retry-after']).toBeUndefined();
    }));

  it('says when to ask again while there is something to wait for', () =>
    withCa({}, async (underTest) => {
      const { headers } = await placeOrder(underTest, ['example.net']);
      const read = async () => underTest.client.post(String(headers.location));
      expect((await read()).headers['retry-after']).toBe('3');
      underTest.ca.settings.retryAfterSeconds = undefined;
      expect((await read()).headers['retry-after']).toBeUndefined();
    }));

  it('is invalid once it has expired, also with its certificate', () =>
    withCa({}, async (underTest) => {
      const { order } = await obtain(underTest, ['example.net']);
      expect(order.json.status).toBe('valid');
      await underTest.clock.sleep(7 * DAY + 1_000);
      const { json } = await underTest.client.post(String(order.headers.location));
      expect(json.status).toBe('invalid');
      expect(json).not.toHaveProperty('certificate');
    }));

  it('is invalid once one of its authorizations was deactivated', () =>
    withCa({}, async (underTest) => {
      const { headers, json } = await placeOrder(underTest, ['a.net', 'b.net']);
      await underTest.client.post(json.authorizations[1], { status: 'deactivated' });
      expect((await underTest.client.post(String(headers.location))).json.status).toBe('invalid');
    }));
});

describe('an order that replaces a certificate', () => {
  async function certIdOf(underTest: Parameters<typeof obtain>[0], names: readonly string[]): Promise<string> {
    await obtain(underTest, names);
    return certId(underTest.ca.certificates.at(-1)?.chains[0] ?? '');
  }

  it('echoes what it replaces', () =>
    withCa({}, async (underTest) => {
      const replaces = await certIdOf(underTest, ['example.net']);
      const { json, headers } = await placeOrder(underTest, ['example.net'], { replaces });
      expect(json.replaces).toBe(replaces);
      expect((await underTest.client.post(String(headers.location))).json.replaces).toBe(replaces);
    }));

  it('is refused with 409 while another one is pending, which comes before order reuse', () =>
    withCa({}, async (underTest) => {
      const replaces = await certIdOf(underTest, ['example.net']);
      const first = await placeOrder(underTest, ['example.net'], { replaces });
      expectProblem(await placeOrder(underTest, ['example.net'], { replaces }), 409, 'alreadyReplaced');
      const without = await placeOrder(underTest, ['example.net']);
      expect(without.headers.location).toBe(first.headers.location);
    }));

  it('may be placed again once the other one is invalid, and never once it was finalized', () =>
    withCa({}, async (underTest) => {
      const replaces = await certIdOf(underTest, ['example.net']);
      await placeOrder(underTest, ['www.example.net', 'example.net'], { replaces });
      await underTest.clock.sleep(7 * DAY + 1_000);
      await obtain(underTest, ['example.net'], { replaces });
      await underTest.clock.sleep(7 * DAY + 1_000);
      expectProblem(await placeOrder(underTest, ['example.net'], { replaces }), 409, 'alreadyReplaced');
    }));

  it('must have a name in common with it; a wildcard covers', () =>
    withCa({}, async (underTest) => {
      const replaces = await certIdOf(underTest, ['*.example.net']);
      const other = await placeOrder(underTest, ['example.org'], { replaces });
      expectProblem(other, 400, 'malformed', 'do not match any identifiers');
      expect((await placeOrder(underTest, ['www.example.net'], { replaces })).status).toBe(201);
    }));

  it('must replace a certificate of the same account that exists', () =>
    withCa({}, async (underTest) => {
      const replaces = await certIdOf(underTest, ['example.net']);
      const [issuer] = replaces.split('.');
      const stranger = createRawClient(underTest.ca);
      await stranger.register();
      const foreign = await placeOrder({ ...underTest, client: stranger }, ['example.net'], { replaces });
      expectProblem(foreign, 403, 'unauthorized', 'did not request the certificate being replaced');
      const unknown = await placeOrder(underTest, ['example.net'], { replaces: `${issuer}.AQID` });
      expectProblem(unknown, 404, 'malformed', 'no current certificate');
      const unparsable = await placeOrder(underTest, ['example.net'], { replaces: 'x' });
      expectProblem(unparsable, 400, 'malformed', 'while parsing ARI CertID');
    }));

  it('is an order like any other where the CA has no renewalInfo', () =>
    withCa({ renewalInfo: false }, async (underTest) => {
      const { status, json } = await placeOrder(underTest, ['example.net'], { replaces: 'x' });
      expect(status).toBe(201);
      expect(json).not.toHaveProperty('replaces');
    }));
});
