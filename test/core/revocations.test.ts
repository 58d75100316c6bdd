import { describe, expect, it } from '@jest/globals';
import { parseCertificateSpec } from '../../lambdas/core/certificate-spec.ts';
import { dueFromMetadata, dueFromValue, type LivePair } from '../../lambdas/core/due.ts';
import { DAY } from '../../lambdas/core/duration.ts';
import { parseRenewEvent } from '../../lambdas/core/renew-event.ts';
import {
  isRepetition,
  parseRevocations,
  type Revocation,
  revocationsValue,
  withRevocation,
} from '../../lambdas/core/revocations.ts';

const revocation: Revocation = {
  version: 'v1',
  serialNumber: '01',
  key: 'ab',
  reason: 'keyCompromise',
  immediate: false,
  issuer: 'letsencrypt',
  by: 'run',
  at: 1_000,
  notAfter: 90 * DAY,
  certificate: 'PEM',
};

describe('a record of revocations', () => {
  it('is read as it was written', () => {
    expect(parseRevocations(revocationsValue([revocation]))).toEqual([revocation]);
    expect(parseRevocations('{"revocations":[{}]}')).toBeUndefined();
    expect(parseRevocations('no JSON')).toBeUndefined();
  });

  it('keeps the keys of what is over, and what is not over as it is', () => {
    const next = { ...revocation, key: 'cd' };
    const { certificate: _done, ...over } = revocation;
    expect(withRevocation([revocation], next, true)).toEqual([next, over]);
    expect(withRevocation([revocation], next, false)).toEqual([next, revocation]);
  });

  it('fits a secret however often it grows', () => {
    const many = Array.from({ length: 500 }, () => ({ ...revocation, certificate: undefined, key: 'f'.repeat(64) }));
    expect(revocationsValue(many).length).toBeLessThan(65_536);
  });

  it('takes what is asked within a day for a repetition', () => {
    expect(isRepetition([revocation], revocation.at + DAY - 1)).toBe(true);
    expect(isRepetition([revocation], revocation.at + DAY)).toBe(false);
    expect(isRepetition([], 0)).toBe(false);
  });
});

describe('what is due for a revocation', () => {
  const tags = {
    acm: {},
    state: 'issued',
    version: 'v2',
    notBefore: 0,
    notAfter: 90 * DAY,
    renewAt: 60 * DAY,
  } as const;
  const stages = { AWSCURRENT: 'v2', ACME_REVOKED: 'r2' };

  it.each([
    [{}, 'inspect'],
    [{ revoked: 'r1' }, 'inspect'],
    [{ revoked: 'r2' }, 'wait'],
    [{ retryAt: 2 * DAY }, 'wait'],
  ])('with the tags %j: %s', (more, action) => {
    expect(dueFromMetadata({ tags: { ...tags, ...more }, stages }, DAY)).toMatchObject({ action });
  });

  it('is a pair whose key was revoked, long before its time', () => {
    const live: LivePair = {
      kind: 'pair',
      domainNames: ['leane.dev'],
      keyType: 'ecdsa-p256',
      serialNumber: '01',
      notBefore: 0,
      notAfter: 90 * DAY,
      directoryUrl: undefined,
    };
    const spec = parseCertificateSpec({ domainNames: ['leane.dev'], issuer: 'letsencrypt' });
    const context = { now: DAY, force: false, directoryUrls: [], imports: {} };
    expect(dueFromValue(live, spec, context).action).toBe('wait');
    expect(dueFromValue({ ...live, keyIsRevoked: true }, spec, context)).toEqual({
      action: 'renew',
      reason: 'its key was revoked, or is about to be',
    });
  });
});

it.each([
  [{ certificate: 'a', revoke: { reason: 'keyCompromise' }, confirm: 'a' }, undefined],
  [{ certificate: 'a', revoke: { reason: 'keyCompromise' }, confirm: 'A' }, 'confirm: must repeat the name'],
  [{ certificate: 'a', revoke: { reason: 'removeFromCRL' }, confirm: 'a' }, 'revoke.reason must be one of'],
  [{ certificate: 'a', revoke: {}, confirm: 'a' }, 'revoke.reason'],
  [{ certificate: 'a', revoke: { reason: 'superseded', imediate: true }, confirm: 'a' }, '"revoke.imediate"'],
  [
    { certificate: 'a', revoke: { reason: 'superseded', serialNumber: 'xyz' }, confirm: 'a' },
    'must be a serial number',
  ],
])('the event %j is %p', (event, sentence) => {
  if (sentence === undefined) expect(parseRenewEvent(event)).toMatchObject({ revoke: { immediate: false } });
  else expect(() => parseRenewEvent(event)).toThrow(sentence);
});
