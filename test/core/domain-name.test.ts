import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { parseDomainName, parseDomainNames } from '../../lambdas/core/domain-name.ts';

describe('parseDomainName', () => {
  it.each([
    ['Leane.DEV', 'leane.dev'],
    ['leane.dev.', 'leane.dev'],
    ['*.leane.dev', '*.leane.dev'],
    ['bücher.example', 'xn--bcher-kva.example'],
    ['*.Bücher.example', '*.xn--bcher-kva.example'],
    ['xn--bcher-kva.example', 'xn--bcher-kva.example'],
    ['a.b.c.d.example', 'a.b.c.d.example'],
    ['例え。テスト', 'xn--r8jz45g.xn--zckzah'],
  ])('takes %s as %s', (text, name) => {
    expect(parseDomainName(text)).toBe(name);
  });

  it.each([
    ['', 'single label'],
    ['dev', 'single label'],
    ['*.dev', 'single label'],
    ['*', 'a wildcard is one whole label'],
    ['www.*.example.com', 'a wildcard is one whole label'],
    ['*.*.example.com', 'a wildcard is one whole label'],
    ['w*.example.com', 'a wildcard is one whole label'],
    ['a..example.com', 'empty label'],
    ['.example.com', 'empty label'],
    ['foo_bar.example.com', 'letters, digits and inner hyphens'],
    ['-a.example.com', 'letters, digits and inner hyphens'],
    ['a-.example.com', 'letters, digits and inner hyphens'],
    ['https://example.com', 'letters, digits, hyphens and dots'],
    ['example.com/path', 'letters, digits, hyphens and dots'],
    ['user@example.com', 'letters, digits, hyphens and dots'],
    ['exa mple.com', 'letters, digits, hyphens and dots'],
    ['192.0.2.1', 'IP address'],
    ['xn--bücher.example', 'internationalized'],
    [`${'a'.repeat(64)}.example.com`, 'longer than 63'],
    [`${'a.'.repeat(118)}com`, 'longer than 237'],
  ])('refuses %s: %s', (text, why) => {
    expect(() => parseDomainName(text)).toThrow(
      expect.objectContaining({ code: 'invalid-input', message: expect.stringContaining(why) }),
    );
  });

  it('leaves room for the challenge record in the 253 characters of a name', () => {
    const label = 'a'.repeat(58);
    const name = `${[label, label, label, label].join('.')}.b`;
    expect(name).toHaveLength(237);
    expect(parseDomainName(name)).toBe(name);
    expect(() => parseDomainName(`${name}b`)).toThrow('longer than 237');
  });

  it('gives a name that it takes as it is, or one sentence', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.domain(), fc.webAuthority(), fc.string({ unit: 'binary' })), (text) => {
        let name: string;
        try {
          name = parseDomainName(text);
        } catch (error) {
          expect(error).toMatchObject({ code: 'invalid-input' });
          return;
        }
        expect(parseDomainName(name)).toBe(name);
        expect(name).toMatch(/^(\*\.)?([a-z0-9-]{1,63}\.)+[a-z0-9-]{1,63}$/);
        expect(`_acme-challenge.${name.replace('*.', '')}`.length).toBeLessThanOrEqual(253);
      }),
      { numRuns: 1000 },
    );
  });
});

describe('parseDomainNames', () => {
  it('keeps the order and drops repetitions, whatever their spelling', () => {
    expect(parseDomainNames(['*.leane.dev', 'leane.dev', 'LEANE.dev.'])).toEqual(['*.leane.dev', 'leane.dev']);
  });

  it('refuses a name that a wildcard of the same certificate covers', () => {
    expect(() => parseDomainNames(['www.leane.dev', '*.leane.dev'])).toThrow(
      'www.leane.dev is already covered by *.leane.dev',
    );
  });

  it('takes what a wildcard does not cover: the apex, two labels below, another wildcard', () => {
    const names = ['leane.dev', '*.leane.dev', 'x.y.leane.dev', '*.b.leane.dev'];
    expect(parseDomainNames(names)).toEqual(names);
  });
});
