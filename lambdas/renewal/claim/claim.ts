import { MINUTE } from '../../core/duration.ts';
import { type FailureDetails, isOrderSpent, RenewalFailure } from '../../core/failure.ts';
import { isoInstant } from '../../core/instant.ts';
import { LIVE, PENDING } from '../../core/stages.ts';
import { askAgain } from '../ask-again.ts';
import type { ManagedCertificate } from '../certificate/managed-certificate.ts';
import { digest } from '../digest.ts';
import type { SecretDescription } from '../ports/secret-vault.ts';
import type { Run } from '../run.ts';
import { nextPrivateKey } from './next-key.ts';
import { type Pending, pendingValue } from './pending.ts';
import { readPending } from './read-pending.ts';

/** Between an owner's last action and the end of its lease: time-outs of requests and differences of clocks fit in. */
const MARGIN = 2 * MINUTE;

/** Two attempts at a certificate with the most names; more would not fit a secret's 65,536 bytes for ever. */
const MAX_LEFTOVERS = 200;

/** More claims of one generation than a certificate can see in its life. */
const MAX_ATTEMPTS = 10_000;

/** Who may act on a certificate. Plain data without the key: it crosses steps. */
export interface Claim {
  readonly arn: string;
  /** The version that says who owns the attempt. */
  readonly token: string;
  /** The live version that is being replaced. */
  readonly generation: string;
  readonly attempt: number;
  /** Whether an order of an earlier attempt may be gone on with. */
  readonly resumes: boolean;
  /** Stop acting by then; milliseconds since the epoch. */
  readonly deadline: number;
  readonly leaseUntil: number;
}

export type ClaimOutcome =
  | { readonly kind: 'claimed'; readonly claim: Claim }
  | { readonly kind: 'busy'; readonly until: number };

/**
 * Claims the next attempt at a certificate: one create-once write, whose id both contenders compute alike (decision
 * 1). `purpose` says whether the attempt needs a new private key.
 */
export async function claimAttempt(
  certificate: ManagedCertificate,
  purpose: 'renew' | 'publish',
  run: Run,
): Promise<ClaimOutcome> {
  let previous = await readPending(certificate.arn, certificate.stages[PENDING], run);
  for (let attempt = 1; attempt < MAX_ATTEMPTS; attempt += 1) {
    if (previous && !isOver(previous, certificate, run)) {
      if (previous.owner !== run.id) return busy(previous);
      if (serves(previous, certificate, purpose)) return claimed(certificate.arn, previous, run);
      // Our own, but for something else: a repeated run finds its own new pair live and has only targets left to do.
    }
    const unfinished = previous?.generation === certificate.liveVersion ? previous : undefined;
    attempt = Math.max(attempt, (unfinished?.attempt ?? 0) + 1);
    // With the claim before in it, because a live version may come back.
    const token = digest('claim', certificate.arn, certificate.liveVersion, attempt, previous?.claim ?? '');
    const privateKey = purpose === 'renew' ? await nextPrivateKey(certificate, unfinished, run) : '';
    const resumes =
      privateKey !== '' &&
      privateKey === unfinished?.privateKey &&
      unfinished.spec === (certificate.specVersion ?? '') &&
      !wasRejected(unfinished, certificate);
    const pending: Pending = {
      schema: 1,
      generation: certificate.liveVersion,
      attempt,
      owner: run.id,
      leaseUntil: run.clock.now() + run.settings.leaseMinutes * MINUTE,
      claim: token,
      spec: certificate.specVersion ?? '',
      key: certificate.spec.key,
      privateKey,
      resumes,
      order: resumes && !hasSpentOrder(unfinished, certificate) ? unfinished.order : undefined,
      slow: unfinished?.slow,
      records: [],
      leftovers: leftovers(previous, certificate),
      // After a failure nothing is taken for granted.
      zones: certificate.tags.failure === undefined ? (previous?.zones ?? []) : [],
    };
    const outcome = await run.vault.put({ id: certificate.arn, value: pendingValue(pending), token, stage: PENDING });
    if (outcome === 'written') return claimed(certificate.arn, pending, run);
    // Who has taken it can't be read for a moment yet: a next number would be a second claim beside that one.
    if ((await run.vault.read(certificate.arn, token)) === undefined) return busy(pending);
    previous = await readPending(certificate.arn, token, run);
  }
  throw new RenewalFailure('unexpected', `${certificate.name} has had ${MAX_ATTEMPTS} attempts at one version`);
}

type Changes = Partial<Pick<Pending, 'order' | 'slow' | 'records' | 'zones'>>;

/** Replaces the owner's pending version by one that knows more: the order, the slow issuer, the TXT values. */
export async function updatePending(claim: Claim, changes: Changes, run: Run): Promise<void> {
  expectTime(claim, run);
  await rememberDone(claim, changes, run);
}

/** The same for what has been done in time: it is remembered after the deadline too, as long as the claim holds. */
export async function rememberDone(claim: Claim, changes: Changes, run: Run): Promise<void> {
  const before = await ownVersion(claim, run);
  const pending = { ...before.pending, ...changes };
  const value = pendingValue(pending);
  // Its predecessor is in the id: a version that exists can't be put back by writing it again.
  const token = digest('pending', claim.token, before.version, value);
  await run.vault.put({ id: claim.arn, value, token, stage: PENDING });
  run.known.pending.set(claim.token, pending);
}

/** The claim's pending version, without a look whether the claim still holds: for reading what it says. */
export async function knownPending(claim: Claim, run: Run): Promise<Pending> {
  return run.known.pending.get(claim.token) ?? ownPending(claim, run);
}

