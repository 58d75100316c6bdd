import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { answerChallenge, readAuthorization } from '../../lambdas/acme/authorization.ts';
import { placeOrder } from '../../lambdas/acme/order.ts';
import { generatePrivateKey } from '../../lambdas/acme/private-key.ts';
import { type AcmeSession, openSession } from '../../lambdas/acme/session.ts';
import { withCa } from '../sandbox/ca/with-ca.ts';
import { authorize, sessionAt } from './orders-at.ts';
import { problem, type ScriptedCa, startScriptedCa } from './scripted-ca.ts';
import { thrownBy } from './thrown.ts';
import { waitingClock } from './waiting-clock.ts';

describe('authorizations at a CA', () => {
  it('are for the base name, of a wildcard too', () =>
    withCa({}, async (underTest) => {
      const session = await sessionAt(underTest);
      const { authorizationUrls } = await placeOrder(session, { domainNames: ['leane.dev', '*.leane.dev'] });
      const read = await Promise.all(authorizationUrls.map((url) => readAuthorization(session, url)));
      expect(read.map(({ domainName, wildcard, status }) => [domainName, wildcard, status]).sort()).toEqual([
        ['leane.dev', false, 'pending'],
        ['leane.dev', true, 'pending'],
      ]);
      expect(read[0]).toMatchObject({
        challenge: { status: 'pending', token: expect.stringMatching(/^[\w-]{22,}$/) },
      });
    }));

  it('tell why they failed', () =>
    withCa({}, async (underTest) => {
      const session = await sessionAt(underTest);
      const { authorizationUrls } = await placeOrder(session, { domainNames: ['leane.dev'] });
      const [url = ''] = authorizationUrls;
      await answerChallenge(session, await readAuthorization(session, url));
      await underTest.clock.sleep(2_000);
      const { status, challenge } = await readAuthorization(session, url);
      expect([status, challenge?.status, challenge?.problem?.status]).toEqual(['invalid', 'invalid', 400]);
      expect(challenge?.problem?.detail).toContain('_acme-challenge.leane.dev');
    }));

  it('are answered once, whatever happens to the answer', () =>
    withCa({}, async (underTest) => {
      const session = await sessionAt(underTest);
      const order = await placeOrder(session, { domainNames: ['leane.dev'] });
      underTest.faults.add({ operation: 'acme:challenge', phase: 'after', times: 1, drop: true });
      await authorize(session, order, underTest);
      expect(underTest.calls.of('acme:challenge')).toBe(1);
      expect(await readAuthorization(session, order.authorizationUrls[0] ?? '')).toMatchObject({ status: 'valid' });
    }));

  it('that are over, or being validated, need no answer', () =>
    withCa({}, async (underTest) => {
      const session = await sessionAt(underTest);
      const order = await placeOrder(session, { domainNames: ['leane.dev'] });
      const before = await readAuthorization(session, order.authorizationUrls[0] ?? '');
      await answerChallenge(session, before);
      await answerChallenge(session, before);
      await underTest.clock.sleep(2_000);
      await answerChallenge(session, before);
      underTest.calls.reset();
      await answerChallenge(session, await readAuthorization(session, before.url));
      expect(underTest.calls.of('acme:challenge')).toBe(0);
    }));
});

