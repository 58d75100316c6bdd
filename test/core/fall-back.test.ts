import { describe, expect, it } from '@jest/globals';
import { DAY } from '../../lambdas/core/duration.ts';
import type { FailureCode, FailureDetails } from '../../lambdas/core/failure.ts';
import { fallBackAt, leavesTurnToSlow, mayFallBack } from '../../lambdas/core/fall-back.ts';

const issuedAt = Date.parse('2026-11-01T00:00:00Z');
const live = { notBefore: issuedAt, notAfter: issuedAt + 80 * DAY };
const lastQuarter = issuedAt + 60 * DAY;

const refused = (type: string, subproblems: readonly string[] = []): FailureDetails => {
  const named = (short: string) => `urn:ietf:params:acme:error:${short}`;
  const parts = subproblems.map((each) => ({ type: named(each), detail: '', identifier: 'leane.dev' }));
  return { problem: { type: named(type), status: 400, detail: '', url: '', subproblems: parts } };
};
const asked = (code: FailureCode, details: FailureDetails = {}, now = issuedAt) =>
  mayFallBack({ code, details }, undefined, now);

describe('the next issuer', () => {
  it.each(['ca-unreachable', 'ca-rate-limited', 'account-paused', 'budget-used-up'] as const)(
    'is asked after %s',
    (code) => expect(asked(code)).toBe(true),
  );

  it.each([
    'caa-forbids',
    'challenge-failed',
    'no-hosted-zone',
    'propagation-timeout',
    'order-failed',
    'ca-misbehaved',
    'invalid-input',
    'lower-trust',
    'attempt-timeout',
  ] as const)('is not asked after %s', (code) => expect(asked(code)).toBe(false));

  it('is asked when the policy of the CA is against the names, and after no other refusal', () => {
    expect(asked('ca-refused', refused('rejectedIdentifier'))).toBe(true);
    expect(asked('ca-refused', refused('compound', ['rejectedIdentifier', 'unsupportedIdentifier']))).toBe(true);
    for (const type of ['caa', 'dns', 'unauthorized', 'malformed', 'compound']) {
      expect(asked('ca-refused', refused(type))).toBe(false);
    }
    expect(asked('ca-refused', refused('compound', ['rejectedIdentifier', 'dns']))).toBe(false);
    expect(asked('ca-refused')).toBe(false);
  });

  it('is asked for a live certificate only in its last quarter', () => {
    const at = (now: number) => mayFallBack({ code: 'ca-unreachable', details: {} }, live, now);
    expect([at(issuedAt), at(lastQuarter - 1), at(lastQuarter), at(live.notAfter + DAY)]).toEqual([
      false,
      false,
      true,
      true,
    ]);
    expect(fallBackAt({ code: 'ca-unreachable', details: {} }, live)).toBe(lastQuarter);
    expect(fallBackAt({ code: 'challenge-failed', details: {} }, live)).toBeUndefined();
  });
});

describe('an issuer that is slow', () => {
  it.each(['caa-forbids', 'invalid-input', 'lower-trust', 'ca-refused', 'no-hosted-zone', 'ca-unreachable'] as const)(
    'has its turn after %s of another one',
    (code) => expect(leavesTurnToSlow({ code, details: {} })).toBe(true),
  );

  it.each(['claim-lost', 'attempt-timeout', 'other-version', 'no-longer-due', 'spec-changed-back'] as const)(
    'has none after %s, which ends the attempt',
    (code) => expect(leavesTurnToSlow({ code, details: {} })).toBe(false),
  );
});
