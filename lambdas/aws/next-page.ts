import { RenewalFailure } from '../core/failure.ts';
import type { AwsOperation } from './call.ts';

/**
 * The token of the next page; `undefined` after the last one. Throws `aws-refused` for the token of the page before: whoever
 * followed that would ask for the same page for ever.
 */
export function nextPage(
  operation: AwsOperation,
  before: string | undefined,
  next: string | undefined,
): string | undefined {
  if (!next) return undefined;
  if (next !== before) return next;
  throw new RenewalFailure('aws-refused', `${operation} answered the same page twice, so that its list has no end`);
}
