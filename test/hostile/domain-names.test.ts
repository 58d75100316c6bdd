import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { isChallengeName } from '../../lambdas/core/dns-name.ts';
import { parseDomainName, parseDomainNames } from '../../lambdas/core/domain-name.ts';
import { HOSTILE_NAMES } from './corpus/domain-names.ts';
import { hostileText } from './hostile-json.ts';
import { runs } from './runs.ts';
import { kindOf, typedNow } from './typed.ts';

const label = fc.oneof(
  hostileText,
  fc.constantFrom(
    'xn--',
    'xn--a',
    'XN--MNCHEN-3YA',
    'xn--mnchen-3ya',
    'ß',
    'İ',
    'ﬀ',
    '\u00AD',
    '\u200D',
    '*',
    '',
    '－',
    '１２７',
    'a'.repeat(63),
    'ü'.repeat(60),
  ),
);
const separator = fc.constantFrom('.', '.', '.', '。', '．', '/', '@', ':', '%2e', '\\');
const name = fc.array(fc.tuple(label, separator), { maxLength: 5 }).map((parts) => parts.flat().join(''));

describe('A hostile domain name', () => {
  it('is refused, or is letters, digits and hyphens that stay what they are', () => {
    fc.assert(
      fc.property(fc.oneof(name, hostileText), (text) => {
        const outcome = typedNow(() => parseDomainName(text));
        if ('failure' in outcome) return expect(outcome.failure.code).toBe('invalid-input');
        expect(outcome.value).toMatch(
          /^(\*\.)?([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/,
        );
        expect(outcome.value.length).toBeLessThanOrEqual(253);
        expect(parseDomainName(outcome.value)).toBe(outcome.value);
        expect(parseDomainNames([outcome.value, text])).toEqual([outcome.value]);
      }),
      runs(),
    );
  });

  it('is a challenge’s or not, whatever its spelling', () => {
    fc.assert(
      fc.property(name, (text) => {
        expect(isChallengeName(`_ACME-challenge.${text}x`)).toBe(true);
        expect(isChallengeName(`x_acme-challenge.${text}`)).toBe(false);
      }),
      runs(),
    );
  });

  it.each(HOSTILE_NAMES)('$text: $what', ({ text, becomes }) => {
    const outcome = typedNow(() => parseDomainName(text));
    expect('value' in outcome ? outcome.value : kindOf(outcome)).toBe(becomes);
  });
});
