import { RenewalFailure, toFailure } from '../../core/failure.ts';
import { leavesTurnToSlow, mayFallBack } from '../../core/fall-back.ts';
import { isStuck } from '../../core/stuck-order.ts';
import type { Attempt, Fallback } from '../attempt.ts';
import { knownPending, updatePending } from '../claim/claim.ts';
import { pauseWhereLimited } from '../issuer/pause-issuer.ts';
import type { Run } from '../run.ts';
import { expectNoNameLimit, noteNameLimit } from './name-limit.ts';
import { type PlacedOrder, placeOrResumeOrder, resumeOrder } from './place-order.ts';
import { noteSlowIssuer, passedOver, slowIssuer } from './slow-issuer.ts';

/** An order, and the issuer that took it. Plain data: it crosses steps. */
export interface ChosenOrder extends PlacedOrder {
  readonly issuer: string;
  readonly fallback?: Fallback;
}

/**
 * Orders at the first of the spec's issuers that can be had (decision 7). Throws the last one's failure, with what the
 * others said.
 *
 * While an order that was finalized may still be issued, its issuer alone is asked: two CAs would issue for one generation. One
 * that is given up is looked at once more, and then its issuer is slow: for a week it comes last, and it is asked whatever the others
 * fail with.
 */
export async function orderAtFirstIssuer(attempt: Attempt, run: Run): Promise<ChosenOrder> {
  const finalized = await finalizedOrder(attempt, run);
  const resumed = finalized && (await resumeFinalized(finalized, attempt, run));
  if (resumed) return resumed;
  const [preferred] = attempt.spec.issuer;
  const slow = await slowIssuer(attempt, run);
  const issuers = slow
    ? [...attempt.spec.issuer.filter((name) => name !== slow.issuer), slow.issuer]
    : attempt.spec.issuer;
  let fallback: Fallback | undefined = slow?.issuer === preferred ? slow && passedOver(slow) : undefined;
  let retryAt: number | undefined = Number.POSITIVE_INFINITY;
  for (const [index, issuer] of issuers.entries()) {
    const next = issuers[index + 1];
    try {
      if (issuers.length > 1) expectNoNameLimit(attempt, issuer, run);
      const placed = await placeOrResumeOrder({ ...attempt, issuer }, { isLast: next === undefined }, run);
      return { ...placed, issuer, ...(fallback && issuer !== preferred ? { fallback } : {}) };
    } catch (error) {
      const failure = toFailure(error);
      if (issuers.length > 1) {
        await pauseWhereLimited(issuer, failure, run);
        await noteNameLimit(attempt, issuer, failure, run);
      }
      // The next attempt begins with the first issuer again: it waits for whichever may be asked first.
      retryAt = earlier(retryAt, failure.details.retryAt);
      const goesOn = slow ? leavesTurnToSlow(failure) : mayFallBack(failure, attempt.live, run.clock.now());
      if (next === undefined || !goesOn) {
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

/** An order of this generation that may still be issued, as far as the claim knows. */
interface FinalizedOrder {
  readonly issuer: string;
  readonly url: string;
  readonly fallback: Fallback | undefined;
  readonly since: number | undefined;
  readonly isStuck: boolean;
}

async function finalizedOrder(attempt: Attempt, run: Run): Promise<FinalizedOrder | undefined> {
  const now = run.clock.now();
  const { order } = await knownPending(attempt.claim, run);
  if (order?.finalizedAt === undefined || (order.mayIssueUntil ?? now + 1) <= now) return undefined;
  const { finalizedAt: issuer, url, fallback, processingSince: since } = order;
  const live = attempt.live;
  return { issuer, url, fallback, since, isStuck: isStuck(since, { now, live, force: attempt.force }) };
}

/** `undefined` when it can't be gone on with: then another issuer may be asked. Of one that is stuck no failure is one. */
async function resumeFinalized(
  { issuer, url, since, fallback, isStuck: isGivenUp }: FinalizedOrder,
  attempt: Attempt,
  run: Run,
): Promise<ChosenOrder | undefined> {
  try {
    const placed = await resumeOrder({ ...attempt, issuer }, run);
    if (placed) return { ...placed, issuer, ...(fallback ? { fallback } : {}) };
  } catch (error) {
    const failure = toFailure(error);
    if (!isGivenUp) throw lastOf(failure, issuer, undefined, failure.details.retryAt);
    run.log.warn('an order that is given up could not be looked at', {
      certificate: attempt.name,
      issuer,
      problem: failure.message,
    });
  }
  if (isGivenUp) await noteSlowIssuer({ issuer, url, since }, attempt, run);
  else await updatePending(attempt.claim, { order: undefined }, run);
  return undefined;
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
