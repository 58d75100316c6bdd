import { beforeAll, describe, expect, it } from '@jest/globals';
import { findOrRegisterAccount } from '../../lambdas/acme/account.ts';
import { readOrder } from '../../lambdas/acme/order.ts';
import { generatePrivateKey } from '../../lambdas/acme/private-key.ts';
import { type AcmeSession, openSession } from '../../lambdas/acme/session.ts';
import { type CaUnderTest, withCa } from '../sandbox/ca/with-ca.ts';
import { problem, type ScriptedCa, startScriptedCa } from './scripted-ca.ts';
import { thrownBy } from './thrown.ts';
import { waitingClock } from './waiting-clock.ts';

const HMAC = 'zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W';
const eab = { required: true, keys: { 'kid-1': HMAC }, once: true };
const externalAccountBinding = { kid: 'kid-1', hmacKey: HMAC };
const email = 'ops@evercert.test';

let accountKey: string;

beforeAll(async () => {
  accountKey = await generatePrivateKey('ecdsa-p256');
});

function sessionWith({ ca, clock }: CaUnderTest): AcmeSession {
  const { directoryUrl, httpsRoot: caBundle } = ca;
  return openSession({ directoryUrl, caBundle, allowPrivateAddresses: true }, { accountKey, clock });
}

describe('finding or registering an account', () => {
  it('is one request, whether the account exists or not', () =>
    withCa({}, async (underTest) => {
      const { ca, calls } = underTest;
      calls.reset();
      const { accountUrl } = await findOrRegisterAccount(sessionWith(underTest), { email });
      expect(calls.by('acme')).toEqual({ directory: 1, newNonce: 1, newAccount: 1 });
      expect(ca.accounts.at(-1)).toMatchObject({ contact: [`mailto:${email}`] });

      expect(await findOrRegisterAccount(sessionWith(underTest), { email })).toEqual({ accountUrl });
      expect(calls.by('acme')).toEqual({ directory: 2, newNonce: 2, newAccount: 2 });
    }));

  it('gives an existing account the e-mail address that is wanted now, and leaves it without one', () =>
    withCa({}, async (underTest) => {
      const { ca, calls } = underTest;
      await findOrRegisterAccount(sessionWith(underTest), { email });
      await findOrRegisterAccount(sessionWith(underTest), { email: 'other@evercert.test' });
      expect(ca.accounts.at(-1)).toMatchObject({ contact: ['mailto:other@evercert.test'] });
      calls.reset();
      await findOrRegisterAccount(sessionWith(underTest));
      expect(calls.of('acme:account')).toBe(0);
    }));

  it('tells a CA that does not show the contact, as Let’s Encrypt’s, again', () =>
    withCa({}, async (underTest) => {
      const { ca, calls } = underTest;
      await findOrRegisterAccount(sessionWith(underTest));
      await findOrRegisterAccount(sessionWith(underTest), { email });
      expect(calls.of('acme:account')).toBe(1);
      expect(ca.accounts.at(-1)).toMatchObject({ contact: [`mailto:${email}`] });
    }));

  it('needs no e-mail address', () =>
    withCa({}, async (underTest) => {
      await findOrRegisterAccount(sessionWith(underTest));
      expect(underTest.ca.accounts.at(-1)?.contact ?? []).toEqual([]);
    }));

  it('binds it where the CA wants that, with a binding that serves once', () =>
    withCa({ eab }, async (underTest) => {
      const { ca, calls } = underTest;
      const account = { email, externalAccountBinding };
      const { accountUrl } = await findOrRegisterAccount(sessionWith(underTest), account);
      expect(ca.accounts).toHaveLength(1);
      calls.reset();
      expect(await findOrRegisterAccount(sessionWith(underTest), account)).toEqual({ accountUrl });
      expect(calls.of('acme:newAccount')).toBe(1);
    }));

  it('looks for the account again when the answer to the binding was lost', () =>
    withCa({ eab }, async (underTest) => {
      const { ca, faults } = underTest;
      const isBinding = (request: unknown) =>
        JSON.stringify((request as { payload: unknown }).payload).includes('externalAccountBinding');
      faults.add({ operation: 'acme:newAccount', phase: 'after', times: 1, when: isBinding, drop: true });
      await findOrRegisterAccount(sessionWith(underTest), { email, externalAccountBinding });
      expect(ca.accounts).toHaveLength(1);
    }));

  it('says what to do when the CA wants a binding and there is none', () =>
    withCa({ eab }, async (underTest) => {
      const { code, retry, message } = await thrownBy(() => findOrRegisterAccount(sessionWith(underTest), { email }));
      expect([code, retry]).toEqual(['ca-refused', 'never']);
      expect(message).toContain('give the issuer an externalAccountBinding');
    }));

  it('passes on that the binding is wrong, without its key', () =>
    withCa({ eab }, async (underTest) => {
      const hmacKey = Buffer.from('another key, not the one the CA has').toString('base64url');
      const failure = await thrownBy(
        () =>
          findOrRegisterAccount(sessionWith(underTest), { email, externalAccountBinding: { kid: 'kid-1', hmacKey } }),
        [hmacKey, accountKey],
      );
      expect(failure.code).toBe('ca-refused');
    }));

  it('passes on that the CA does not like the e-mail address', () =>
    withCa({}, async (underTest) => {
      const failure = await thrownBy(() => findOrRegisterAccount(sessionWith(underTest), { email: 'a@example.com' }));
      expect([failure.code, failure.retry]).toEqual(['ca-refused', 'never']);
      expect(failure.message).toContain("check the issuer's email");
    }));

  it('lets the session sign for the account', () =>
    withCa({}, async (underTest) => {
      const session = sessionWith(underTest);
      const url = `${new URL(underTest.ca.directoryUrl).origin}/acme/order/1/1`;
      expect(await thrownBy(() => readOrder(session, url))).toMatchObject({
        message: 'nothing can be signed to show the order before the account is known',
      });
      await findOrRegisterAccount(session);
      expect(await thrownBy(() => readOrder(session, url))).toMatchObject({ code: 'ca-refused' });
    }));
});

