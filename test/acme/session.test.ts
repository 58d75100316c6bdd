import { generateKeyPairSync } from 'node:crypto';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { axios as unusedClient } from 'acme-client';
import { findOrRegisterAccount } from '../../lambdas/acme/account.ts';
import type { AcmeEndpoint } from '../../lambdas/acme/endpoint.ts';
import type { KnownCas } from '../../lambdas/acme/known-ca.ts';
import { placeOrder, readOrder } from '../../lambdas/acme/order.ts';
import { generatePrivateKey } from '../../lambdas/acme/private-key.ts';
import { problemType } from '../../lambdas/acme/problem.ts';
import { type AcmeSession, directoryOf, openSession } from '../../lambdas/acme/session.ts';
import { MINUTE } from '../../lambdas/core/duration.ts';
import { pemOf } from './hierarchy.ts';
import { problem, type ScriptedCa, startScriptedCa } from './scripted-ca.ts';
import { thrownBy } from './thrown.ts';
import { type WaitingClock, waitingClock } from './waiting-clock.ts';

describe('a session', () => {
  let ca: ScriptedCa;
  let clock: WaitingClock;
  let accountKey: string;
  let session: AcmeSession;

  beforeAll(async () => {
    accountKey = await generatePrivateKey('ecdsa-p256');
  });

  beforeEach(async () => {
    ca = await startScriptedCa();
    clock = waitingClock();
    session = open();
  });

  afterEach(() => ca.stop());

  const open = (changes: Partial<AcmeEndpoint> = {}) =>
    openSession({ ...ca.endpoint, ...changes }, { accountKey, accountUrl: ca.url('/account/1'), clock });
  const order = (status = 'ready') => ({
    status,
    identifiers: [{ type: 'dns', value: 'leane.dev' }],
    authorizations: [ca.url('/authz/1')],
    finalize: ca.url('/finalize/1'),
  });
  const read = () => readOrder(session, ca.url('/order/1'));

  describe('opening', () => {
    it('asks nothing', async () => {
      expect(ca.requests).toEqual([]);
    });

    it.each(['pkcs8', 'pkcs1', 'sec1'] as const)('takes an account key in %s', async (type) => {
      const pair =
        type === 'sec1'
          ? generateKeyPairSync('ec', { namedCurve: 'P-384' })
          : generateKeyPairSync('rsa', { modulusLength: 2048 });
      ca.script('POST /order/1', { body: order() });
      const accountUrl = ca.url('/account/1');
      const other = openSession(ca.endpoint, { accountKey: pemOf(pair.privateKey, type), accountUrl, clock });
      await readOrder(other, ca.url('/order/1'));
      expect(ca.requests.at(-1)?.protected['alg']).toBe(type === 'sec1' ? 'ES384' : 'RS256');
    });

    it('refuses a key that can not sign, without telling any of it', async () => {
      const ed25519 = pemOf(generateKeyPairSync('ed25519').privateKey, 'pkcs8');
      const publicKey = pemOf(generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey, 'spki');
      for (const [key, why] of [
        [ed25519, 'the account key is of type ed25519'],
        [publicKey, 'the account key is no private key'],
        ['', 'the account key is no private key'],
      ] as const) {
        const failure = await thrownBy(() => openSession(ca.endpoint, { accountKey: key, clock }), [ed25519]);
        expect([failure.code, failure.message]).toEqual(['invalid-input', expect.stringContaining(why)]);
      }
    });

    it('refuses a directory URL that is not https', async () => {
      expect(await thrownBy(() => open({ directoryUrl: 'http://ca.example/' }))).toMatchObject({
        code: 'invalid-input',
        message: "the CA's URL http://ca.example/ is no https URL",
      });
    });
  });

  describe('the directory', () => {
    it('is fetched once, however many ask', async () => {
      const [first, second] = await Promise.all([directoryOf(session), directoryOf(session)]);
      expect(await directoryOf(session)).toBe(first);
      expect(second).toBe(first);
      expect(ca.asked()).toEqual(['GET /directory']);
    });

    it('tells the names of profiles, whether accounts are bound, and where renewal information is', async () => {
      const meta = { externalAccountRequired: true, caaIdentities: ['ca.example'] };
      const profiles = { classic: 'https://ca.example/classic' };
      const urls = { newNonce: ca.url('/n'), newAccount: ca.url('/a'), newOrder: ca.url('/o') };
      ca.script('GET /directory', { body: { ...urls, renewalInfo: ca.url('/ari'), meta: { ...meta, profiles } } });
      expect(await directoryOf(session)).toEqual({
        ...urls,
        renewalInfo: ca.url('/ari'),
        meta: { ...meta, profiles: ['classic'] },
      });
    });

    it('needs no meta', async () => {
      expect((await directoryOf(session)).meta).toEqual({
        profiles: [],
        externalAccountRequired: false,
        caaIdentities: [],
      });
    });

    it.each([
      [
        'HTML',
        { body: '<!doctype html>' },
        'is no ACME directory: it answers with HTTP 200, text/html, "<!doctype html>"',
      ],
      [
        'a page that does not exist',
        { status: 404, body: 'Not Found' },
        'is no ACME directory: it answers with HTTP 404',
      ],
      ['other JSON', { body: { newNonce: 'https://x/' } }, 'is no ACME directory: newAccount, newOrder are missing'],
      ['an array', { body: [] }, 'is no ACME directory: it answers with'],
    ])('that is %s is none', async (_what, answer, why) => {
      ca.script('GET /directory', answer);
      const { code, message } = await thrownBy(() => directoryOf(session));
      expect(code).toBe('ca-misbehaved');
      expect(message).toContain(`${ca.endpoint.directoryUrl} ${why}`);
    });

    it('may not send requests to another host', async () => {
      const body = { newNonce: ca.url('/n'), newAccount: ca.url('/a'), newOrder: 'https://internal.example/admin' };
      ca.script('GET /directory', { body });
      const { code, message } = await thrownBy(() => directoryOf(session));
      expect(code).toBe('ca-misbehaved');
      expect(message).toMatch(
        /newOrder in the directory .* is https:\/\/internal\.example\/admin, which is on another host/,
      );
    });

    it('goes on without renewal information that is on another host', async () => {
      const body = { newNonce: ca.url('/n'), newAccount: ca.url('/a'), newOrder: ca.url('/o') };
      ca.script('GET /directory', { body: { ...body, renewalInfo: 'https://elsewhere.example/ari' } });
      expect((await directoryOf(session)).renewalInfo).toBeUndefined();
    });

    it('is asked for again after a failure', async () => {
      ca.script('GET /directory', 'drop');
      await thrownBy(() => directoryOf(session));
      ca.script('GET /directory', {
        body: { newNonce: ca.url('/n'), newAccount: ca.url('/a'), newOrder: ca.url('/o') },
      });
      expect(await directoryOf(session)).toMatchObject({ newNonce: ca.url('/n') });
    });
  });

  describe('nonces', () => {
    it('come with answers; one is asked for only when there is none', async () => {
      ca.script('POST /order/1', { body: order() });
      for (const _poll of [1, 2, 3]) await read();
      expect(ca.asked()).toEqual(['GET /directory', 'HEAD /nonce', 'POST /order/1', 'POST /order/1', 'POST /order/1']);
      const nonces = ca.requests.slice(2).map((request) => request.protected['nonce']);
      expect(new Set(nonces).size).toBe(3);
    });

    it('are never used twice by requests at the same time', async () => {
      ca.script('POST /order/1', { body: order() });
      for (const _round of [1, 2, 3]) await Promise.all([read(), read(), read()]);
      const nonces = ca.requests.map((request) => request.protected['nonce']).filter((nonce) => nonce !== undefined);
      expect([nonces.length, new Set(nonces).size]).toEqual([9, 9]);
    });

    it('that are refused once are replaced by the one that comes with the refusal', async () => {
      ca.script('POST /order/1', problem('badNonce', 400, {}, { 'Replay-Nonce': 'fresh' }), { body: order() });
      expect(await read()).toMatchObject({ status: 'ready' });
      expect(ca.requests.at(-1)?.protected['nonce']).toBe('fresh');
      expect(clock.slept).toEqual([]);
    });

    it('that are refused again and again are replaced at once five times, then every second', async () => {
      const refusals = Array.from({ length: 7 }, () => problem('badNonce', 400));
      ca.script('POST /order/1', ...refusals, { body: order() });
      expect(await read()).toMatchObject({ status: 'ready' });
      expect(clock.slept).toEqual([1_000, 1_000]);
    });

    it('that are refused 21 times end the request', async () => {
      ca.script('POST /order/1', problem('badNonce', 400));
      const failure = await thrownBy(read);
      expect([failure.code, problemType(failure)]).toEqual(['ca-refused', 'badNonce']);
      expect(ca.asked().filter((each) => each === 'POST /order/1')).toHaveLength(21);
    });

    it('that can be none are ignored (RFC 8555, section 6.5.1)', async () => {
      ca.script('POST /order/1', { body: order(), headers: { 'Replay-Nonce': 'not a nonce!' } });
      await read();
      await read();
      expect(ca.asked().filter((each) => each === 'HEAD /nonce')).toHaveLength(2);
    });

    it('have to be there when they are asked for', async () => {
      ca.script('HEAD /nonce', (response) => {
        response.removeHeader('Replay-Nonce');
        response.end();
      });
      expect(await thrownBy(read)).toMatchObject({
        code: 'ca-misbehaved',
        message: expect.stringContaining('without a Replay-Nonce'),
      });
    });
  });

  describe('reading', () => {
    it.each([
      ['a lost answer', 'drop' as const],
      ['HTTP 500', problem('serverInternal', 500)],
      ['HTTP 502 of a proxy', { status: 502, body: '<html>bad gateway</html>' }],
    ])('is repeated after %s, with another nonce', async (_what, trouble) => {
      ca.script('POST /order/1', trouble, trouble, { body: order() });
      expect(await read()).toMatchObject({ status: 'ready' });
      expect(clock.slept).toEqual([1_000, 3_000]);
      const nonces = ca.requests.map((request) => request.protected['nonce']).filter((nonce) => nonce !== undefined);
      expect(new Set(nonces).size).toBe(3);
    });

    it('ends after three attempts, with the CA’s words', async () => {
      ca.script('POST /order/1', problem('serverInternal', 500));
      const { code, message, details } = await thrownBy(read);
      expect(code).toBe('ca-unreachable');
      expect(message).toBe(
        `${ca.host} failed to show the order: words about serverInternal (serverInternal, HTTP 500)`,
      );
      expect(details.problem).toMatchObject({ status: 500 });
      expect(ca.asked().filter((each) => each === 'POST /order/1')).toHaveLength(3);
    });

    it('waits as long as a Retry-After of up to a minute says', async () => {
      ca.script('POST /order/1', problem('rateLimited', 503, {}, { 'Retry-After': '42' }), { body: order() });
      await read();
      expect(clock.slept).toEqual([42_000]);
    });

    it('does not wait for longer than a minute: it says until when', async () => {
      ca.script('POST /order/1', problem('rateLimited', 429, {}, { 'Retry-After': '3600' }));
      const failure = await thrownBy(read);
      expect(failure).toMatchObject({ code: 'ca-rate-limited', details: { retryAt: clock.now() + 3_600_000 } });
      expect(failure.message).toMatch(/it wants no further request before 2026-11-24T13:00:00\.000Z$/);
      expect(clock.slept).toEqual([]);
    });
  });

  describe('refusals', () => {
    it.each([
      ['rejectedIdentifier', 400, 'ca-refused', 'never'],
      ['unsupportedIdentifier', 400, 'ca-refused', 'never'],
      ['externalAccountRequired', 403, 'ca-refused', 'never'],
      ['invalidProfile', 400, 'ca-refused', 'never'],
      ['malformed', 400, 'ca-refused', 'never'],
      ['userActionRequired', 403, 'ca-refused', 'never'],
      ['caa', 403, 'ca-refused', 'later'],
      ['unauthorized', 403, 'ca-refused', 'later'],
      ['alreadyReplaced', 409, 'ca-refused', 'later'],
      ['notInAnyRfc', 400, 'ca-refused', 'later'],
      ['rateLimited', 400, 'ca-rate-limited', 'later'],
      ['malformed', 429, 'ca-rate-limited', 'later'],
    ])('%s with HTTP %d is %s, to be tried again %s', async (type, status, code, retry) => {
      ca.script('POST /order', problem(type, status));
      const failure = await thrownBy(() => placeOrder(session, { domainNames: ['leane.dev'] }));
      expect([failure.code, failure.retry, problemType(failure)]).toEqual([code, retry, type]);
      expect(failure.message).toContain(`refused to take an order for leane.dev: words about ${type}`);
      expect(ca.asked().filter((each) => each === 'POST /order')).toHaveLength(1);
    });

    it('tell of each name that is refused, and are as permanent as the worst of them', async () => {
      const sub = (value: string, type: string) => ({
        type: `urn:ietf:params:acme:error:${type}`,
        detail: `no to ${value}`,
        identifier: { type: 'dns', value },
      });
      const subproblems = [sub('a.example', 'caa'), sub('b.example', 'rejectedIdentifier'), 'nonsense', null];
      ca.script('POST /order', problem('compound', 400, { subproblems }));
      const failure = await thrownBy(() => placeOrder(session, { domainNames: ['leane.dev'] }));
      expect(failure.retry).toBe('never');
      expect(failure.message).toContain('words about compound; a.example: no to a.example; b.example: no to b.example');
      expect(failure.details.problem?.subproblems).toHaveLength(2);
    });

    it('are capped and printable, whatever the CA writes', async () => {
      const detail = `\u001b[31mred\u202e\r\nERROR forged log line ${'x'.repeat(5_000)}`;
      const subproblems = Array.from({ length: 100 }, () => ({ type: 'x'.repeat(2_000), detail }));
      ca.script('POST /order', problem('malformed', 400, { detail, subproblems, instance: 'y'.repeat(2_000) }));
      const { message, details } = await thrownBy(() => placeOrder(session, { domainNames: ['leane.dev'] }));
      expect(details.problem?.detail).toHaveLength(1_000);
      expect(details.problem?.detail).toMatch(/^\[31mred ERROR forged log line x/);
      expect(details.problem?.subproblems).toHaveLength(20);
      expect(message.length).toBeLessThan(3_000);
      expect(JSON.stringify([message, details])).not.toMatch(/\\u001b|\u202e|\\n/);
    });

    it('say where the CA wants a human to go', async () => {
      ca.script('POST /order', problem('userActionRequired', 403, { instance: 'https://ca.example/agree' }));
      const { message, details } = await thrownBy(() => placeOrder(session, { domainNames: ['leane.dev'] }));
      expect(message).toMatch(/a human to agree to something first: https:\/\/ca\.example\/agree$/);
      expect(details.problem?.instance).toBe('https://ca.example/agree');
    });

    it('without a problem document are nonsense', async () => {
      ca.script('POST /order', { status: 403, body: '<html>blocked by the firewall</html>' });
      expect(await thrownBy(() => placeOrder(session, { domainNames: ['leane.dev'] }))).toMatchObject({
        code: 'ca-misbehaved',
        message: expect.stringContaining('answered HTTP 403 without a problem document: text/html, "<html>blocked'),
      });
    });
  });

  it('lets no request through acme-client’s own HTTP layer', async () => {
    const before = unusedClient.defaults.adapter;
    unusedClient.defaults.adapter = () => Promise.reject(new Error('acme-client has asked by itself'));
    try {
      ca.script('POST /account', {
        status: 201,
        headers: { Location: ca.url('/account/1') },
        body: { status: 'valid' },
      });
      ca.script('POST /order/1', problem('badNonce', 400), 'drop', { body: order() });
      await findOrRegisterAccount(session);
      await read();
    } finally {
      unusedClient.defaults.adapter = before;
    }
  });

  describe('in a process that knows the CA', () => {
    let cas: KnownCas;

    beforeEach(() => {
      cas = new Map();
      ca.script('POST /order/1', { body: order() });
    });

    const readAnew = (changes: Partial<AcmeEndpoint> = {}) => {
      const options = { accountKey, accountUrl: ca.url('/account/1'), clock, cas };
      return readOrder(openSession({ ...ca.endpoint, ...changes }, options), ca.url('/order/1'));
    };
    const askedAnew = async (changes?: Partial<AcmeEndpoint>) => {
      const before = ca.requests.length;
      await readAnew(changes);
      return ca.asked().slice(before);
    };

    it('fetches no directory and asks for no nonce', async () => {
      await readAnew();
      expect(await askedAnew()).toEqual(['POST /order/1']);
      const nonces = ca.requests.map((request) => request.protected['nonce']).filter((nonce) => nonce !== undefined);
      expect(new Set(nonces).size).toBe(2);
    });

    it('believes neither a directory nor a nonce of five minutes ago', async () => {
      await readAnew();
      await clock.sleep(5 * MINUTE);
      expect(await askedAnew()).toEqual(['GET /directory', 'HEAD /nonce', 'POST /order/1']);
    });

    it('goes on with a fresh nonce when the CA does not take the one that was left', async () => {
      await readAnew();
      ca.script('POST /order/1', problem('badNonce', 400, {}, { 'Replay-Nonce': 'fresh' }), { body: order() });
      expect(await askedAnew()).toEqual(['POST /order/1', 'POST /order/1']);
      expect(ca.requests.at(-1)?.protected['nonce']).toBe('fresh');
    });

    it('shares nothing with a session that trusts or allows something else', async () => {
      await readAnew();
      expect(await askedAnew({ allowedHosts: ['elsewhere.example'] })).toContain('GET /directory');
      const roots = `${ca.endpoint.caBundle}${ca.endpoint.caBundle}`;
      expect(await askedAnew({ caBundle: roots })).toContain('GET /directory');
    });

    it('does not remember a directory that it did not get', async () => {
      ca.script('GET /directory', { status: 404, body: 'not found' });
      await thrownBy(readAnew);
      const body = { newNonce: ca.url('/nonce'), newAccount: ca.url('/account'), newOrder: ca.url('/order') };
      ca.script('GET /directory', { body });
      expect(await askedAnew()).toContain('GET /directory');
    });
  });

  it('shares nothing with another session at another CA', async () => {
    const other = await startScriptedCa();
    const elsewhere = openSession(other.endpoint, { accountKey, accountUrl: other.url('/account/1'), clock });
    ca.script('POST /order/1', { body: order() });
    other.script('POST /order/1', problem('malformed', 404));
    await read();
    await thrownBy(() => readOrder(elsewhere, other.url('/order/1')));
    expect(other.asked()).toEqual(['GET /directory', 'HEAD /nonce', 'POST /order/1']);
    await thrownBy(() => readOrder(elsewhere, ca.url('/order/1')));
    await other.stop();
  });
});
