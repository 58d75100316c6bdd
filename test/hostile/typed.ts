import { expect } from '@jest/globals';
import { isRenewalFailure, LONGEST_MESSAGE, type RenewalFailure } from '../../lambdas/core/failure.ts';
import { findKeyMaterial } from '../key-material.ts';

/** How work with hostile input may end. */
export type Typed<T> = { readonly value: T } | { readonly failure: RenewalFailure };

/**
 * What the promise is (docs/proof.md): work ends with a value or with a `RenewalFailure` of a code other than `unexpected`,
 * whose text is printable and capped, and without the secrets in it, causes and hidden members included.
 */
export async function typed<T>(work: () => T | Promise<T>, secrets: readonly string[] = []): Promise<Typed<T>> {
  try {
    return { value: await work() };
  } catch (error) {
    return { failure: expectTyped(error, secrets) };
  }
}

/** As `typed`, for what isn't async. */
export function typedNow<T>(work: () => T, secrets: readonly string[] = []): Typed<T> {
  try {
    return { value: work() };
  } catch (error) {
    return { failure: expectTyped(error, secrets) };
  }
}

/** The code, or `a value`. */
export function kindOf(outcome: Typed<unknown>): string {
  return 'failure' in outcome ? outcome.failure.code : 'a value';
}

/** Nothing in it can forge a log line, colour a terminal or turn text around. */
export function expectPrintable(text: string): void {
  expect(text).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u);
  expect(text.length).toBeLessThanOrEqual(LONGEST_MESSAGE);
}

function expectTyped(error: unknown, secrets: readonly string[]): RenewalFailure {
  if (!isRenewalFailure(error)) throw new Error(`not typed: ${String(error)}`, { cause: error });
  expect(error.code).not.toBe('unexpected');
  expectPrintable(error.message);
  expect(findKeyMaterial(error, secrets)).toEqual([]);
  return error;
}
