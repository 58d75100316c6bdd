import { expect } from '@jest/globals';
import { isRenewalFailure, type RenewalFailure } from '../../lambdas/core/failure.ts';
import { findKeyMaterial } from '../key-material.ts';

/** The `RenewalFailure` that work ends in, without any of the secrets in it, hidden members and causes included. */
export async function thrownBy(work: () => unknown, secrets: readonly string[] = []): Promise<RenewalFailure> {
  let thrown: unknown;
  try {
    await work();
  } catch (error) {
    thrown = error;
  }
  if (!isRenewalFailure(thrown)) throw new Error('no RenewalFailure was thrown', { cause: thrown });
  expect(findKeyMaterial(thrown, secrets)).toEqual([]);
  return thrown;
}
