import { type CertificateTags, readCertificateTags } from '../../core/certificate-tags.ts';
import { SECOND } from '../../core/duration.ts';
import { FAILURE_CODES, type FailureCode, RenewalFailure } from '../../core/failure.ts';
import { isoInstant } from '../../core/instant.ts';
import { SPEC } from '../../core/stages.ts';
import { digest } from '../digest.ts';
import { endOf } from '../outcome/answer-request.ts';
import { readFailure } from '../outcome/last-failure.ts';
import type { SecretDescription } from '../ports/secret-vault.ts';
import type { ProvisionRun } from './provision-run.ts';

const LOOK_AGAIN = 5 * SECOND;
/** While another run owns the claim and shows no change. */
const ASK_AGAIN = 60 * SECOND;

/**
 * Has `renew` bring the certificate to its spec, and waits for that. A renewal that runs already is waited for, and then
 * asked whether anything is left to do, so that nothing is ordered twice. A repeated invocation asks under the same names.
 *
 * Throws what the renewal failed with, in its own words, and `deployment-timeout` at the run's deadline.
 */
export async function followRenewal(name: string, arn: string, run: ProvisionRun): Promise<void> {
  for (let asked = 1; ; asked += 1) {
    const request = digest('request', arn, run.id, asked);
    const before = await described(arn, run);
    if (endOf(request, tags(before)) === undefined) {
      await run.starter.start({ certificate: arn, force: false, request }, request);
    }
    const secret = await untilAnswered(name, before, request, run);
    const end = endOf(request, tags(secret));
    // Something changed after the claim, or another request's answer has replaced ours: asked once more, `renew` finds what there
    // is to do.
    if (end === undefined || end === 'no-longer-due' || end === 'spec-changed-back') continue;
    if (isAnothers(end)) await untilClaimMoves(name, secret, run);
    else if (isFailureCode(end)) throw await readFailure(secret, end, run);
    else if (!workedFromAnotherSpec(before, secret)) return;
    // While a renewal of the spec before runs, no other writes what has been worked from.
    else await untilIdle(arn, run.deadline, run);
  }
}

/** What the renewal saw of the secret can be from before the spec was written, and then it has said nothing about this one. */
function workedFromAnotherSpec(before: SecretDescription, after: SecretDescription): boolean {
  const wanted = before.stages[SPEC];
  return after.stages[SPEC] === wanted && tags(after).spec !== wanted;
}

/** Waits while a renewal seems to run, at most until `end`. */
export async function untilIdle(arn: string, end: number, run: ProvisionRun): Promise<void> {
  while (run.clock.now() < end) {
    const secret = await run.vault.describe(arn);
    const { state, lease = 0 } = tags(secret);
    if (state !== 'renewing' || lease <= run.clock.now()) return;
    await run.clock.sleep(LOOK_AGAIN);
  }
}

/** Until this request is answered, or another one: there is one tag for all of them. */
async function untilAnswered(
  name: string,
  before: SecretDescription,
  request: string,
  run: ProvisionRun,
): Promise<SecretDescription> {
  for (;;) {
    const secret = await described(before.arn, run);
    if (endOf(request, tags(secret)) !== undefined) return secret;
    if (tags(secret).answered !== tags(before).answered) return secret;
    await waitOn(name, secret, run);
  }
}

async function untilClaimMoves(name: string, busy: SecretDescription, run: ProvisionRun): Promise<void> {
  const end = run.clock.now() + ASK_AGAIN;
  while (run.clock.now() < end) {
    await waitOn(name, busy, run);
    const secret = await described(busy.arn, run);
    if (tags(secret).claimEnded !== tags(busy).claimEnded) return;
  }
}

async function waitOn(name: string, secret: SecretDescription, run: ProvisionRun): Promise<void> {
  const left = run.deadline - run.clock.now();
  if (left > 0) return run.clock.sleep(Math.min(LOOK_AGAIN, left));
  const { state = 'unknown', lease } = tags(secret);
  const until = state === 'renewing' && lease !== undefined ? ` until ${isoInstant(lease)} at the latest` : '';
  throw new RenewalFailure(
    'deployment-timeout',
    `${name}: the renewal has not ended in time (its state is ${state}${until}). Look at the log of the renew function, ` +
      'and deploy again when it has ended.',
  );
}

async function described(arn: string, run: ProvisionRun): Promise<SecretDescription> {
  const secret = await run.vault.describe(arn);
  if (secret) return secret;
  throw new RenewalFailure('deployment-superseded', `the secret ${arn} was deleted while it was waited for`);
}

function tags(secret: SecretDescription | undefined): CertificateTags {
  return readCertificateTags(secret?.tags ?? {});
}

/** Another run, perhaps of another version of evercert, works on the certificate. */
function isAnothers(end: string): boolean {
  return end === 'busy' || end === 'claim-lost' || end === 'other-version';
}

function isFailureCode(end: string): end is FailureCode {
  return Object.hasOwn(FAILURE_CODES, end);
}
