import { RenewalFailure, toFailure } from '../../core/failure.ts';
import { mayFallBack } from '../../core/fall-back.ts';
import { type Attempt, type Fallback, liveValidity } from '../attempt.ts';
import { knownPending } from '../claim/claim.ts';
import { pauseWhereLimited } from '../issuer/pause-issuer.ts';
import type { Run } from '../run.ts';
import { expectNoNameLimit, noteNameLimit } from './name-limit.ts';
import { type PlacedOrder, placeOrResumeOrder } from './place-order.ts';

/** An order, and the issuer that took it. Plain data: it crosses steps. */
export interface ChosenOrder extends PlacedOrder {
  readonly issuer: string;
  readonly fallback?: Fallback;
}

/**
 * Orders at the first of the spec's issuers that can be had (decision 7). Throws the last one's failure, with what the
 * others said.
 *
 * While an order that was finalized may still be issued, its issuer alone is asked: two CAs would issue for one generation.
 */
export async function orderAtFirstIssuer(attempt: Attempt, run: Run): Promise<ChosenOrder> {
  const { order } = await knownPending(attempt.claim, run);
  const bound = order?.finalizedAt !== undefined && (order.mayIssueUntil ?? 0) > run.clock.now() ? order : undefined;
  const issuers = bound?.finalizedAt === undefined ? attempt.spec.issuer : [bound.finalizedAt];
  let fallback: Fallback | undefined = bound?.fallback;
  let retryAt: number | undefined = Number.POSITIVE_INFINITY;
  for (const [index, issuer] of issuers.entries()) {
    try {
      if (issuers.length > 1) expectNoNameLimit(attempt, issuer, run);
      const placed = await placeOrResumeOrder({ ...attempt, issuer }, run);
      return { ...placed, issuer, ...(fallback ? { fallback } : {}) };
    } catch (error) {
      const failure = toFailure(error);
      const next = issuers[index + 1];
      if (issuers.length > 1) {
        await pauseWhereLimited(issuer, failure, run);
        await noteNameLimit(attempt, issuer, failure, run);
      }
      // The next attempt begins with the first issuer again: it waits for whichever may be asked first.
      retryAt = earlier(retryAt, failure.details.retryAt);
      if (next === undefined || !mayFallBack(failure, liveValidity(attempt), run.clock.now())) {
        throw issuers.length > 1 ? lastOf(failure, issuer, fallback, retryAt) : failure;
      }
      run.log.warn('an issuer is passed over', { certificate: attempt.name, issuer, next, problem: failure.message });
      fallback = {
        short: `${fallback ? `${fallback.short} ` : ''}${issuer} ${failure.code}`,
        sentence: `${fallback ? `${fallback.sentence}; ` : ''}${issuer}: ${failure.message}`,
      };
    }
  }
  throw new RenewalFailure('unexpected', `the spec of ${attempt.name} names no issuer`);
}

function earlier(one: number | undefined, other: number | undefined): number | undefined {
  return one === undefined || other === undefined ? undefined : Math.min(one, other);
}

function lastOf(
  { code, message, retry, details, cause }: RenewalFailure,
  issuer: string,
  fallback: Fallback | undefined,
  retryAt: number | undefined,
): RenewalFailure {
  const { retryAt: _own, ...rest } = details;
  return new RenewalFailure(code, fallback ? `${message}. Before that, ${fallback.sentence}` : message, {
    cause,
    retry,
    details: { ...rest, issuer, ...(retryAt === undefined ? {} : { retryAt }) },
  });
}
