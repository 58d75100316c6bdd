import { describe, expect, it } from '@jest/globals';
import { canonicalName, isChallengeName, isWithin } from '../../lambdas/core/dns-name.ts';

describe('canonicalName', () => {
  it.each([
    ['_ACME-Challenge.Example.COM.', '_acme-challenge.example.com'],
    ['example.com', 'example.com'],
    ['\\052.example.com.', '*.example.com'],
    ['\\137acme-challenge.example.com.', '_acme-challenge.example.com'],
    ['a\\056b.example.com.', 'a\\056b.example.com'],
    ['.', ''],
  ])('writes %s as %s', (name, canonical) => {
    expect(canonicalName(name)).toBe(canonical);
  });
});

describe('isWithin', () => {
  it.each([
    ['example.com', 'example.com', true],
    ['www.example.com', 'example.com', true],
    ['notexample.com', 'example.com', false],
    ['com', 'example.com', false],
    ['a\\056example.com', 'example.com', false],
  ])('%s in %s: %s', (name, ancestor, expected) => {
    expect(isWithin(name, ancestor)).toBe(expected);
  });
});

describe('isChallengeName', () => {
  it.each([
    ['_acme-challenge.example.com', true],
    ['_ACME-CHALLENGE.example.com.', true],
    ['_acme-challenge', false],
    ['example.com', false],
    ['www._acme-challenge.example.com', false],
    ['_acme-challenges.example.com', false],
  ])('%s: %s', (name, expected) => {
    expect(isChallengeName(name)).toBe(expected);
  });
});
