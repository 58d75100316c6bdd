import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { judgeCaa } from '../../lambdas/core/caa.ts';
import { hostileText } from './hostile-json.ts';
import { runs } from './runs.ts';
import { expectPrintable } from './typed.ts';

const question = { domainName: '*.leane.dev', identities: ['ca.example'], accountUrl: 'https://ca.example/acct/1' };
const ours = { flags: 0, tag: 'issue', value: 'ca.example' };
const tag = fc.oneof(hostileText, fc.constantFrom('issue', 'issuewild', 'ISSUE', 'iodef', 'contactemail'));
const value = fc.oneof(
  hostileText,
  fc.constantFrom(
    'ca.example',
    ';',
    '%%%',
    'ca.example; accounturi=',
    'ca.example; validationmethods=dns-01,',
    'ca.example;=;=',
  ),
  // RFC 1035, section 2.3.4: a record holds no more than this.
  fc.constantFrom('a.', 'a-', 'a;', 'a=').map((text) => text.repeat(32_767)),
);
const record = fc.record({ flags: fc.integer({ min: 0, max: 255 }), tag, value });
const records = fc.array(record, { maxLength: 8 });

describe('Hostile CAA records', () => {
  it('lead to a verdict that can be shown', () => {
    fc.assert(
      fc.property(records, fc.array(hostileText, { maxLength: 2 }), (found, identities) => {
        const verdict = judgeCaa({ owner: 'leane.dev', records: found }, { ...question, identities });
        if (verdict.kind !== 'allowed')
          expect(verdict.sentence.length).toBeLessThan(2_000 + identities.join().length * 3);
      }),
      runs(),
    );
  });

  it('never turn what forbids into what allows: only a record that names the CA does', () => {
    const strangers = records.filter((all) => all.every(({ value: text }) => !/^\s*ca\.example/i.test(text)));
    fc.assert(
      fc.property(strangers, (others) => {
        const forbids = { flags: 0, tag: 'issue', value: ';' };
        const { kind } = judgeCaa(
          { owner: 'leane.dev', records: [forbids, ...others] },
          { ...question, domainName: 'leane.dev' },
        );
        expect(kind).toBe('forbidden');
      }),
      runs(),
    );
  });

  it('are judged the same in any order', () => {
    fc.assert(
      fc.property(records, (found) => {
        const judged = (all: typeof found) => judgeCaa({ owner: 'leane.dev', records: [...all, ours] }, question).kind;
        expect(judged(found.toReversed())).toBe(judged(found));
      }),
      runs(),
    );
  });

  it('with a critical property of any text are refused in printable words', () => {
    fc.assert(
      fc.property(hostileText, (text) => {
        const verdict = judgeCaa(
          { owner: 'leane.dev', records: [{ flags: 128, tag: text, value: '' }, ours] },
          question,
        );
        if (verdict.kind !== 'allowed') expectPrintable(verdict.sentence);
      }),
      runs(),
    );
  });
});
