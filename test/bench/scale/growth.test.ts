import { expect, it } from '@jest/globals';
import { growth } from './growth.ts';

const of = (value: (size: number) => number) => [10, 100, 1_000, 10_000].map((size) => ({ size, value: value(size) }));

it('What stays the same has the exponent 0 and adds nothing', () => {
  const { exponent, perCertificate } = growth(of(() => 7));
  expect(exponent).toBeCloseTo(0);
  expect(perCertificate).toBeCloseTo(0);
});

it('What grows as the fleet does has the exponent 1, what grows as its square 2', () => {
  expect(growth(of((size) => 3 * size)).exponent).toBeCloseTo(1);
  expect(growth(of((size) => size ** 2)).exponent).toBeCloseTo(2);
});

it('What each certificate adds does not depend on what is there without any', () => {
  expect(growth(of((size) => 1e6 + 2.5 * size)).perCertificate).toBeCloseTo(2.5);
});

it('A zero has no logarithm, and one size no growth', () => {
  expect(growth(of((size) => size - 10)).exponent).toBeUndefined();
  expect(() => growth([{ size: 10, value: 1 }])).toThrow('two sizes');
});
