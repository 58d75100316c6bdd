import { describe, expect, it } from '@jest/globals';
import { DAY } from '../../../lambdas/core/duration.ts';
import { expectProblem } from './expect-problem.ts';
import type { RawAnswer } from './raw-client.ts';
import { type CaUnderTest, placeOrder, present, START, withCa } from './with-ca.ts';

const RECORD = '_acme-challenge.example.net';

async function placeAndRead(
  underTest: CaUnderTest,
  name = 'example.net',
): Promise<RawAnswer & { readonly url: string }> {
  const { json } = await placeOrder(underTest, [name]);
  const [url] = json.authorizations;
  return { ...(await underTest.client.post(url)), url };
}

/** Places an order, puts `values` into DNS, answers the challenge and reads the authorization after its validation. */
async function validate(
  underTest: CaUnderTest,
  values: readonly (readonly string[])[] | undefined,
): Promise<RawAnswer> {
  const { url, json } = await placeAndRead(underTest);
  if (values) underTest.dns.records.set(RECORD, values);
  await underTest.client.post(dnsChallenge(json).url, {});
  await underTest.clock.sleep(1_000);
  return underTest.client.post(url);
}

function dnsChallenge(authorization: RawAnswer['json']): { readonly url: string; readonly token: string } {
  return authorization.challenges.find(({ type }: { type: string }) => type === 'dns-01');
}

describe('an authorization', () => {
  it('offers dns-01 and http-01 with one token', () =>
    withCa({}, async (underTest) => {
      const { json, headers } = await placeAndRead(underTest);
      expect(json).toMatchObject({
        identifier: { type: 'dns', value: 'example.net' },
        status: 'pending',
        expires: new Date(START + 7 * DAY).toISOString().replace('.000', ''),
      });
      expect(json).not.toHaveProperty('wildcard');
      expect(headers['retry-after']).toBe('3');
      expect(json.challenges.map(({ type }: { type: string }) => type).sort()).toEqual(['dns-01', 'http-01']);
      const [first, second] = json.challenges;
      expect(first.token).toBe(second.token);
      expect(first.token).toMatch(/^[\w-]{43}$/);
    }));

  it('of a wildcard is for its base name, says so, and offers dns-01 alone', () =>
    withCa({}, async (underTest) => {
      const { json } = await placeAndRead(underTest, '*.example.net');
      expect(json).toMatchObject({ identifier: { value: 'example.net' }, wildcard: true });
      expect(json.challenges).toMatchObject([{ type: 'dns-01' }]);
    }));

  it('is another one with another token for apex and wildcard', () =>
    withCa({}, async (underTest) => {
      const { json } = await placeOrder(underTest, ['example.net', '*.example.net']);
      const [a, b] = await Promise.all(json.authorizations.map((url: string) => underTest.client.post(url)));
      expect(dnsChallenge(a.json).token).not.toBe(dnsChallenge(b.json).token);
    }));

  it('does not exist any more once it has expired', () =>
    withCa({}, async (underTest) => {
      const { url } = await placeAndRead(underTest);
      await underTest.clock.sleep(7 * DAY + 1_000);
      expectProblem(await underTest.client.post(url), 404, 'malformed', 'Expired authorization');
    }));

  it('can be deactivated, and only that', () =>
    withCa({}, async (underTest) => {
      const { url } = await placeAndRead(underTest);
      expectProblem(await underTest.client.post(url, { status: 'valid' }), 400, 'malformed', 'Invalid status');
      expect((await underTest.client.post(url, { status: 'deactivated' })).json.status).toBe('deactivated');
    }));
});

