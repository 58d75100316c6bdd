import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { problemType } from '../../lambdas/acme/problem.ts';
import { RenewalFailure } from '../../lambdas/core/failure.ts';
import { parseRevocations } from '../../lambdas/core/revocations.ts';
import { parseStoredFailure, toStoredFailure } from '../../lambdas/core/stored-failure.ts';
import { ATTEMPT_SCHEMA, expectOwnAttempt } from '../../lambdas/renewal/attempt.ts';
import { isOtherVersion, parsePending } from '../../lambdas/renewal/claim/pending.ts';
import { readFailure } from '../../lambdas/renewal/outcome/last-failure.ts';
import { MemoryVault } from '../fakes/memory-vault.ts';
import { HOSTILE_CHECKPOINTS } from './corpus/checkpoints.ts';
import { damaged, hostileJson, hostileText } from './hostile-json.ts';
import { runs } from './runs.ts';
import { expectPrintable, kindOf, typedNow } from './typed.ts';

const FAILURE = {
  code: 'ca-refused',
  retry: 'later',
  details: {
    problem: {
      type: 'urn:ietf:params:acme:error:caa',
      status: 403,
      detail: 'no',
      url: 'https://ca.example/',
      subproblems: [{ type: 'x', detail: 'y' }],
    },
    aws: { name: 'Throttling', operation: 'acm:ImportCertificate', requestId: 'f00d' },
    retryAt: 5,
    issuer: 'sandbox',
  },
};
const RECORD = { recordName: '_acme-challenge.leane.dev', zoneId: 'Z1', zoneName: 'leane.dev', values: ['v'] };
const PENDING = {
  schema: 1,
  generation: 'g',
  attempt: 1,
  owner: 'o',
  leaseUntil: 1,
  claim: 'c',
  spec: '',
  key: 'ecdsa-p256',
  privateKey: 'p',
  resumes: true,
  order: {
    url: 'https://ca.example/order/1',
    directoryUrl: 'https://ca.example/',
    accountUrl: 'https://ca.example/a',
    mayIssueUntil: 5,
  },
  records: [RECORD],
  leftovers: [RECORD],
  zones: [{ zoneId: 'Z1', zoneName: 'leane.dev', nameServers: ['ns'] }],
};
const REVOCATIONS = {
  revocations: [
    {
      version: 'v',
      serialNumber: '0a',
      key: 'k',
      reason: 'superseded',
      immediate: false,
      issuer: 'i',
      by: 'b',
      at: 1,
      notAfter: 2,
    },
  ],
};

describe('What another version, or a hand, has stored', () => {
  it('is a failure again whose details can be used, or none', () => {
    const data = fc.oneof(damaged(FAILURE), hostileJson).map((json) => JSON.stringify(json) ?? '');
    fc.assert(
      fc.property(hostileText, data, (message, text) => {
        const failure = parseStoredFailure({ message, data: text });
        if (!failure) return;
        expectPrintable(failure.message);
        problemType(failure);
        const { retryAt, problem } = failure.details;
        if (retryAt !== undefined) expect(new Date(retryAt).toISOString()).not.toBe('');
        expect([problem?.subproblems ?? []].flat().every(({ type }) => typeof type === 'string')).toBe(true);
        expect(parseStoredFailure(toStoredFailure(failure))?.details).toEqual(failure.details);
      }),
      runs(),
    );
  });

  it('is a claim, another version’s claim whose end is a date, or nothing', () => {
    expect(parsePending(JSON.stringify(PENDING))).toMatchObject({ schema: 1 });
    fc.assert(
      fc.property(fc.oneof(damaged(PENDING), hostileJson), (json) => {
        const pending = parsePending(JSON.stringify(json) ?? '');
        if (!pending) return;
        expect(new Date(pending.leaseUntil).toISOString()).not.toBe('');
        if (isOtherVersion(pending)) expect(pending.schema).not.toBe(1);
      }),
      runs(),
    );
  });

  it('is a list of revocations, or none', () => {
    expect(parseRevocations(JSON.stringify(REVOCATIONS))).toHaveLength(1);
    fc.assert(
      fc.property(fc.oneof(damaged(REVOCATIONS), hostileJson), (json) => {
        for (const { at, notAfter } of parseRevocations(JSON.stringify(json) ?? '') ?? [])
          expect(new Date(at).toISOString() + new Date(notAfter).toISOString()).not.toBe('');
      }),
      runs(),
    );
  });

  it('as an attempt is this version’s or refused', () => {
    fc.assert(
      fc.property(fc.oneof(damaged({ schema: ATTEMPT_SCHEMA }), hostileJson), (json) => {
        const outcome = typedNow(() => expectOwnAttempt(json as object));
        expect(kindOf(outcome)).toBe(
          (Object(json) as { schema?: unknown }).schema === ATTEMPT_SCHEMA ? 'a value' : 'other-version',
        );
      }),
      runs(),
    );
  });

  it('as a sentence is shown, or the code alone', async () => {
    const property = fc.asyncProperty(
      fc.oneof(damaged({ message: 'm', data: JSON.stringify(FAILURE) }), hostileJson),
      async (json) => {
        const vault = new MemoryVault();
        await vault.create({
          name: 'a',
          description: '',
          value: JSON.stringify(json) ?? '',
          token: 'a'.repeat(32),
          tags: {},
        });
        const failure = await readFailure({ arn: 'a', stages: { ACME_FAILURE: 'a'.repeat(32) } }, 'ca-refused', {
          vault,
        });
        expect(failure).toBeInstanceOf(RenewalFailure);
        expect(failure.code).toBe('ca-refused');
      },
    );
    await fc.assert(property, runs());
  });

  it.each(HOSTILE_CHECKPOINTS)('$what', ({ data, details }) => {
    expect(parseStoredFailure({ message: 'no', data: JSON.stringify(data) })?.details).toEqual(details);
  });
});
