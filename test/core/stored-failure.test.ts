import { describe, expect, it } from '@jest/globals';
import { type FailureDetails, RenewalFailure } from '../../lambdas/core/failure.ts';
import { parseStoredFailure, toStoredFailure } from '../../lambdas/core/stored-failure.ts';

const problem = {
  type: 'urn:ietf:params:acme:error:caa',
  status: 403,
  detail: 'no',
  url: 'https://ca.example/order/1',
};

describe('A stored failure', () => {
  it('comes back with its code, message, class and details', () => {
    const aws = { name: 'AccessDenied', operation: 'GetSecretValue', requestId: 'r' };
    const all: Required<FailureDetails> = { problem, aws, retryAt: 5, issuer: 'letsencrypt', issuedAt: 6 };
    const failure = new RenewalFailure('ca-refused', 'the CA refused', { retry: 'never', details: all });
    const { code, message, retry, details } = parseStoredFailure(toStoredFailure(failure)) ?? {};
    expect({ code, message, retry, details }).toEqual({
      code: 'ca-refused',
      message: 'the CA refused',
      retry: 'never',
      details: all,
    });
  });

  it('holds neither the cause nor the stack', () => {
    const cause = new Error('POST {"privateKey":"secret"}');
    const { message, data } = toStoredFailure(new RenewalFailure('aws-refused', 'no', { cause }));
    expect(message + data).not.toMatch(/privateKey|stack|stored-failure/);
  });

  it('stays far below the 32 KB that Lambda allows, and gives up the parts of the problem first', () => {
    const subproblems = Array.from({ length: 20 }, () => ({ type: 'caa', detail: 'x'.repeat(1000) }));
    const details = { problem: { ...problem, subproblems }, retryAt: 5 };
    const stored = toStoredFailure(new RenewalFailure('ca-refused', 'ü'.repeat(100_000), { details }));
    expect(Buffer.byteLength(JSON.stringify(stored))).toBeLessThan(32_000);
    expect(parseStoredFailure(stored)?.details).toEqual({ problem, retryAt: 5 });
  });

  it('gives up the problem, but not when to try again, when that is still too long', () => {
    const details = { problem: { ...problem, detail: 'x'.repeat(10_000) }, retryAt: 5 };
    const stored = toStoredFailure(new RenewalFailure('ca-refused', 'no', { details }));
    expect(parseStoredFailure(stored)?.details).toEqual({ retryAt: 5 });
  });

  it.each([
    ['no JSON', '{'],
    ['nothing', ''],
    ['a code of another version', '{"code":"moon-phase","retry":"later","details":{}}'],
  ])('that is %s is not taken for one', (_, data) => {
    expect(parseStoredFailure({ message: 'no', data })).toBeUndefined();
  });
});