/**
 * The claim's own pending version, as it is now. Throws `claim-lost` when somebody else has claimed or the live version
 * is no longer the one that is being replaced, `attempt-timeout` when the time is up: then nothing more is done.
 */
export async function ownPending(claim: Claim, run: Run): Promise<Pending> {
  expectTime(claim, run);
  return (await ownVersion(claim, run)).pending;
}

async function ownVersion(claim: Claim, run: Run): Promise<{ readonly pending: Pending; readonly version: string }> {
  // Another process of the same execution may have claimed a moment ago.
  const { secret, version, pending } = await askAgain(
    () => shownPending(claim.arn, run),
    (shown) => shown.pending?.claim === claim.token,
    run.clock,
  );
  if (!secret || pending?.claim !== claim.token) throw takenOver();
  if (secret.stages[LIVE] !== claim.generation) {
    throw new RenewalFailure(
      'claim-lost',
      'the secret has got another value in the meantime; this run leaves it alone, and the next one starts from it',
    );
  }
  run.known.pending.set(claim.token, pending);
  return { pending, version };
}

async function shownPending(
  arn: string,
  run: Run,
): Promise<{
  readonly secret: SecretDescription | undefined;
  readonly version: string;
  readonly pending: Pending | undefined;
}> {
  const secret = await run.vault.describe(arn);
  const version = secret?.stages[PENDING] ?? '';
  return { secret, version, pending: await readPending(arn, version, run) };
}

/** Whether the lease has run out and somebody else has claimed since. Costs nothing while the lease lasts. */
export async function isTakenOver(claim: Claim, run: Run): Promise<boolean> {
  if (run.clock.now() < claim.leaseUntil) return false;
  const secret = await run.vault.describe(claim.arn);
  const pending = await readPending(claim.arn, secret?.stages[PENDING], run);
  return pending?.claim !== claim.token;
}

export function takenOver(): RenewalFailure {
  return new RenewalFailure(
    'claim-lost',
    'another run has taken this certificate over; nothing more is done by this one',
  );
}

/** The wait, if it ends in time; throws `attempt-timeout` at once if it doesn't, while there is time to clean up. */
export function waitWithin(claim: Claim, milliseconds: number, run: Run): number {
  const end = run.clock.now() + milliseconds;
  if (end < claim.deadline) return milliseconds;
  throw timeout(claim, { retryAt: end });
}

/** Throws `attempt-timeout` when the time is up, and `claim-lost` when another invocation goes on with this run. */
export function expectTime(claim: Claim, run: Run): void {
  if (run.invocation.isOver) throw takenOver();
  if (run.clock.now() >= claim.deadline) throw timeout(claim);
}

function timeout(claim: Claim, details: FailureDetails = {}): RenewalFailure {
  const lease = isoInstant(claim.leaseUntil);
  return new RenewalFailure(
    'attempt-timeout',
    `the attempt can not end within its lease (until ${lease}); the next one goes on from here`,
    { details },
  );
}

/** Whether a claim of ours is for the work at hand: the same live version, and a key if one is needed. */
function serves(pending: Pending, certificate: ManagedCertificate, purpose: 'renew' | 'publish'): boolean {
  return pending.generation === certificate.liveVersion && (pending.privateKey !== '') === (purpose === 'renew');
}

/**
 * Whether this run has had its attempt: Lambda repeats an event that failed, and delivers some twice. What `force` asked for
 * is done then, or has failed; where the run before died half-way, neither is so, and its claim is gone on with.
 */
export async function hasHadItsAttempt(certificate: ManagedCertificate, run: Run): Promise<boolean> {
  const pending = await readPending(certificate.arn, certificate.stages[PENDING], run);
  if (pending?.owner !== run.id) return false;
  return pending.generation !== certificate.liveVersion || pending.claim === certificate.tags.claimEnded;
}

function claimed(arn: string, pending: Pending, run: Run): ClaimOutcome {
  run.known.pending.set(pending.claim, pending);
  run.known.claims.add(pending.claim);
  const { claim: token, generation, attempt, resumes, leaseUntil } = pending;
  const deadline = leaseUntil - MARGIN;
  return { kind: 'claimed', claim: { arn, token, generation, attempt, resumes, leaseUntil, deadline } };
}

function busy(pending: Pending): ClaimOutcome {
  return { kind: 'busy', until: pending.leaseUntil };
}

function isOver(pending: Pending, certificate: ManagedCertificate, run: Run): boolean {
  return certificate.tags.claimEnded === pending.claim || pending.leaseUntil <= run.clock.now();
}

/** Whether that attempt ended with a certificate which is not published: its order yields no other. */
function wasRejected({ claim }: Pending, { tags }: ManagedCertificate): boolean {
  return tags.failure === 'certificate-rejected' && tags.claimEnded === claim;
}

/** Whether that attempt ended with an order of which nothing can be made: nobody has to wait for it. */
function hasSpentOrder({ claim }: Pending, { tags }: ManagedCertificate): boolean {
  return isOrderSpent(tags.failure) && tags.claimEnded === claim;
}

/** What earlier attempts wrote into DNS and nobody is known to have removed; the newest first, each once. */
function leftovers(previous: Pending | undefined, certificate: ManagedCertificate): Pending['leftovers'] {
  if (!previous || certificate.tags.cleaned === previous.claim) return [];
  const all = [...previous.records, ...previous.leftovers];
  const different = new Map(all.map((record) => [JSON.stringify(record), record]));
  return [...different.values()].slice(0, MAX_LEFTOVERS);
}
