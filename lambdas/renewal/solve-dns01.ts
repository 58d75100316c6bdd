import { type Authorization, answerChallenge } from '../acme/authorization.ts';
import { recordName, recordValue } from '../acme/dns01.ts';
import { writeCertificateTags } from '../core/certificate-tags.ts';
import { MINUTE, SECOND } from '../core/duration.ts';
import { messageOf, RenewalFailure } from '../core/failure.ts';
import { type Propagation, propagation } from '../core/propagation.ts';
import type { Attempt } from './attempt.ts';
import { checkDns } from './check-dns.ts';
import { knownPending, updatePending, waitWithin } from './claim.ts';
import { openIssuer } from './issuer.ts';
import { freshAuthorization, freshOrder, lastAuthorization, lastOrder } from './orders.ts';
import { orderOf, type PlacedOrder } from './place-order.ts';
import { pollInterval } from './poll-interval.ts';
import type { ChallengeRecord, Presented } from './ports/challenge-records.ts';
import type { Polled, Steps } from './ports/steps.ts';
import type { Run } from './run.ts';

/** Route 53 is rarely in sync earlier; asking sooner only costs calls. */
const FIRST_SYNC_CHECK = 20 * SECOND;

/** Each wait is a quarter of the time that has passed: few questions, and little time lost after the change is there. */
const SYNC_GROWTH = 1 / 4;
const LONGEST_SYNC_WAIT = MINUTE;

const LOOK_UP_AGAIN = 5 * SECOND;

/**
 * Proves control of all names of an order by DNS-01 (RFC 8555, section 8.4), as far as the CA doesn't know of it already:
 * all TXT values at once, one wait for all of them, then all answers. Returns once the order has left `pending`. The
 * values are removed whatever happens, and with them what dead attempts left; the result says whether that succeeded.
 */
export async function solveDns01(attempt: Attempt, order: PlacedOrder, steps: Steps, run: Run): Promise<boolean> {
  let presented: readonly Presented[] | undefined;
  try {
    const authorizations =
      order.status === 'pending'
        ? await steps.run('store challenge values', () => storeChallengeValues(attempt, order, run))
        : [];
    if (authorizations.length > 0) {
      for (const round of [1, 2]) {
        presented = await steps.run(`present TXT values ${round}`, () => present(attempt, run));
        await inSync(attempt, presented, round, steps, run);
        const seen = await steps.poll(`look up authoritatively ${round}`, (look) => lookUp(attempt, round, look, run));
        if (seen === 'visible') break;
      }
      await steps.run('answer challenges', () => answerChallenges(attempt, authorizations, run));
      await steps.poll('wait for validation', (poll) => validated(attempt, order, authorizations, poll, run));
    }
  } catch (error) {
    await steps.run('clean up TXT values', () => cleanUpAfterFailure(attempt, presented, run));
    throw error;
  }
  return steps.run('clean up TXT values', () => cleanUp(attempt, presented, run));
}

/**
 * Reads the authorizations that are still to be proven, and stores the values with their places before any of them is
 * written, so that a later run can remove what this one may leave. Returns the authorizations' URLs.
 */
async function storeChallengeValues(attempt: Attempt, placed: PlacedOrder, run: Run): Promise<readonly string[]> {
  const issuer = await openIssuer(attempt.issuer, run, { force: attempt.force });
  const order = await lastOrder(placed.url, issuer, run);
  const authorizations = await Promise.all(order.authorizationUrls.map((url) => freshAuthorization(url, issuer, run)));
  const pending = authorizations.filter((authorization) => authorization.status !== 'valid');
  for (const authorization of pending) expectPending(authorization);
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
  return pending.map(({ url }) => url);
}

function expectPending(authorization: Authorization): void {
  const { domainName, status, challenge } = authorization;
  if (status !== 'pending')
    throw new RenewalFailure(
      'order-failed',
      `the CA's authorization for ${domainName} is ${status}; the next attempt places a new order`,
    );
  if (!challenge)
    throw new RenewalFailure('ca-refused', `the CA offers no dns-01 challenge for ${domainName}`, { retry: 'never' });
}

async function present(attempt: Attempt, run: Run): Promise<readonly Presented[]> {
  const { records } = await knownPending(attempt.claim, run);
  return run.records.present(records);
}

/** Waits until every zone's servers have the change; all zones' waits pass together. */
async function inSync(
  attempt: Attempt,
  presented: readonly Presented[],
  round: number,
  steps: Steps,
  run: Run,
): Promise<void> {
  await steps.wait(`let TXT values propagate ${round}`, FIRST_SYNC_CHECK);
  const changes = presented.map(({ changeId, role }) => ({ changeId, ...(role ? { role } : {}) }));
  await steps.poll(`wait in sync ${round}`, async (check, left = changes): Promise<Polled<null, typeof changes>> => {
    const states = await Promise.all(left.map((change) => run.records.inSync(change)));
    const waiting = left.filter((_, index) => !states[index]);
    if (waiting.length === 0) return { done: true, value: null };
    if (timeOfSyncCheck(check) >= run.settings.propagationMinutes * MINUTE) {
      throw new RenewalFailure(
        'propagation-timeout',
        `Route 53 has not brought the TXT values to all its servers within ${run.settings.propagationMinutes} minutes (${waiting.map(({ changeId }) => changeId).join(', ')}); they have been removed again`,
      );
    }
    const next = timeOfSyncCheck(check + 1) - timeOfSyncCheck(check);
    return { done: false, waitMilliseconds: waitWithin(attempt.claim, next, run), keep: waiting };
  });
}

