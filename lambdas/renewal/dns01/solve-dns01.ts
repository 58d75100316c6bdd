import { type Authorization, readAuthorization } from '../../acme/authorization.ts';
import { recordName, recordValue } from '../../acme/dns01.ts';
import { RenewalFailure } from '../../core/failure.ts';
import type { Attempt } from '../attempt.ts';
import { knownPending, updatePending } from '../claim/claim.ts';
import { openIssuer } from '../issuer/open-issuer.ts';
import { orderOf } from '../order/known-order.ts';
import { lastOrder } from '../order/orders.ts';
import type { PlacedOrder } from '../order/place-order.ts';
import type { Presented } from '../ports/challenge-records.ts';
import type { Steps } from '../ports/steps.ts';
import type { Run } from '../run.ts';
import { answerChallenges, type ExpectedProof, validated } from './answer-challenges.ts';
import { lookUp, waitInSync } from './await-propagation.ts';
import { checkDns } from './check-dns.ts';
import { cleanUp, cleanUpAfterFailure } from './clean-up-challenges.ts';

/**
 * Proves control of all names of an order by DNS-01 (RFC 8555, section 8.4), as far as the CA doesn't know of it already:
 * all TXT values at once, one wait for all of them, then all answers. Returns once the order has left `pending`. The
 * values are removed whatever happens, and with them what dead attempts left; the result says whether that succeeded.
 */
export async function solveDns01(attempt: Attempt, order: PlacedOrder, steps: Steps, run: Run): Promise<boolean> {
  let presented: readonly Presented[] | undefined;
  try {
    const proofs =
      order.status === 'pending'
        ? await steps.run('store challenge values', () => storeChallengeValues(attempt, order, run))
        : [];
    if (proofs.length > 0) {
      for (const round of [1, 2]) {
        presented = await steps.run(`present TXT values ${round}`, () => present(attempt, run));
        await waitInSync(attempt, presented, round, steps, run);
        const seen = await steps.poll(`look up authoritatively ${round}`, (look) => lookUp(attempt, round, look, run));
        if (seen === 'visible') break;
      }
      await steps.run('answer challenges', () => answerChallenges(attempt, proofs, run));
    }
    // Also when nothing is left to prove: a CA may let the order follow its authorizations later (decision 7).
    if (order.status === 'pending')
      await steps.poll('wait for validation', (poll) => validated(attempt, order, proofs, poll, run));
  } catch (error) {
    await steps.run('clean up TXT values', () => cleanUpAfterFailure(attempt, presented, run));
    throw error;
  }
  return steps.run('clean up TXT values', () => cleanUp(attempt, presented, run));
}

/**
 * Reads the authorizations that are still to be proven, and stores the values with their places before any of them is
 * written, so that a later run can remove what this one may leave. Returns where the CA is told of each of them.
 */
async function storeChallengeValues(
  attempt: Attempt,
  placed: PlacedOrder,
  run: Run,
): Promise<readonly ExpectedProof[]> {
  const issuer = await openIssuer(attempt, run);
  const order = await lastOrder(placed.url, issuer, run);
  const authorizations = await Promise.all(
    order.authorizationUrls.map((url) => readAuthorization(issuer.session, url)),
  );
  const pending = authorizations.filter((authorization) => authorization.status !== 'valid');
  const proofs = pending.map(expectPending);
  if (pending.length === 0) return [];

  const { places, zones } = placed.dns ?? (await checkDns(attempt, issuer, run));
  const values = Map.groupBy(
    pending.map(({ domainName, challenge }) => ({
      place: places.find(({ challengeName }) => challengeName === recordName(domainName)),
      value: recordValue(issuer.session, challenge?.token ?? ''),
    })),
    // Several names may be delegated to one.
    ({ place }) => `${place?.zoneId} ${place?.recordName}`,
  );
  const records = [...values.values()].flatMap((atName) => {
    const place = atName[0]?.place;
    if (!place) throw new RenewalFailure('ca-misbehaved', 'the CA asks for names that were not ordered');
    const { challengeName: _name, ...zone } = place;
    return { ...zone, values: atName.map(({ value }) => value) };
  });
  await updatePending(attempt.claim, { order: orderOf(order, issuer), records, zones: [...zones] }, run);
  return proofs;
}

function expectPending({ url, domainName, status, challenge }: Authorization): ExpectedProof {
  if (status !== 'pending')
    throw new RenewalFailure(
      'order-failed',
      `the CA's authorization for ${domainName} is ${status}; the next attempt places a new order`,
    );
  if (!challenge)
    throw new RenewalFailure('ca-refused', `the CA offers no dns-01 challenge for ${domainName}`, { retry: 'never' });
  return { authorizationUrl: url, domainName, challengeUrl: challenge.url };
}

async function present(attempt: Attempt, run: Run): Promise<readonly Presented[]> {
  const { records } = await knownPending(attempt.claim, run);
  return run.records.present(records);
}
