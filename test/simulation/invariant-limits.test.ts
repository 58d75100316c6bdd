import { beforeEach, describe, expect, it } from '@jest/globals';
import { DAY, HOUR, MINUTE } from '../../lambdas/core/duration.ts';
import type { Fault } from '../sandbox/faults.ts';
import { createTestIssuer } from '../sandbox/issue-certificate.ts';
import type { Watch } from './invariant.ts';
import { caLimits } from './invariant-limits.ts';
import type { World } from './world.ts';

const BEGIN = Date.UTC(2026, 0, 1);
const LIMITED: Fault = {
  operation: 'acme:newOrder',
  error: { status: 429, name: 'rateLimited', message: '', headers: { 'Retry-After': '7200' } },
};

describe('What is watched of a CA’s limits', () => {
  let now: number;
  let run: { readonly number: number; readonly began: number };
  let authorizations: object[];
  let orders: object[];
  let forced: World['forced'];
  let pairs: Readonly<Record<string, object>>;
  let watch: Watch;

  beforeEach(() => {
    now = BEGIN;
    run = { number: 1, began: BEGIN };
    [authorizations, orders, forced, pairs] = [[], [], [], {}];
    const specs = ['a.dev', 'b.dev'].map((name) => [`evercert/${name}`, { domainNames: [name] }] as const);
    const value = (secret: string, stage = 'AWSCURRENT') =>
      JSON.stringify(stage === 'ACME_SPEC' ? Object.fromEntries(specs)[secret] : (pairs[secret] ?? {}));
    const world = {
      scenario: { skew: 0, isLetsEncrypt: true, fleet: [{ name: 'a.dev' }, { name: 'b.dev' }] },
      forced,
      sandbox: {
        clock: { now: () => now, served: () => run },
        secretsManager: { value },
        ca: { authorizations, orders, certificates: [] },
      },
    };
    watch = caLimits(world as unknown as World, new Map());
  });

  const request = (name = 'a.dev') => ({ account: { id: 1 }, payload: { identifiers: [{ value: name }] } });
  const newOrder = (name?: string) => watch.effect?.('acme:newOrder', request(name));
  const isRefused = (name?: string) => watch.hit?.('acme:newOrder', LIMITED, request(name));

  it('are five failed validations of a name in an hour', () => {
    // Orders of one moment fail at their own: not when they were placed, nor when they would have expired.
    const validation = (name: string, status: string, validated: number) =>
      authorizations.push({ name, status, expires: BEGIN + DAY, challenges: [{ status, validated }] });
    for (let failed = 0; failed < 5; failed += 1) validation('a.dev', 'invalid', BEGIN + failed * MINUTE);
    validation('b.dev', 'invalid', BEGIN);
    validation('a.dev', 'valid', BEGIN);
    validation('a.dev', 'invalid', BEGIN + HOUR);
    expect(watch.end?.()).toBeUndefined();
    validation('a.dev', 'invalid', BEGIN + 59 * MINUTE);
    expect(watch.end?.()).toBe('6 failed validations of a.dev within 1 hours; the limit is 5');
  });

  it('are five certificates for the same names in a week, without those that replace one', () => {
    const order = { names: ['a.dev'], certificate: {}, replaces: undefined };
    for (let issued = 0; issued < 5; issued += 1) orders.push({ ...order, created: BEGIN + issued * DAY });
    orders.push(
      { ...order, replaces: 'another', created: BEGIN },
      { ...order, certificate: undefined, created: BEGIN },
    );
    orders.push({ ...order, names: ['b.dev'], created: BEGIN }, { ...order, created: BEGIN + 7 * DAY });
    expect(watch.end?.()).toBeUndefined();
    orders.push({ ...order, created: BEGIN + 6 * DAY });
    expect(watch.end?.()).toBe('6 certificates for a.dev within 168 hours; the limit is 5');
  });

  it('is a Retry-After, which the run that was told keeps from then on', () => {
    isRefused();
    now += 1_000;
    expect(newOrder()).toMatch('120 minutes before the end');
    now += 3 * HOUR;
    expect(newOrder()).toBeUndefined();
  });

  it('is a Retry-After, which one that is refused again has not kept either', () => {
    isRefused();
    now += 1_000;
    isRefused();
    expect(watch.end?.()).toMatch('120 minutes before the end');
  });

  it('is a Retry-After, after which a run that was under way asks once, and one that begins later does not', () => {
    isRefused();
    now += 5 * MINUTE;
    run = { number: 2, began: BEGIN };
    expect(newOrder('b.dev')).toBeUndefined();
    expect(newOrder('b.dev')).toMatch('115 minutes before the end');
    run = { number: 3, began: now };
    expect(newOrder('b.dev')).toMatch('115 minutes before the end');
    run = { number: 4, began: BEGIN };
    now += 12 * MINUTE;
    expect(newOrder('b.dev')).toMatch('103 minutes before the end');
  });

  it('is not a Retry-After that nobody heard, because the request had been held up for longer than its run', () => {
    watch.hit?.('acme:newOrder', { operation: 'acme:newOrder', delay: 19 * MINUTE }, request());
    now += 19 * MINUTE;
    isRefused();
    now += HOUR;
    run = { number: 2, began: now };
    expect(newOrder()).toBeUndefined();
    // The next one heard it.
    isRefused();
    now += HOUR;
    run = { number: 3, began: now };
    expect(newOrder()).toMatch('60 minutes before the end');
  });

  it('holds although another request than the order’s had been held up', () => {
    watch.hit?.('acm:ImportCertificate', { operation: 'acm:ImportCertificate', delay: 19 * MINUTE }, {});
    now += 19 * MINUTE;
    isRefused();
    now += HOUR;
    run = { number: 2, began: now };
    expect(newOrder()).toMatch('60 minutes before the end');
  });

  it('may be broken by a request that was under way before another run was told', () => {
    watch.hit?.('acme:newOrder', { operation: 'acme:newOrder', delay: 19 * MINUTE }, request());
    now += MINUTE;
    run = { number: 2, began: now };
    isRefused();
    now += 18 * MINUTE;
    run = { number: 1, began: BEGIN };
    expect(newOrder()).toBeUndefined();
  });

  it('lets a hand force the certificate that it names, and no other', () => {
    isRefused();
    now += HOUR;
    run = { number: 2, began: now };
    forced.push({ certificate: 'b.dev', at: now });
    expect(newOrder('b.dev')).toBeUndefined();
    expect(newOrder('a.dev')).toMatch('60 minutes before the end');
  });

  it('is not used for what nobody needs: before the middle of a lifetime, unless that certificate was forced', async () => {
    const [notBefore, notAfter] = [BEGIN, BEGIN + 10 * DAY];
    const issuer = await createTestIssuer();
    const pair = await issuer.issue({ names: ['a.dev'], notBefore, notAfter });
    pairs = { 'evercert/a.dev': { ...pair, issued: { notBefore: new Date(notBefore).toISOString() } } };
    now += 4 * DAY;
    forced.push({ certificate: 'b.dev', at: now });
    expect(newOrder()).toBe('an order was placed for a.dev, whose certificate has 60 % of its lifetime left');
    forced.push({ certificate: 'a.dev', at: now });
    expect(newOrder()).toBeUndefined();
    forced.splice(0);
    now += DAY;
    expect(newOrder()).toBeUndefined();
  });
});
