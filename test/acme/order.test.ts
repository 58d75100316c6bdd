import { afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { ariIdOf } from '../../lambdas/acme/ari-id.ts';
import { createCsr } from '../../lambdas/acme/csr.ts';
import { downloadChain, finalizeOrder, type Order, placeOrder, readOrder } from '../../lambdas/acme/order.ts';
import { splitChain } from '../../lambdas/acme/pem-chain.ts';
import { generatePrivateKey } from '../../lambdas/acme/private-key.ts';
import { problemType } from '../../lambdas/acme/problem.ts';
import { type AcmeSession, openSession } from '../../lambdas/acme/session.ts';
import { LETS_ENCRYPT_PROFILES } from '../sandbox/ca/settings.ts';
import { type CaUnderTest, withCa } from '../sandbox/ca/with-ca.ts';
import { makeChain } from './hierarchy.ts';
import { authorize, sessionAt } from './orders-at.ts';
import { problem, type Scripted, type ScriptedCa, startScriptedCa } from './scripted-ca.ts';
import { thrownBy } from './thrown.ts';
import { type WaitingClock, waitingClock } from './waiting-clock.ts';

const domainNames = ['leane.dev', '*.leane.dev'];
let privateKey: string;
let csr: Buffer;

beforeAll(async () => {
  privateKey = await generatePrivateKey('ecdsa-p256');
  csr = await createCsr(privateKey, domainNames);
});

describe('orders at a CA', () => {
  /** A session, and an order that is ready. */
  const withReady = (
    settings: Parameters<typeof withCa>[0],
    test: (session: AcmeSession, order: Order, underTest: CaUnderTest) => Promise<void>,
  ) =>
    withCa(settings, async (underTest) => {
      const session = await sessionAt(underTest);
      const order = await placeOrder(session, { domainNames });
      await authorize(session, order, underTest);
      await test(session, await readOrder(session, order.url), underTest);
    });

  describe('placing', () => {
    it('asks for a profile that the CA offers', () =>
      withCa({ profiles: { ...LETS_ENCRYPT_PROFILES } }, async (underTest) => {
        const session = await sessionAt(underTest);
        await placeOrder(session, { domainNames, profile: 'shortlived' });
        expect(underTest.ca.orders[0]).toMatchObject({ profile: 'shortlived' });
      }));

    it.each([
      ['which others it offers', { ...LETS_ENCRYPT_PROFILES }, 'it offers classic, tlsserver, shortlived'],
      ['that it offers none', {}, 'it offers none'],
    ])('refuses one that it does not offer without an order, and says %s', (_what, profiles, offer) =>
      withCa({ profiles }, async (underTest) => {
        const session = await sessionAt(underTest);
        for (const profile of ['tlsclient', 'toString', '__proto__']) {
          const { code, message } = await thrownBy(() => placeOrder(session, { domainNames, profile }));
          expect([code, message]).toEqual(['invalid-input', expect.stringContaining(offer)]);
        }
        expect(underTest.calls.of('acme:newOrder')).toBe(0);
      }),
    );

    it('says which certificate it replaces', () =>
      withReady({}, async (session, order, { clock }) => {
        await finalizeOrder(session, order, csr);
        await clock.sleep(3_000);
        const { certificate } = await downloadChain(session, await readOrder(session, order.url));
        const replaces = ariIdOf(certificate) ?? '';
        await placeOrder(session, { domainNames, replaces });
        const again = await thrownBy(() => placeOrder(session, { domainNames, replaces }));
        expect([again.code, problemType(again)]).toEqual(['ca-refused', 'alreadyReplaced']);
      }));

    it('finds the order again whose answer was lost', () =>
      withCa({}, async (underTest) => {
        const session = await sessionAt(underTest);
        underTest.faults.add({ operation: 'acme:newOrder', phase: 'after', times: 2, drop: true });
        await placeOrder(session, { domainNames });
        expect(underTest.ca.orders).toHaveLength(1);
        expect(underTest.calls.of('acme:newOrder')).toBe(3);
      }));

    it('does not repeat what was refused by a rate limit, and says until when', () =>
      withCa({}, async (underTest) => {
        const session = await sessionAt(underTest);
        const error = {
          status: 429,
          name: 'rateLimited',
          message: 'too many new orders',
          headers: { 'Retry-After': '30' },
        };
        underTest.faults.add({ operation: 'acme:newOrder', error });
        const { code, details } = await thrownBy(() => placeOrder(session, { domainNames }));
        expect([code, details.retryAt]).toEqual(['ca-rate-limited', underTest.clock.now() + 30_000]);
        expect(underTest.calls.of('acme:newOrder')).toBe(1);
      }));
  });

  describe('finalizing', () => {
    it('returns an order that is processing or valid as it is', () =>
      withReady({}, async (session, order, { clock, calls }) => {
        const processing = await finalizeOrder(session, order, csr);
        expect(await finalizeOrder(session, processing, csr)).toBe(processing);
        await clock.sleep(3_000);
        const valid = await readOrder(session, order.url);
        expect(await finalizeOrder(session, valid, csr)).toBe(valid);
        expect(calls.of('acme:finalize')).toBe(1);
      }));

    it('refuses an order that is not ready', () =>
      withCa({}, async (underTest) => {
        const session = await sessionAt(underTest);
        const order = await placeOrder(session, { domainNames });
        const failure = await thrownBy(() => finalizeOrder(session, order, csr));
        expect([failure.code, problemType(failure)]).toEqual(['ca-refused', 'orderNotReady']);
      }));

    it('is repeated while one server of the CA does not know yet that the order is ready', () =>
      withReady({}, async (session, order, { calls, clock, faults }) => {
        const error = { status: 403, name: 'orderNotReady', message: "Order's status is not acceptable" };
        faults.add({ operation: 'acme:finalize', times: 4, error });
        const began = clock.now();
        expect(await finalizeOrder(session, order, csr)).toMatchObject({ status: 'processing', accepted: true });
        expect([calls.of('acme:finalize'), clock.now() - began]).toEqual([5, 15_000]);
      }));

    it('reads the order after a lost answer, and finalizes once', () =>
      withReady({ processingMilliseconds: 60_000 }, async (session, order, { calls, faults }) => {
        faults.add({ operation: 'acme:finalize', phase: 'after', drop: true });
        expect(await finalizeOrder(session, order, csr)).toMatchObject({ status: 'processing' });
        expect([calls.of('acme:finalize'), calls.of('acme:order')]).toEqual([1, 2]);
      }));

    it('sends it again when the order is still ready', () =>
      withReady({}, async (session, order, { calls, faults }) => {
        faults.add({ operation: 'acme:finalize', times: 2, drop: true });
        expect(await finalizeOrder(session, order, csr)).toMatchObject({ status: 'processing' });
        expect([calls.of('acme:finalize'), calls.of('acme:order')]).toEqual([3, 3]);
      }));

    it('finds out that an earlier run has done it', () =>
      withReady({}, async (session, order, { clock, calls }) => {
        await finalizeOrder(session, order, csr);
        expect(await finalizeOrder(session, order, csr)).toMatchObject({ status: 'processing' });
        await clock.sleep(3_000);
        expect(await finalizeOrder(session, order, csr)).toMatchObject({ status: 'valid' });
        expect(calls.of('acme:finalize')).toBe(3);
      }));

    it('does not send it again after 503 with a Retry-After of an hour: the order can be resumed', () =>
      withReady({}, async (session, order, { clock, calls, faults }) => {
        const error = { status: 503, name: 'rateLimited', message: 'busy', headers: { 'Retry-After': '3600' } };
        faults.add({ operation: 'acme:finalize', error });
        expect(await thrownBy(() => finalizeOrder(session, order, csr))).toMatchObject({
          code: 'ca-rate-limited',
          details: { retryAt: clock.now() + 3_600_000 },
        });
        expect(calls.of('acme:finalize')).toBe(1);
      }));

    it('passes on why the CA does not like the request', () =>
      withReady({}, async (session, order) => {
        const other = await createCsr(privateKey, ['leane.dev']);
        const { code, message } = await thrownBy(() => finalizeOrder(session, order, other), [privateKey]);
        expect([code, message]).toEqual([
          'ca-refused',
          expect.stringContaining('CSR does not specify same identifiers as Order'),
        ]);
      }));

    it('shows why an order failed while it was processing', () => {
      const refusal = { type: 'urn:ietf:params:acme:error:caa', detail: 'CAA record prevents issuance', status: 403 };
      return withReady({ refuseIssuance: () => refusal }, async (session, order, { clock }) => {
        await finalizeOrder(session, order, csr);
        await clock.sleep(3_000);
        expect(await readOrder(session, order.url)).toMatchObject({
          status: 'invalid',
          problem: { ...refusal, url: order.url },
        });
      });
    });
  });

  describe('downloading', () => {
    const withValid = (test: (session: AcmeSession, order: Order, underTest: CaUnderTest) => Promise<void>) =>
      withReady({ processingMilliseconds: 0 }, async (session, order, underTest) => {
        await test(session, await finalizeOrder(session, order, csr), underTest);
      });

    it('splits leaf and intermediates, as clean PEM', () =>
      withValid(async (session, order) => {
        const { certificate, chain } = await downloadChain(session, order);
        expect([splitChain(certificate), splitChain(chain)]).toEqual([[certificate], [chain]]);
        expect(certificate).toMatch(/^-----BEGIN CERTIFICATE-----\n([\w+/=]{1,64}\n)+-----END CERTIFICATE-----\n$/);
      }));

    it('takes an alternate chain that ends below the preferred root', () =>
      withValid(async (session, order, { calls }) => {
        const { certificate, chain } = await downloadChain(session, order, { preferredChain: 'Sandbox Root X2' });
        expect(splitChain(chain)).toHaveLength(2);
        expect(certificate).toBe((await downloadChain(session, order)).certificate);
        expect(calls.of('acme:certificate')).toBe(3);
      }));

    it('looks at no alternate when the default chain is the preferred one', () =>
      withValid(async (session, order, { calls }) => {
        expect(
          splitChain((await downloadChain(session, order, { preferredChain: 'Sandbox Root X1' })).chain),
        ).toHaveLength(1);
        expect(calls.of('acme:certificate')).toBe(1);
      }));

    it('takes the default chain when there is no such root', () =>
      withValid(async (session, order) => {
        expect(
          splitChain((await downloadChain(session, order, { preferredChain: 'DST Root CA X3' })).chain),
        ).toHaveLength(1);
      }));

    it('needs a valid order', () =>
      withReady({}, async (session, order) => {
        expect(await thrownBy(() => downloadChain(session, order))).toMatchObject({ code: 'order-failed' });
      }));
  });
});

describe('a CA whose answers make no sense', () => {
  let ca: ScriptedCa;
  let clock: WaitingClock;
  let session: AcmeSession;

  beforeEach(async () => {
    ca = await startScriptedCa();
    clock = waitingClock();
    const accountKey = await generatePrivateKey('ecdsa-p256');
    session = openSession(ca.endpoint, { accountKey, accountUrl: ca.url('/account/1'), clock });
  });

  afterEach(() => ca.stop());

  const order = (members: object = {}) => ({
    status: 'ready',
    identifiers: domainNames.map((value) => ({ type: 'dns', value })),
    authorizations: [ca.url('/authz/1')],
    finalize: ca.url('/finalize/1'),
    ...members,
  });
  const readScripted = async (answer: Scripted) => {
    ca.script('POST /order/1', answer);
    return readOrder(session, ca.url('/order/1'));
  };

  it.each<[string, object | string]>([
    ['is HTML', '<html>'],
    ['is an array', []],
    ['has no status', { status: undefined }],
    ['has an unknown status', { status: 'revalidating' }],
    ['has a status of another type', { status: 7 }],
    ['has no identifiers', { identifiers: undefined }],
    ['has identifiers that are no list', { identifiers: 'leane.dev' }],
    ['has an identifier that is no object', { identifiers: [null] }],
    ['has an identifier of another type', { identifiers: [{ type: 'ip', value: '192.0.2.1' }] }],
    ['waits for nothing', { status: 'pending', authorizations: [] }],
    ['has an authorization on another host', { authorizations: ['https://elsewhere.example/1'] }],
    ['has an authorization that is no URL', { authorizations: [7] }],
    ['has thousands of authorizations', { authorizations: Array(1_001).fill('https://localhost/') }],
    ['has no finalize URL', { finalize: null }],
    ['has a certificate on another host', { certificate: 'https://elsewhere.example/1' }],
    ['expires some time', { expires: 'tomorrow' }],
    ['expires at a date that does not exist', { expires: '2026-13-24T12:00:00Z' }],
  ])('misbehaves when an order %s', async (_what, members) => {
    const body = typeof members === 'string' || Array.isArray(members) ? members : order(members);
    const { code, message } = await thrownBy(() => readScripted({ body }));
    expect([code, message]).toEqual(['ca-misbehaved', expect.stringContaining(ca.url('/order/1'))]);
    expect(clock.slept).toEqual([]);
  });

  it('is forgiven unknown members, a missing expiry, fractions of seconds, and authorizations that nobody needs', async () => {
    const body = order({ authorizations: undefined, expires: '2026-11-24T14:00:00.123456789+01:00', newThing: {} });
    expect(await readScripted({ body, headers: { 'Retry-After': '0' } })).toEqual({
      url: ca.url('/order/1'),
      status: 'ready',
      domainNames,
      authorizationUrls: [],
      finalizeUrl: ca.url('/finalize/1'),
      expires: Date.UTC(2026, 10, 24, 13, 0, 0, 123),
      retryAfterMilliseconds: 1_000,
    });
  });

  it('is forgiven a certificate to be replaced that makes no sense: nobody reads it', async () => {
    expect(await readScripted({ body: order({ replaces: '' }) })).toMatchObject({ status: 'ready', domainNames });
  });

  it.each([undefined, 'https://elsewhere.example/order/1'])(
    'misbehaves when a new order is at %p',
    async (location) => {
      ca.script('POST /order', { status: 201, body: order(), headers: location ? { Location: location } : {} });
      expect(await thrownBy(() => placeOrder(session, { domainNames }))).toMatchObject({
        code: 'ca-misbehaved',
        message: expect.stringContaining('Location'),
      });
    },
  );

  it('misbehaves when a new order is for other names', async () => {
    const body = order({ identifiers: [{ type: 'dns', value: 'evil.example' }] });
    ca.script('POST /order', { status: 201, body, headers: { Location: ca.url('/order/1') } });
    expect(await thrownBy(() => placeOrder(session, { domainNames }))).toMatchObject({
      code: 'ca-misbehaved',
      message: expect.stringContaining('it is for evil.example instead of leane.dev, *.leane.dev'),
    });
  });

  it('is not asked for an order on another host', async () => {
    const { code } = await thrownBy(() => readOrder(session, 'https://elsewhere.example/order/1'));
    expect(code).toBe('ca-misbehaved');
    expect(ca.asked()).not.toContain('POST /order/1');
  });

  describe('instead of a certificate', () => {
    const download = async (answer: Scripted, preferredChain?: string) => {
      ca.script('POST /cert/1', answer);
      const valid = await readScripted({ body: order({ status: 'valid', certificate: ca.url('/cert/1') }) });
      return downloadChain(session, valid, preferredChain ? { preferredChain } : {});
    };
    const certificates = (body: string, headers: Readonly<Record<string, string>> = {}): Scripted => ({
      body,
      headers: { 'Content-Type': 'application/pem-certificate-chain', ...headers },
    });

    it.each([
      ['HTML', { body: '<html>' }, 'is no certificate'],
      ['JSON', { body: { certificate: 'x' } }, 'is no certificate'],
      ['nothing', { body: '' }, 'is no certificate'],
      ['half a certificate', { body: '-----BEGIN CERTIFICATE-----\nMIIB' }, "can't be read"],
      [
        'PEM of something else',
        { body: '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----' },
        "can't be read",
      ],
      [
        'thousands of certificates',
        { body: '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n'.repeat(3_000) },
        'holds a chain of 3000 certificates',
      ],
    ])('%s is nonsense', async (_what, answer, why) => {
      const { code, message } = await thrownBy(() => download(answer));
      expect([code, message]).toEqual(['ca-misbehaved', expect.stringContaining(why)]);
    });

    it('a valid order without a URL is nonsense', async () => {
      const valid = await readScripted({ body: order({ status: 'valid' }) });
      expect(await thrownBy(() => downloadChain(session, valid))).toMatchObject({ code: 'ca-misbehaved' });
    });

    it('a chain with the root, with text between and with other line ends is cleaned', async () => {
      const { leaf, intermediate, root } = await makeChain(domainNames);
      const body = [`subject=leaf\n${leaf.pem}`, intermediate.pem.replaceAll('\n', '\r\n'), root.pem.trim()].join('');
      expect(await download(certificates(body))).toEqual({
        certificate: splitChain(leaf.pem)[0],
        chain: splitChain(intermediate.pem)[0],
      });
    });

    it('an alternate with another leaf, or on another host, is not taken', async () => {
      const [usual, other] = [
        await makeChain(domainNames),
        await makeChain(domainNames, { root: { subject: 'Other Root' } }),
      ];
      ca.script('POST /cert/2', certificates(other.leaf.pem + other.intermediate.pem));
      const body = usual.leaf.pem + usual.intermediate.pem;
      const link = { Link: '</directory>;rel="index", </cert/2>; title="x"; rel="alternate up"' };
      expect((await download(certificates(body, link), 'Other Root')).certificate).toBe(splitChain(usual.leaf.pem)[0]);
      expect(ca.asked().at(-1)).toBe('POST /cert/2');
      const elsewhere = { Link: '<https://elsewhere.example/2>;rel=alternate' };
      expect(await thrownBy(() => download(certificates(body, elsewhere), 'Other Root'))).toMatchObject({
        code: 'ca-misbehaved',
      });
    });
  });

  it('that says orderNotReady, and that the order is ready, is not asked for ever', async () => {
    ca.script('POST /finalize/1', problem('orderNotReady', 403));
    const ready = await readScripted({ body: order() });
    const failure = await thrownBy(() => finalizeOrder(session, ready, csr));
    expect([failure.code, problemType(failure)]).toEqual(['ca-refused', 'orderNotReady']);
    expect(ca.asked().filter((each) => each === 'POST /finalize/1')).toHaveLength(5);
  });
});
