import { nextAttemptAt } from '../../core/back-off.ts';
import { type AcmImport, writeCertificateTags } from '../../core/certificate-tags.ts';
import { isHarmless, isOrderSpent, messageOf, RenewalFailure, toFailure } from '../../core/failure.ts';
import { fallBackAt } from '../../core/fall-back.ts';
import { isoInstant } from '../../core/instant.ts';
import { withIssuance } from '../../core/order-budget.ts';
import type { Attempt } from '../attempt.ts';
import { isTakenOver } from '../claim/claim.ts';
import { pauseWhereLimited } from '../issuer/pause-issuer.ts';
import { issuancesTag } from '../order/issuances.ts';
import type { Run } from '../run.ts';
import { answered, answerRequest } from './answer-request.ts';
import { storeFailure } from './last-failure.ts';

/**
 * Writes down that the attempt failed, when to try again, and what it did publish. Never throws: the failure itself
 * matters more.
 */
export async function recordFailure(
  attempt: Attempt,
  imports: Readonly<Record<string, AcmImport>>,
  failure: RenewalFailure,
  run: Run,
): Promise<void> {
  const now = run.clock.now();
  const failures = attempt.failures + 1;
  const notBefore = earliest(attempt, failure);
  const backOff = nextAttemptAt({
    now,
    failures,
    slow: failure.code === 'attempt-timeout',
    ...(attempt.live === undefined ? {} : { notAfter: attempt.live.notAfter }),
    ...(notBefore === undefined ? {} : { notBefore }),
  });
  // A human has to end a pause; meanwhile another issuer may do, in the last quarter of the lifetime at the latest.
  const isHeld = failure.code === 'account-paused' && attempt.spec.issuer.length === 1;
  const next = isHeld ? undefined : backOff;
  if (isHarmless(failure.code)) run.log.info(failure.message, { certificate: attempt.name, code: failure.code });
  else {
    run.log.error(failure.message, {
      certificate: attempt.name,
      code: failure.code,
      retryAt: next === undefined ? 'after somebody has acted' : isoInstant(next),
      details: failure.details,
    });
  }
  try {
    // Whoever lost the claim leaves everything to the new owner.
    if (failure.code === 'claim-lost' || (await isTakenOver(attempt.claim, run))) {
      await answerRequest(attempt.claim.arn, attempt.request, 'claim-lost', run);
      return;
    }
    if (failure.code === 'no-longer-due') {
      // Nothing went wrong, and nothing has been done.
      const ended = answered(attempt.request, failure.code);
      await run.vault.tag(attempt.claim.arn, writeCertificateTags({ claimEnded: attempt.claim.token, ...ended }));
      return;
    }
    if (failure.code === 'spec-changed-back') {
      // The live pair is as the spec says. The next attempt repairs what the tags say of the spec that is gone.
      const ended = answered(attempt.request, failure.code);
      // What is counted of other names stays: the spec that is back may have these.
      const counted = attempt.issued.length > 1 ? issuancesTag(attempt) : {};
      await run.vault.tag(
        attempt.claim.arn,
        writeCertificateTags({
          state: 'issued',
          claimEnded: attempt.claim.token,
          order: undefined,
          ...counted,
          ...ended,
        }),
      );
      return;
    }
    await storeFailure(attempt.claim.arn, failure, run);
    await pauseWhereLimited(failure.details.issuer ?? attempt.issuer, failure, run);
    await run.vault.tag(
      attempt.claim.arn,
      writeCertificateTags({
        state: 'failed',
        failure: failure.code,
        failures,
        retryAt: next,
        claimEnded: attempt.claim.token,
        spec: attempt.specVersion,
        ...(isOrderSpent(failure.code) ? { order: undefined } : {}),
        ...issuancesTag(countRejected(attempt, failure)),
        ...answered(attempt.request, failure.code),
        acm: imports,
      }),
    );
  } catch (secondary) {
    run.log.error('the failure could not be written to the tags; the claim ends with its lease', {
      certificate: attempt.name,
      problem: messageOf(secondary),
    });
  }
}

/** Anything that was thrown, as a failure that names the certificate. */
export function asFailure(certificate: string, error: unknown): RenewalFailure {
  const { message, code, retry, details } = toFailure(error);
  const prefix = `${certificate}: `;
  return new RenewalFailure(code, message.startsWith(prefix) ? message : prefix + message, {
    cause: error,
    retry,
    details,
  });
}

/** What the issuer asks for with Retry-After, but no later than the next issuer of the spec may be asked. */
function earliest(attempt: Attempt, failure: RenewalFailure): number | undefined {
  const { retryAt: asked, issuer = attempt.issuer } = failure.details;
  const hasNext = attempt.spec.issuer.indexOf(issuer) < attempt.spec.issuer.length - 1;
  const next = hasNext ? fallBackAt(failure, attempt.live) : undefined;
  return asked === undefined || next === undefined ? asked : Math.min(asked, next);
}

/** A certificate that was rejected has been issued all the same. */
function countRejected(attempt: Attempt, { details: { issuedAt } }: RenewalFailure): Attempt {
  return issuedAt === undefined ? attempt : { ...attempt, issued: withIssuance(attempt.issued, issuedAt) };
}