/** When a check for being in sync takes place, counted from 1, after the values were presented. */
function timeOfSyncCheck(check: number): number {
  let time = FIRST_SYNC_CHECK;
  for (let earlier = 1; earlier < check; earlier += 1) time += Math.min(time * SYNC_GROWTH, LONGEST_SYNC_WAIT);
  return time;
}

/**
 * Looks whether the servers answer with our values before the CA does. `gone` once, in the first round: all servers
 * had them by Route 53's word, but none answers with them, so somebody has overwritten the record.
 */
async function lookUp(attempt: Attempt, round: number, look: number, run: Run): Promise<Polled<'visible' | 'gone'>> {
  const { records } = await knownPending(attempt.claim, run);
  const seen = await Promise.all(
    records.map(async (record) => ({ record, ...propagation(await run.lookup.look(record), record.values) })),
  );
  for (const { record, note } of seen)
    if (note && look === 1) run.log.warn(note, { certificate: attempt.name, record: record.recordName });
  const missing = seen.filter(({ kind }) => kind === 'waiting');
  if (missing.length === 0) return { done: true, value: 'visible' };
  if (round === 1 && look === 3 && missing.every(({ nowhere }) => nowhere)) {
    run.log.warn('the TXT values have disappeared; presenting them once more', { certificate: attempt.name });
    return { done: true, value: 'gone' };
  }
  if (look * LOOK_UP_AGAIN >= run.settings.propagationMinutes * MINUTE) {
    throw new RenewalFailure('value-not-visible', missing.map((at) => notVisible(at.record, at)).join('; '));
  }
  return { done: false, waitMilliseconds: waitWithin(attempt.claim, LOOK_UP_AGAIN, run) };
}

function notVisible(record: ChallengeRecord, at: Propagation): string {
  return (
    `${record.recordName} in zone ${record.zoneName} (${record.zoneId}) does not have the expected value on every server of the zone: ${at.found}. ` +
    'Look for another client that writes this record, and whether the zone is the one that is delegated.'
  );
}

async function answerChallenges(attempt: Attempt, authorizationUrls: readonly string[], run: Run): Promise<void> {
  const issuer = await openIssuer(attempt.issuer, run, { force: attempt.force });
  const authorizations = await Promise.all(authorizationUrls.map((url) => lastAuthorization(url, issuer, run)));
  await Promise.all(
    authorizations
      .filter(({ status }) => status === 'pending')
      .map((authorization) => answerChallenge(issuer.session, authorization)),
  );
}

/** One question about the order says as much as one about each authorization. */
async function validated(
  attempt: Attempt,
  placed: PlacedOrder,
  authorizationUrls: readonly string[],
  poll: number,
  run: Run,
): Promise<Polled<null>> {
  // No CA has validated anything by the time that it has answered.
  if (poll === 1) return { done: false, waitMilliseconds: pollInterval(poll, undefined) };
  const issuer = await openIssuer(attempt.issuer, run, { force: attempt.force });
  const order = await freshOrder(placed.url, issuer, run);
  if (order.status === 'invalid') throw await challengeFailure(attempt, placed, authorizationUrls, run);
  if (order.status !== 'pending') return { done: true, value: null };
  return {
    done: false,
    waitMilliseconds: waitWithin(attempt.claim, pollInterval(poll, order.retryAfterMilliseconds), run),
  };
}

/** The CA's own words, and what the servers answer at this moment. */
async function challengeFailure(
  attempt: Attempt,
  { dns }: PlacedOrder,
  authorizationUrls: readonly string[],
  run: Run,
): Promise<RenewalFailure> {
  const issuer = await openIssuer(attempt.issuer, run, { force: attempt.force });
  const authorizations = await Promise.all(authorizationUrls.map((url) => freshAuthorization(url, issuer, run)));
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

/** Never fails a renewal: what stays is removed by a later attempt, which finds it in the pending version. */
async function cleanUp(attempt: Attempt, presented: readonly Presented[] | undefined, run: Run): Promise<boolean> {
  try {
    // The next owner of the claim may be waiting for the same values: from the end of the lease on they are its.
    if (run.clock.now() >= attempt.claim.leaseUntil) return false;
    const { records, leftovers } = await knownPending(attempt.claim, run);
    if (records.length > 0) await run.records.remove(records, presented);
    if (leftovers.length > 0) await run.records.remove(leftovers);
    return true;
  } catch (error) {
    run.log.warn('TXT values could not be removed; the next attempt tries again', {
      certificate: attempt.name,
      problem: messageOf(error),
    });
    return false;
  }
}

/** The end of a successful attempt writes down that nothing is left; a failed one does it here. */
async function cleanUpAfterFailure(
  attempt: Attempt,
  presented: readonly Presented[] | undefined,
  run: Run,
): Promise<void> {
  if (!(await cleanUp(attempt, presented, run))) return;
  try {
    await run.vault.tag(attempt.claim.arn, writeCertificateTags({ cleaned: attempt.claim.token }));
  } catch (error) {
    // The next attempt removes them once more: no harm.
    run.log.warn('the clean-up could not be written down', { certificate: attempt.name, problem: messageOf(error) });
  }
}
