import { arnsByRegion } from '../core/certificate-tags.ts';
import { isHarmless, toFailure } from '../core/failure.ts';
import type { RenewOutcome } from '../core/outcome.ts';
import type { RenewEvent } from '../core/renew-event.ts';
import { type Attempt, expectOwnAttempt } from './attempt.ts';
import { beginAttempt } from './claim/begin-attempt.ts';
import { issue } from './order/issue.ts';
import { announce } from './outcome/announce.ts';
import { asFailure, recordFailure } from './outcome/record-failure.ts';
import type { Steps } from './ports/steps.ts';
import { importEverywhere } from './publish/import-everywhere.ts';
import { goLive } from './publish/publish.ts';
import { revokeAtOnce, revokeReplaced } from './revoke.ts';
import type { Run } from './run.ts';

/**
 * Renews one certificate, first issuance included: claim, order, prove, obtain, publish, announce.
 *
 * Safe to call at any moment, twice at once, and again after it died anywhere: at most one order of a generation is
 * finalized as long as the CA gets on with it (decision 7), the live pair is only ever replaced by a verified one, and a private
 * key exists in the secret before the CA hears of it. Throws `RenewalFailure`, after the failure has been written to the
 * certificate's tags. What another run goes on with, and what is not due any more, is no failure: it is returned, so that it
 * neither fails an execution nor is repeated.
 */
export async function renew(event: RenewEvent, steps: Steps, run: Run): Promise<RenewOutcome> {
  const begun = await steps
    .run('claim', () => beginAttempt(event, run))
    .catch((error: unknown) => {
      throw asFailure(event.certificate, error);
    });
  if (begun.kind === 'ended') return begun.outcome;
  let { attempt } = begun;
  expectOwnAttempt(attempt);
  let { imports } = attempt;
  try {
    let version = attempt.claim.generation;
    let cleaned = false;
    await revokeAtOnce(attempt, steps, run);
    if (attempt.work === 'renew') {
      const issued = await issue(attempt, steps, run);
      ({ attempt, cleaned } = issued);
      await steps.run('go live', () => goLive(attempt, issued.version, run));
      version = issued.version;
    }
    const { reinstates } = attempt;
    if (reinstates !== undefined) {
      await steps.run('reinstate', () => goLive(attempt, reinstates, run));
      version = reinstates;
    }
    const imported = await importEverywhere(attempt, version, steps, run);
    imports = imported.imports;
    if (imported.failure) throw imported.failure;
    const revoked = await revokeReplaced(attempt, version, steps, run);
    return await steps.run('announce', () => announce(attempt, { version, imports, cleaned, revoked }, run));
  } catch (error) {
    const failure = asFailure(attempt.name, error);
    await steps.run('record failure', () => recordFailure(attempt, imports, failure, run));
    if (isHarmless(failure.code)) return leftAlone(attempt, imports, failure.code, toFailure(error).message);
    throw failure;
  }
}

function leftAlone(
  { name, claim }: Attempt,
  imports: Attempt['imports'],
  decision: RenewOutcome['decision'],
  reason: string,
): RenewOutcome {
  return { certificate: name, decision, reason, secretArn: claim.arn, acm: arnsByRegion(imports) };
}
