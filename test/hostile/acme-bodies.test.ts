import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { findOrRegisterAccount } from '../../lambdas/acme/account.ts';
import { changeAccountKey } from '../../lambdas/acme/account-key-change.ts';
import { answerChallenge, readAuthorization } from '../../lambdas/acme/authorization.ts';
import { downloadChain, finalizeOrder, placeOrder, readOrder } from '../../lambdas/acme/order.ts';
import { generatePrivateKey } from '../../lambdas/acme/private-key.ts';
import { readRenewalInfo } from '../../lambdas/acme/renewal-info.ts';
import { revokeCertificate } from '../../lambdas/acme/revocation.ts';
import { type AcmeSession, directoryOf, openSession } from '../../lambdas/acme/session.ts';
import { makeChain } from '../acme/hierarchy.ts';
import { type ScriptedCa, startScriptedCa } from '../acme/scripted-ca.ts';
import { waitingClock } from '../acme/waiting-clock.ts';
import { HOSTILE_BODIES } from './corpus/acme-bodies.ts';
import { damaged, hostileJson, hostileText } from './hostile-json.ts';
import { runs } from './runs.ts';
import { kindOf, typed } from './typed.ts';

/** Twenty-one nonces, each with a look for a new one, three times, and what precedes them. */
const MOST_REQUESTS = 150;