describe('an authorization from a CA of its own mind', () => {
  let ca: ScriptedCa;
  let session: AcmeSession;

  beforeEach(async () => {
    ca = await startScriptedCa();
    const accountKey = await generatePrivateKey('ecdsa-p256');
    session = openSession(ca.endpoint, { accountKey, accountUrl: ca.url('/account/1'), clock: waitingClock() });
  });

  afterEach(() => ca.stop());

  const dns01 = (members: object = {}) => ({
    type: 'dns-01',
    url: ca.url('/chall/1'),
    token: 'token',
    status: 'pending',
    ...members,
  });
  const authorization = (members: object = {}) => ({
    status: 'pending',
    identifier: { type: 'dns', value: 'leane.dev' },
    challenges: [dns01()],
    ...members,
  });
  const read = (body: object) => {
    ca.script('POST /authz/1', { body });
    return readAuthorization(session, ca.url('/authz/1'));
  };

  it('may offer challenges that nobody knows', async () => {
    const challenges = [{ type: 'dns-persist-01', 'issuer-domain-names': [] }, 7, null, 'dns-01', dns01()];
    expect((await read(authorization({ challenges }))).challenge).toMatchObject({ token: 'token' });
  });

  it('may name the wildcard in the identifier', async () => {
    const identifier = { type: 'dns', value: '*.Leane.dev' };
    expect(await read(authorization({ identifier }))).toMatchObject({ domainName: 'leane.dev', wildcard: true });
  });

  it('may expire at a time that makes no sense: nobody waits for it', async () => {
    expect(await read(authorization({ expires: '' }))).toMatchObject({ status: 'pending', domainName: 'leane.dev' });
  });

  it('can not be answered when it offers no dns-01', async () => {
    const without = await read(authorization({ challenges: [{ type: 'http-01' }] }));
    expect(without.challenge).toBeUndefined();
    const { code, retry, message } = await thrownBy(() => answerChallenge(session, without));
    expect([code, retry, message]).toEqual([
      'ca-refused',
      'never',
      expect.stringContaining('offers no dns-01 challenge for leane.dev'),
    ]);
  });

  it.each<[string, object]>([
    ['no identifier', { identifier: undefined }],
    ['an identifier of another type', { identifier: { type: 'ip', value: '192.0.2.1' } }],
    ['an unknown status', { status: 'maybe' }],
    ['no challenges', { challenges: undefined }],
    ['challenges that are no list', { challenges: {} }],
    [
      'a token that is not base64url',
      { challenges: [{ type: 'dns-01', url: 'https://x/', token: 'a b', status: 'pending' }] },
    ],
    ['no token', { challenges: [{ type: 'dns-01', url: 'https://x/', status: 'pending' }] }],
    [
      'a challenge on another host',
      { challenges: [{ type: 'dns-01', url: 'https://x/', token: 'a', status: 'pending' }] },
    ],
  ])('misbehaves with %s', async (_what, members) => {
    expect(await thrownBy(() => read(authorization(members)))).toMatchObject({
      code: 'ca-misbehaved',
      message: expect.stringContaining(ca.url('/authz/1')),
    });
  });

  it('is answered again after a lost answer only while it waits for one', async () => {
    const pending = await read(authorization());
    ca.script('POST /chall/1', 'drop', {});
    await answerChallenge(session, pending);
    expect(
      ca
        .asked()
        .filter((each) => each !== 'HEAD /nonce')
        .slice(-3),
    ).toEqual(['POST /chall/1', 'POST /authz/1', 'POST /chall/1']);
    expect(ca.requests.at(-1)?.payload).toEqual({});
  });

  it('is taken as answered when the CA says that it is being validated', async () => {
    const pending = await read(authorization());
    ca.script('POST /chall/1', problem('conflict', 409));
    await answerChallenge(session, pending);
    expect(ca.asked().at(-1)).toBe('POST /chall/1');
  });

  it('is taken as answered when it is over; its reason is read later', async () => {
    const pending = await read(authorization());
    ca.script('POST /chall/1', problem('malformed', 400));
    ca.script('POST /authz/1', {
      body: authorization({ status: 'invalid', challenges: [dns01({ status: 'invalid' })] }),
    });
    await answerChallenge(session, pending);
  });

  it('passes on a refusal while it waits for an answer', async () => {
    const pending = await read(authorization());
    ca.script('POST /chall/1', problem('unauthorized', 403));
    expect(await thrownBy(() => answerChallenge(session, pending))).toMatchObject({
      code: 'ca-refused',
      message: expect.stringContaining('refused to validate leane.dev: words about unauthorized'),
    });
  });
});