describe('the validation of dns-01', () => {
  it('succeeds when one of the TXT values is right, and keeps only the challenge that was tried', () =>
    withCa({}, async (underTest) => {
      const { client, clock, dns } = underTest;
      dns.records.set(RECORD, [['somebody else']]);
      const { url } = await placeAndRead(underTest);
      const challenge = await present(underTest, url);
      await client.post(challenge.url, {});
      await clock.sleep(1_000);
      const { json, headers } = await client.post(url);
      expect(json).toMatchObject({
        status: 'valid',
        expires: new Date(START + 1_000 + 30 * DAY).toISOString().replace('.000', ''),
        challenges: [{ type: 'dns-01', status: 'valid', validated: '2026-11-24T12:00:01Z' }],
      });
      expect(headers['retry-after']).toBeUndefined();
    }));

  it('joins the character strings of a value', () =>
    withCa({}, async (underTest) => {
      const { url } = await placeAndRead(underTest);
      const challenge = await present(underTest, url);
      const [[value = ''] = []] = underTest.dns.records.get(RECORD) ?? [];
      underTest.dns.records.set(RECORD, [[value.slice(0, 20), value.slice(20)]]);
      await underTest.client.post(challenge.url, {});
      await underTest.clock.sleep(1_000);
      expect((await underTest.client.post(url)).json.status).toBe('valid');
    }));

  it('asks DNS only after the time that the settings say, and anew for each authorization', () =>
    withCa({ validationMilliseconds: 5_000 }, async (underTest) => {
      const { dns, clock, client } = underTest;
      const { json } = await placeOrder(underTest, ['example.net', '*.example.net']);
      for (const url of json.authorizations) await client.post((await present(underTest, url)).url, {});
      await clock.sleep(4_999);
      expect(dns.asked).toEqual([]);
      await clock.sleep(1);
      await clock.sleep(1);
      expect(dns.asked).toEqual([`udp ${RECORD}`, `udp ${RECORD}`]);
    }));

  it.each([
    ['nothing there', undefined, 400, 'dns', `DNS problem: NXDOMAIN looking up TXT for ${RECORD} - check that a DNS`],
    ['no TXT record', [], 403, 'unauthorized', `No TXT record found at ${RECORD}`],
    ['another value', [['other']], 403, 'unauthorized', `Incorrect TXT record "other" found at ${RECORD}`],
    [
      'other values',
      [['first'], ['second'], ['third']],
      403,
      'unauthorized',
      `Incorrect TXT record "first" (and 2 more) found at ${RECORD}`,
    ],
    [
      'a long value',
      [['x'.repeat(200)]],
      403,
      'unauthorized',
      `Incorrect TXT record "${'x'.repeat(100)}..." found at ${RECORD}`,
    ],
  ])('fails with %s', (_case, values, status, type, detail) =>
    withCa({}, async (underTest) => {
      const { json } = await validate(underTest, values);
      expect(json).toMatchObject({
        status: 'invalid',
        challenges: [
          {
            type: 'dns-01',
            status: 'invalid',
            error: { type: expect.stringMatching(`:${type}$`), status, detail: expect.stringContaining(detail) },
          },
        ],
      });
      expect(underTest.ca.orders).toMatchObject([{ status: 'invalid' }]);
    }),
  );

  it('fails when the name server fails', () =>
    withCa({}, async (underTest) => {
      underTest.dns.mode = 'servfail';
      const { json } = await validate(underTest, [['x']]);
      expect(json.challenges[0].error.detail).toBe(
        `DNS problem: SERVFAIL looking up TXT for ${RECORD} - the domain's nameservers may be malfunctioning`,
      );
    }));

  it('leaves nothing to reuse: the next order has a new authorization', () =>
    withCa({}, async (underTest) => {
      await validate(underTest, [['wrong']]);
      const { json } = await placeOrder(underTest, ['example.net']);
      expect(json.authorizations[0]).toMatch(/\/2$/);
    }));
});

describe('a challenge', () => {
  it('is processing until its validation is over', () =>
    withCa({}, async (underTest) => {
      const { url } = await placeAndRead(underTest);
      const challenge = await present(underTest, url);
      const answer = await underTest.client.post(challenge.url, {});
      expect(answer.json).toMatchObject({ status: 'processing', url: challenge.url });
      expect(answer.headers['retry-after']).toBe('3');
      expect(answer.headers.link).toContain(`<${url}>;rel="up"`);
      await underTest.clock.sleep(1_000);
      expect((await underTest.client.post(challenge.url)).json.status).toBe('valid');
    }));

  it('is not answered by POST-as-GET', () =>
    withCa({}, async (underTest) => {
      const { json } = await placeAndRead(underTest);
      await underTest.client.post(dnsChallenge(json).url);
      await underTest.clock.sleep(2_000);
      expect(underTest.dns.asked).toEqual([]);
    }));

  it('is answered once: a second response is a conflict while the first is being validated', () =>
    withCa({}, async (underTest) => {
      const { url } = await placeAndRead(underTest);
      const challenge = await present(underTest, url);
      await underTest.client.post(challenge.url, {});
      expectProblem(await underTest.client.post(challenge.url, {}), 409, 'conflict', 'already being validated');
      underTest.ca.settings.repeatedChallengeResponse = 'accepted';
      expect((await underTest.client.post(challenge.url, {})).status).toBe(200);
      await underTest.clock.sleep(1_000);
      expect(underTest.dns.asked).toHaveLength(1);
    }));

  it('takes a response after success as harmless and refuses one after failure', () =>
    withCa({}, async (underTest) => {
      const { client, clock, dns } = underTest;
      const { url } = await placeAndRead(underTest);
      const challenge = await present(underTest, url);
      await client.post(challenge.url, {});
      await clock.sleep(1_000);
      expect((await client.post(challenge.url, {})).json.status).toBe('valid');
      const failing = await placeAndRead(underTest, 'example.org');
      await client.post(dnsChallenge(failing.json).url, {});
      await clock.sleep(1_000);
      const late = await client.post(dnsChallenge(failing.json).url, {});
      expectProblem(late, 400, 'malformed', 'authorization must be pending');
      expect(dns.asked).toHaveLength(2);
    }));

  it('of type http-01 fails: nothing listens', () =>
    withCa({}, async (underTest) => {
      const { url, json } = await placeAndRead(underTest);
      const http = json.challenges.find(({ type }: { type: string }) => type === 'http-01');
      await underTest.client.post(http.url, {});
      await underTest.clock.sleep(1_000);
      const { json: after } = await underTest.client.post(url);
      expect(after.challenges).toMatchObject([
        { type: 'http-01', error: { type: expect.stringMatching(/:connection$/) } },
      ]);
    }));

  it('that does not exist is 404', () =>
    withCa({}, async (underTest) => {
      const { json } = await placeAndRead(underTest);
      expectProblem(
        await underTest.client.post(`${dnsChallenge(json).url}x`, {}),
        404,
        'malformed',
        'No such challenge',
      );
    }));
});