describe('A hostile CA', () => {
  let ca: ScriptedCa;
  let accountKey: string;
  let leaf: string;
  let session: AcmeSession;
  const clock = waitingClock();

  beforeAll(async () => {
    ca = await startScriptedCa();
    accountKey = await generatePrivateKey('ecdsa-p256');
    leaf = (await makeChain(['leane.dev'])).leaf.pem;
  });
  afterAll(() => ca.stop());
  const reset = () => {
    ca.requests.length = 0;
    ca.script('GET /directory', { body: bodies().directory });
    ca.script('HEAD /nonce', {});
    session = openSession(ca.endpoint, { accountKey, accountUrl: ca.url('/acct/1'), clock });
  };
  beforeEach(reset);

  const bodies = () => ({
    directory: {
      newNonce: ca.url('/nonce'),
      newAccount: ca.url('/account'),
      newOrder: ca.url('/order'),
      revokeCert: ca.url('/revoke'),
      keyChange: ca.url('/key'),
      renewalInfo: ca.url('/ari'),
      meta: { profiles: { classic: 'words' }, caaIdentities: ['ca.example'], externalAccountRequired: false },
    },
    account: { status: 'valid', contact: ['mailto:a@leane.dev'] },
    order: {
      status: 'ready',
      expires: '2026-12-24T00:00:00Z',
      identifiers: [{ type: 'dns', value: 'leane.dev' }],
      authorizations: [ca.url('/authz')],
      finalize: ca.url('/finalize'),
      certificate: ca.url('/cert'),
      error: {
        type: 'urn:ietf:params:acme:error:caa',
        detail: 'words',
        subproblems: [{ type: 'x', identifier: { value: 'y' } }],
      },
      replaces: 'a.b',
    },
    authorization: {
      status: 'pending',
      expires: '2026-12-24T00:00:00Z',
      identifier: { type: 'dns', value: 'leane.dev' },
      wildcard: true,
      challenges: [
        { type: 'dns-01', url: ca.url('/chall'), status: 'pending', token: 'abc', error: { type: 'x', detail: 'y' } },
      ],
    },
    renewalInfo: {
      suggestedWindow: { start: '2026-12-01T00:00:00Z', end: '2026-12-02T00:00:00Z' },
      explanationURL: 'https://ca.example/why',
    },
    problem: {
      type: 'urn:ietf:params:acme:error:rateLimited',
      detail: 'words',
      status: 429,
      instance: 'https://ca.example/why',
      subproblems: [
        { type: 'urn:ietf:params:acme:error:caa', detail: 'words', identifier: { type: 'dns', value: 'a' } },
      ],
    },
  });
  const order = () => ({
    url: ca.url('/order/1'),
    status: 'valid' as const,
    domainNames: ['leane.dev'],
    authorizationUrls: [ca.url('/authz')],
    finalizeUrl: ca.url('/finalize'),
    certificateUrl: ca.url('/cert'),
  });

  /** What is asked, where, and what a CA answers that means well. */
  const works = () => ({
    directory: { at: 'GET /directory', body: bodies().directory, work: () => directoryOf(session) },
    account: {
      at: 'POST /account',
      body: bodies().account,
      work: () => findOrRegisterAccount(session, { email: 'a@leane.dev' }),
    },
    'new order': {
      at: 'POST /order',
      body: bodies().order,
      work: () => placeOrder(session, { domainNames: ['leane.dev'], profile: 'classic' }),
    },
    order: { at: 'POST /order/1', body: bodies().order, work: () => readOrder(session, ca.url('/order/1')) },
    authorization: {
      at: 'POST /authz',
      body: bodies().authorization,
      work: () => readAuthorization(session, ca.url('/authz')),
    },
    challenge: {
      at: 'POST /chall',
      body: bodies().authorization.challenges[0],
      work: () =>
        answerChallenge(session, {
          url: ca.url('/authz'),
          domainName: 'leane.dev',
          challenge: { url: ca.url('/chall'), status: 'pending' },
        }),
    },
    finalization: {
      at: 'POST /finalize',
      body: bodies().order,
      work: () => finalizeOrder(session, { ...order(), status: 'ready' }, leaf),
    },
    certificate: {
      at: 'POST /cert',
      body: leaf,
      work: () => downloadChain(session, order(), { preferredChain: 'Root' }),
    },
    'renewal information': {
      at: 'GET /ari/a.b',
      body: bodies().renewalInfo,
      work: () => readRenewalInfo({ ...ca.endpoint, renewalInfoUrl: ca.url('/ari') }, 'a.b', { clock }),
    },
    revocation: {
      at: 'POST /revoke',
      body: {},
      work: () => revokeCertificate(session, { certificate: leaf, reason: 'superseded', signedBy: 'account' }),
    },
    'key change': { at: 'POST /key', body: {}, work: () => changeAccountKey(session, accountKey) },
  });
  type Work = keyof ReturnType<typeof works>;
  const NAMES: readonly Work[] = [
    'directory',
    'account',
    'new order',
    'order',
    'authorization',
    'challenge',
    'finalization',
    'certificate',
    'renewal information',
    'revocation',
    'key change',
  ];

  it.each(NAMES)('is answered with a typed error, or believed, within a few requests: %s', async (name) => {
    const { at, body, work } = works()[name];
    const status = fc.oneof(
      { weight: 4, arbitrary: fc.constantFrom(200, 201) },
      fc.constantFrom(202, 204, 299, 400, 403, 404, 409, 429, 500, 503, 599, 999),
    );
    const headers = fc.record(
      {
        'Content-Type': fc.constantFrom(
          'application/json',
          'application/problem+json',
          'text/html; charset=x',
          'application/pem-certificate-chain',
          '',
        ),
        'Retry-After': fc.oneof(
          fc.constantFrom('0', '-1', '99999999999999', 'Fri, 31 Dec 9999 23:59:59 GMT', '1e3', 'soon'),
          headerText,
        ),
        Location: fc.oneof(
          fc.constantFrom(
            '/order/1',
            ca.url('/order/1'),
            'https://attacker.example/',
            '//x',
            'http://[',
            `https://${ca.host}:0/`,
          ),
          headerText,
        ),
        Link: fc.oneof(
          fc.constantFrom(
            '<>;rel="alternate"',
            `<${ca.url('/cert')}>;rel="alternate"`.repeat(50),
            '<<<<;rel=alternate',
            '<data:,>; rel="alternate"',
          ),
          headerText,
        ),
        'Replay-Nonce': fc.oneof(fc.constantFrom('a, b', '', 'x'.repeat(4_000)), headerText),
        'Content-Encoding': fc.constantFrom('gzip', 'br'),
      },
      { requiredKeys: [] },
    );
    const text = fc.oneof(
      { weight: 4, arbitrary: damaged(body).map(asText) },
      { weight: 2, arbitrary: damaged(bodies().problem).map(asText) },
      hostileText,
      hostileJson.map(asText),
      damaged(body).map((json) => asText(json).slice(0, -5)),
    );
    const property = fc.asyncProperty(text, status, headers, async (answer, code, its) => {
      reset();
      ca.script(at, {
        status: code,
        headers: { ...(at.startsWith('POST /order') ? { Location: ca.url('/order/1') } : {}), ...its },
        body: answer,
      });
      const outcome = await typed<unknown>(work, [accountKey]);
      if ('failure' in outcome)
        expect([
          'ca-misbehaved',
          'ca-refused',
          'ca-rate-limited',
          'ca-unreachable',
          'account-paused',
          'invalid-input',
          'order-failed',
        ]).toContain(outcome.failure.code);
      expect(ca.requests.length).toBeLessThanOrEqual(MOST_REQUESTS);
    });
    await fc.assert(property, runs(0.15));
  });

  it.each(HOSTILE_BODIES)('$what', async ({ to, status = 200, body, code, words }) => {
    const { at, work } = works()[to];
    ca.script(at, { status, headers: { Location: ca.url('/order/1') }, body });
    const outcome = await typed<unknown>(work, [accountKey]);
    expect(kindOf(outcome)).toBe(code);
    if (words !== undefined) expect('failure' in outcome && outcome.failure.message).toMatch(words);
    expect(ca.requests.length).toBeLessThanOrEqual(MOST_REQUESTS);
  });
});

/** What Node's server lets out: it has rules of its own for what a header holds. */
const headerText = hostileText.map((text) => text.replace(/[^\t -~\u0080-\u00ff]/g, '').slice(0, 2_000));

function asText(json: unknown): string {
  return typeof json === 'string' ? json : (JSON.stringify(json) ?? '');
}
