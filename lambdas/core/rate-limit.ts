import type { ProblemDetails } from './failure.ts';

/**
 * Where Let's Encrypt's refusals send the reader: each limit has a heading of its own
 * (https://letsencrypt.org/docs/rate-limits/, Boulder's errors/errors.go). The problem's type is the same for all of them.
 */
const OF_NAMES =
  /\/rate-limits\/?#(new-certificates-per-exact-set-of-|new-certificates-per-registered-domain|authorization-failures-per-|consecutive-authorization-failures-per-)/;

/**
 * Whether a refusal by rate limit is about the names that were asked for, so that other certificates of the same account
 * may go on: by its parts, which name identifiers (RFC 8555, section 6.7.1), or by the limit that it links to. What is not
 * known to be about names counts for the whole account.
 */
export function concernsNamesAlone({ detail, subproblems = [] }: ProblemDetails): boolean {
  if (subproblems.length > 0) return subproblems.every(({ identifier }) => identifier !== undefined);
  return OF_NAMES.test(detail);
}
