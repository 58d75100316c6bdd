import { MINUTE, SECOND } from '../../core/duration.ts';
import { RenewalFailure } from '../../core/failure.ts';
import { type Propagation, propagation } from '../../core/propagation.ts';
import type { Attempt } from '../attempt.ts';
import { knownPending, waitWithin } from '../claim/claim.ts';
import type { ChallengeRecord, Presented } from '../ports/challenge-records.ts';
import type { Polled, Steps } from '../ports/steps.ts';
import type { Run } from '../run.ts';

/** Route 53 is rarely in sync earlier; asking sooner only costs calls. */
const FIRST_SYNC_CHECK = 20 * SECOND;

/**
 * Each wait is half of the time that has passed: few questions, and no more than a third of the time is lost after the change is
 * there. A question after another invocation also costs what the invocation does.
 */
const GROWTH = 1 / 2;
const SHORTEST_WAIT = 5 * SECOND;
const LONGEST_WAIT = MINUTE;

/** Waits until every zone's servers have the change; all zones' waits pass together. */
export async function waitInSync(
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
    if (timeOf(check, FIRST_SYNC_CHECK) >= run.settings.propagationMinutes * MINUTE) {
      throw new RenewalFailure(
        'propagation-timeout',
        `Route 53 has not brought the TXT values to all its servers within ${run.settings.propagationMinutes} minutes (${waiting.map(({ changeId }) => changeId).join(', ')}); they have been removed again`,
      );
    }
    const next = waitAfter(timeOf(check, FIRST_SYNC_CHECK));
    return { done: false, waitMilliseconds: waitWithin(attempt.claim, next, run), keep: waiting };
  });
}

/** When a question is asked, counted from 1, after the first one's time. */
function timeOf(question: number, first: number): number {
  let time = first;
  for (let earlier = 1; earlier < question; earlier += 1) time += waitAfter(time);
  return time;
}

function waitAfter(time: number): number {
  return Math.min(Math.max(time * GROWTH, SHORTEST_WAIT), LONGEST_WAIT);
}

/**
 * Looks whether the servers answer with our values before the CA does. `gone` once, in the first round: all servers
 * had them by Route 53's word, but none answers with them, so somebody has overwritten the record.
 */
export async function lookUp(
  attempt: Attempt,
  round: number,
  look: number,
  run: Run,
): Promise<Polled<'visible' | 'gone'>> {
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
  if (timeOf(look, 0) >= run.settings.propagationMinutes * MINUTE) {
    throw new RenewalFailure('value-not-visible', missing.map((at) => notVisible(at.record, at)).join('; '));
  }
  return { done: false, waitMilliseconds: waitWithin(attempt.claim, waitAfter(timeOf(look, 0)), run) };
}

function notVisible(record: ChallengeRecord, at: Propagation): string {
  return (
    `${record.recordName} in zone ${record.zoneName} (${record.zoneId}) does not have the expected value on every server of the zone: ${at.found}. ` +
    'Look for another client that writes this record, for NS records at this name, and whether the zone is the one that is delegated.'
  );
}
