import { isRenewalFailure, type RenewalFailure } from '../core/failure.ts';
import type { Clock } from './clock.ts';
import { problemType } from './problem.ts';

/**
 * RFC 8555, section 6.5: a nonce that was refused comes with a fresh one. A CA whose servers don't know each other's
 * nonces refuses half of them or more, so a handful would end one issuance in five.
 */
const FRESH_NONCES = 20;
/** From then on, not at once. */
const FRESH_NONCES_AT_ONCE = 5;

const ATTEMPTS = 3;
const FIRST_PAUSE = 1_000;
const GROWTH = 3;

/** A CA that wants more time than this gets it from the next run: no invocation sleeps for an hour. */
const LONGEST_WAIT = 60_000;

/**
 * `read`: a request without an effect; repeated after everything that can pass by itself, a rate limit included.
 * `write`: one that can be repeated because the CA finds what the lost one did; a refusal by rate limit (429) is final.
 */
export type Kind = 'read' | 'write';

/**
 * Does `work` up to three times, a second and then three seconds apart or as long as the CA's Retry-After says. Throws
 * the last failure when it does not pass, and at once when it can't or would take longer than a minute.
 */
export async function repeat<T>(clock: Clock, kind: Kind, work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      if (attempt === ATTEMPTS || !isRenewalFailure(error) || !isPassing(error, kind)) throw error;
      const asked = (error.details.retryAt ?? 0) - clock.now();
      if (asked > LONGEST_WAIT) throw error;
      await clock.sleep(Math.max(FIRST_PAUSE * GROWTH ** (attempt - 1), asked));
    }
  }
}

/** Signs and sends again while the CA refuses the nonce: 21 times in all, the last 15 of them a second apart. */
export async function withFreshNonce<T>(clock: Clock, work: () => Promise<T>): Promise<T> {
  for (let refused = 0; ; refused += 1) {
    try {
      return await work();
    } catch (error) {
      if (refused === FRESH_NONCES || problemType(error) !== 'badNonce') throw error;
      if (refused >= FRESH_NONCES_AT_ONCE) await clock.sleep(FIRST_PAUSE);
    }
  }
}

function isPassing({ code, retry, details }: RenewalFailure, kind: Kind): boolean {
  if (code === 'ca-unreachable') return retry !== 'never';
  if (code !== 'ca-rate-limited' || details.retryAt === undefined) return false;
  return kind === 'read' || details.problem?.status !== 429;
}
