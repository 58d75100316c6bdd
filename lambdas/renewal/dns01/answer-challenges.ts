import { answerChallenge, readAuthorization } from '../../acme/authorization.ts';
import { recordName } from '../../acme/dns01.ts';
import { RenewalFailure } from '../../core/failure.ts';
import { propagation } from '../../core/propagation.ts';
import type { Attempt } from '../attempt.ts';
import { knownPending, waitWithin } from '../claim/claim.ts';
import { openIssuer } from '../issuer/open-issuer.ts';
import { freshOrder } from '../order/orders.ts';
import type { PlacedOrder } from '../order/place-order.ts';
import { pollInterval } from '../order/poll-interval.ts';
import { noteSlowIssuer } from '../order/slow-issuer.ts';
import type { Polled } from '../ports/steps.ts';
import type { Run } from '../run.ts';

/** What of a pending authorization crosses steps: whoever answers its challenge need not read it again. */
export interface ExpectedProof {
  readonly authorizationUrl: string;
  readonly domainName: string;
  readonly challengeUrl: string;
}

/** Tells the CA that the values are there (RFC 8555, section 7.5.1): once for each authorization, whoever repeats it. */
export async function answerChallenges(attempt: Attempt, proofs: readonly ExpectedProof[], run: Run): Promise<void> {
  const { session } = await openIssuer(attempt, run);
  await Promise.all(
    proofs.map(({ authorizationUrl: url, domainName, challengeUrl }) =>
      answerChallenge(session, { url, domainName, challenge: { url: challengeUrl, status: 'pending' } }),
    ),
  );
}

/**
 * One question about the order says as much as one about each authorization. Throws `attempt-timeout` when the time is up, and
 * `order-failed` when nothing was left to prove of an order that an earlier attempt placed: it has not been finalized, so that
 * another one costs nothing.
 */
export async function validated(
  attempt: Attempt,
  placed: PlacedOrder,
  proofs: readonly ExpectedProof[],
  poll: number,
  run: Run,
): Promise<Polled<null>> {
  // No CA has validated anything by the time that it has answered.
  if (poll === 1) return { done: false, waitMilliseconds: pollInterval(poll, undefined) };
  const issuer = await openIssuer(attempt, run);
  const order = await freshOrder(placed.url, issuer, run);
  if (order.status === 'invalid') throw await challengeFailure(attempt, placed, proofs, run);
  if (order.status !== 'pending') return { done: true, value: null };
  const wait = pollInterval(poll, order.retryAfterMilliseconds);
  if (placed.isResumed && proofs.length === 0 && run.clock.now() + wait >= attempt.claim.deadline) {
    await noteSlowIssuer({ issuer: attempt.issuer, url: placed.url }, attempt, run);
    throw new RenewalFailure(
      'order-failed',
      `the CA leaves the order ${placed.url} pending although all of its authorizations are valid; the next attempt places a new order`,
    );
  }
  return { done: false, waitMilliseconds: waitWithin(attempt.claim, wait, run) };
}

/** The CA's own words, and what the servers answer at this moment. */
async function challengeFailure(
  attempt: Attempt,
  { dns }: PlacedOrder,
  proofs: readonly ExpectedProof[],
  run: Run,
): Promise<RenewalFailure> {
  const { session } = await openIssuer(attempt, run);
  const authorizations = await Promise.all(
    proofs.map(({ authorizationUrl }) => readAuthorization(session, authorizationUrl)),
  );
  const failed = authorizations.filter(({ status }) => status === 'invalid');
  const { records } = await knownPending(attempt.claim, run);
  const sentences = await Promise.all(
    failed.map(async ({ domainName, wildcard, challenge }) => {
      const place = dns?.places.find(({ challengeName }) => challengeName === recordName(domainName));
      const at = place?.recordName ?? recordName(domainName);
      const record = records.find((candidate) => candidate.recordName === at);
      const found = record ? propagation(await run.lookup.look(record), record.values).found : 'nothing was published';
      const name = wildcard ? `*.${domainName}` : domainName;
      return `the CA could not validate ${name}: ${challenge?.problem?.detail ?? 'it gave no reason'} (${challenge?.problem?.type ?? 'no type'}). At ${at} the zone's servers have: ${found}`;
    }),
  );
  const problem = failed.find(({ challenge }) => challenge?.problem)?.challenge?.problem;
  return new RenewalFailure(
    'challenge-failed',
    sentences.join('; ') || 'the CA declared the order invalid without naming an authorization',
    {
      details: problem ? { problem } : {},
    },
  );
}
