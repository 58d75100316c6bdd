import { createHash } from 'node:crypto';

/**
 * SHA-256 of several parts as 64 characters of hex: long enough for a version id (32 to 64 characters) and an
 * execution name (at most 64). Parts are kept apart, so that `ab, c` and `a, bc` differ.
 */
export function digest(...parts: readonly (string | number)[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}

/** Of a set of names, in any order: short, because a tag has room for 256 characters. */
export function idOfNames(domainNames: readonly string[]): string {
  return digest('names', ...[...domainNames].sort()).slice(0, 16);
}

/** A number from 0 up to 1 that is always the same for the same parts, and spread evenly over different ones. */
export function stableFraction(...parts: readonly (string | number)[]): number {
  return Number.parseInt(digest(...parts).slice(0, 12), 16) / 2 ** 48;
}
