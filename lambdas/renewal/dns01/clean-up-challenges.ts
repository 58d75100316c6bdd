import { writeCertificateTags } from '../../core/certificate-tags.ts';
import { messageOf } from '../../core/failure.ts';
import type { Attempt } from '../attempt.ts';
import { knownPending } from '../claim/claim.ts';
import type { Presented } from '../ports/challenge-records.ts';
import type { Run } from '../run.ts';

/** Never fails a renewal: what stays is removed by a later attempt, which finds it in the pending version. */
export async function cleanUp(
  attempt: Attempt,
  presented: readonly Presented[] | undefined,
  run: Run,
): Promise<boolean> {
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
export async function cleanUpAfterFailure(
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
