import type { FailureCode } from '../../core/failure.ts';
import { isoInstant } from '../../core/instant.ts';
import { isSlow } from '../../core/stuck-order.ts';
import type { Attempt, Fallback } from '../attempt.ts';
import { knownPending, updatePending } from '../claim/claim.ts';
import type { Pending } from '../claim/pending.ts';
import type { Run } from '../run.ts';

type SlowIssuer = NonNullable<Pending['slow']>;

/**
 * Keeps in the claim of a certificate with several issuers that an order was given up, and at which one: beside the order, which
 * another issuer's replaces, for that one may fail as well. `since`: when it was finalized, if it was.
 */
export async function noteSlowIssuer(
  order: { readonly issuer: string; readonly url: string; readonly since?: number | undefined },
  { claim, spec }: Attempt,
  run: Run,
): Promise<void> {
  if (spec.issuer.length === 1) return;
  const { slow } = await knownPending(claim, run);
  if (slow?.url === order.url) return;
  const { issuer, url, since } = order;
  await updatePending(claim, { slow: { issuer, url, since, givenUpAt: run.clock.now() } }, run);
}

/** The issuer that comes last, while one does (`isSlow`). */
export async function slowIssuer({ claim, spec, live }: Attempt, run: Run): Promise<SlowIssuer | undefined> {
  if (spec.issuer.length === 1) return undefined;
  const { slow } = await knownPending(claim, run);
  const isKnown = slow !== undefined && spec.issuer.includes(slow.issuer);
  return isKnown && isSlow(slow.givenUpAt, { now: run.clock.now(), live }) ? slow : undefined;
}

/** Its attempts have run out of time. */
export function passedOver({ issuer, url, since }: SlowIssuer): Fallback {
  const then =
    since === undefined
      ? 'stayed pending although all names were proven'
      : `was finalized at ${isoInstant(since)} and has not been issued since`;
  const sentence = `${issuer}: the order ${url} ${then}`;
  return { short: `${issuer} ${'attempt-timeout' satisfies FailureCode}`, sentence };
}
