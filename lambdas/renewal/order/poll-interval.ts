import { SECOND } from '../../core/duration.ts';

/** Without a Retry-After, a CA is asked this often at first. */
const FIRST_POLL = 2 * SECOND;
const LONGEST_POLL = 30 * SECOND;

/** What the CA asks for with Retry-After (RFC 8555, section 7.5.1), else 2 s, 4 s, 8 s … 30 s. */
export function pollInterval(poll: number, retryAfterMilliseconds: number | undefined): number {
  return retryAfterMilliseconds ?? Math.min(FIRST_POLL * 2 ** (poll - 1), LONGEST_POLL);
}
