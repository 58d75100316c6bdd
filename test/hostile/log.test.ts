import { afterEach, describe, expect, it, jest } from '@jest/globals';
import fc from 'fast-check';
import { call } from '../../lambdas/aws/call.ts';
import { nextPage } from '../../lambdas/aws/next-page.ts';
import { powertoolsLog } from '../../lambdas/handlers/log.ts';
import { hostileText } from './hostile-json.ts';
import { runs } from './runs.ts';
import { expectPrintable, kindOf, typed, typedNow } from './typed.ts';

describe('Hostile text in the log', () => {
  afterEach(() => void jest.restoreAllMocks());

  it('is one line of JSON without characters that forge, colour or turn', () => {
    const lines: string[] = [];
    jest.spyOn(process.stdout, 'write').mockImplementation((line) => lines.push(String(line)) > 0);
    jest.spyOn(process.stderr, 'write').mockImplementation((line) => lines.push(String(line)) > 0);
    const log = powertoolsLog('test');
    fc.assert(
      fc.property(hostileText, (text) => {
        lines.length = 0;
        log.error(text, { problem: text, details: { names: [text] } });
        expect(lines).toHaveLength(1);
        expect(lines[0]?.trimEnd()).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u);
        expect(lines[0]?.length).toBeLessThan(20_000);
      }),
      runs(),
    );
  });
});

describe('What AWS, or something in its place, answers', () => {
  it('becomes a typed error in printable words, whatever the SDK throws', async () => {
    const error = fc.record(
      {
        name: fc.oneof(hostileText, fc.constantFrom('Throttling', 'AccessDeniedException', 'SyntaxError')),
        message: hostileText,
        code: fc.oneof(hostileText, fc.constant(5)),
        messages: fc.oneof(fc.array(hostileText), hostileText),
        $metadata: fc.record({
          httpStatusCode: fc.constantFrom(200, 400, 429, 503),
          requestId: fc.oneof(hostileText, fc.constant(7)),
        }),
      },
      { requiredKeys: [] },
    );
    const property = fc.asyncProperty(error, async (members) => {
      const thrown = Object.assign(new Error(), members);
      const outcome = await typed(() => call('acm:ListCertificates', 'x', () => Promise.reject(thrown)));
      expect(kindOf(outcome)).toMatch(/^(aws-refused|aws-throttled|aws-unavailable|access-denied)$/);
      if ('failure' in outcome) expectPrintable(outcome.failure.message);
    });
    await fc.assert(property, runs());
  });

  // CWE-1333, found here: each beginning of a quotation was followed to the end of the text.
  it('is cleaned in one pass: a megabyte of quotations that never end', async () => {
    const thrown = Object.assign(new Error("value '".repeat(150_000)), { name: 'ValidationException' });
    const outcome = await typed(() => call('acm:ListCertificates', 'x', () => Promise.reject(thrown)));
    expect(kindOf(outcome)).toBe('aws-refused');
  });

  it('ends as a list when a page repeats itself', () => {
    expect(nextPage('acm:ListCertificates', undefined, 'a')).toBe('a');
    expect(nextPage('acm:ListCertificates', 'a', '')).toBeUndefined();
    expect(kindOf(typedNow(() => nextPage('acm:ListCertificates', 'a', 'a')))).toBe('aws-refused');
  });
});