describe('a CA that answers newAccount strangely', () => {
  const withScript = async (
    script: (ca: ScriptedCa) => void,
    test: (session: AcmeSession, ca: ScriptedCa) => Promise<void>,
  ) => {
    const ca = await startScriptedCa();
    script(ca);
    try {
      await test(openSession(ca.endpoint, { accountKey, clock: waitingClock() }), ca);
    } finally {
      await ca.stop();
    }
  };

  it.each(['deactivated', 'revoked'])('with an account that is %s: nothing can be done with that key', (status) =>
    withScript(
      (ca) => ca.script('POST /account', { headers: { Location: ca.url('/account/1') }, body: { status } }),
      async (session) => {
        const { code, retry, message } = await thrownBy(() => findOrRegisterAccount(session));
        expect([code, retry]).toEqual(['ca-refused', 'never']);
        expect(message).toContain(`is ${status} at the CA`);
      },
    ),
  );

  it.each([undefined, 'https://elsewhere.example/account/1', 'nonsense'])(
    'with the location %p: misbehaved',
    (location) =>
      withScript(
        (ca) =>
          ca.script('POST /account', { headers: location ? { Location: location } : {}, body: { status: 'valid' } }),
        async (session) => {
          expect(await thrownBy(() => findOrRegisterAccount(session))).toMatchObject({ code: 'ca-misbehaved' });
        },
      ),
  );

  it('without a body: the account is as good as valid', () =>
    withScript(
      (ca) => ca.script('POST /account', { headers: { Location: ca.url('/account/7') } }),
      async (session, ca) => {
        expect(await findOrRegisterAccount(session)).toEqual({ accountUrl: ca.url('/account/7') });
      },
    ));

  it('that asks for the binding even when it shall only look: registers with it', () =>
    withScript(
      (ca) =>
        ca.script('POST /account', problem('externalAccountRequired', 400), {
          status: 201,
          headers: { Location: ca.url('/account/7') },
          body: { status: 'valid' },
        }),
      async (session, ca) => {
        await findOrRegisterAccount(session, { externalAccountBinding });
        expect(ca.requests.at(-1)?.payload).toMatchObject({
          externalAccountBinding: { signature: expect.any(String) },
        });
      },
    ));

  it('with HTTP 500 once: is asked again; with a rate limit: is not', () =>
    withScript(
      (ca) =>
        ca.script(
          'POST /account',
          problem('serverInternal', 500),
          problem('rateLimited', 429, {}, { 'Retry-After': '10' }),
        ),
      async (session, ca) => {
        expect(await thrownBy(() => findOrRegisterAccount(session))).toMatchObject({ code: 'ca-rate-limited' });
        expect(ca.asked().filter((each) => each === 'POST /account')).toHaveLength(2);
      },
    ));
});
