import { mulberry32 } from '../sandbox/mulberry32.ts';

/** One source of randomness: the same numbers for the same seed. */
export interface Random {
  /** 0 <= n < 1. */
  next(): number;
  /** A whole number, both ends included. */
  between(low: number, high: number): number;
  chance(probability: number): boolean;
  pick<T>(from: readonly T[]): T;
  /** `count` different ones, in the order of `from`; all of them when there are no more. */
  some<T>(from: readonly T[], count: number): readonly T[];
  bytes(size: number): Buffer;
  /** Another source, whose numbers don't depend on what is drawn here afterwards. */
  fork(): Random;
}

/** Seeds that follow each other have nothing in common. */
export function seededRandom(seed: number): Random {
  const next = mulberry32(Math.imul(seed + 1, 0x9e3779b1) | 0);
  const between = (low: number, high: number) => low + Math.floor(next() * (high - low + 1));
  return {
    next,
    between,
    chance: (probability) => next() < probability,
    pick: (from) => {
      if (from.length === 0) throw new RangeError('There is nothing to pick from.');
      return from[between(0, from.length - 1)] as (typeof from)[number];
    },
    some: (from, count) => {
      const left = from.map((_, index) => index);
      while (left.length > count) left.splice(between(0, left.length - 1), 1);
      return from.filter((_, index) => left.includes(index));
    },
    bytes: (size) => Buffer.from(Array.from({ length: size }, () => between(0, 255))),
    fork: () => seededRandom(between(0, 2 ** 31)),
  };
}
