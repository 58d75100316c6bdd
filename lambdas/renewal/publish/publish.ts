import { readCertificate } from '../../acme/certificate.ts';
import { type AcmImport, importTags } from '../../core/certificate-tags.ts';
import { isAsSpecified } from '../../core/due.ts';
import { isRenewalFailure, messageOf, RenewalFailure } from '../../core/failure.ts';
import { parseSecretValue } from '../../core/secret-value.ts';
import { LIVE, SPEC } from '../../core/stages.ts';
import { askAgain } from '../ask-again.ts';
import type { Attempt } from '../attempt.ts';
import { livePair, readManagedCertificate } from '../certificate/managed-certificate.ts';
import { stackTagsOf } from '../certificate/stack-tags.ts';
import { expectTime, isTakenOver, takenOver } from '../claim/claim.ts';
import { readIssuers } from '../issuer/issuer-secret.ts';
import type { TargetPair } from '../ports/certificate-targets.ts';
import type { SecretDescription } from '../ports/secret-vault.ts';
import type { Run } from '../run.ts';

/**
 * Makes a stored pair the live one: a compare-and-swap on the version that the attempt started from. Throws
 * `claim-lost` when another value has become live in the meantime, and `spec-changed-back` when the live pair is what the spec
 * asks for by now, and the stored one is not.
 */
export async function goLive(attempt: Attempt, version: string, run: Run): Promise<void> {
  const { claim } = attempt;
  expectTime(claim, run);
  await expectNoStepBack(attempt, version, run);
  expectTime(claim, run);
  const moved = await run.vault.moveStage({ id: claim.arn, stage: LIVE, to: version, from: claim.generation });
  if (moved === 'moved') return;
  throw new RenewalFailure(
    'claim-lost',
    'the secret has got another value while this renewal ran; it stays, and the next attempt starts from it',
  );
}

/** A stack's rollback, for example, comes while the CA issues for the spec that is rolled back. */
async function expectNoStepBack(attempt: Attempt, version: string, run: Run): Promise<void> {
  const secret = await askAgain(
    () => run.vault.describe(attempt.claim.arn),
    (shown) => shown?.stages[SPEC] === attempt.specVersion,
    run.clock,
  );
  if (!secret || secret.stages[SPEC] === attempt.specVersion || !(await isStepBack(secret, version, run))) return;
  throw new RenewalFailure(
    'spec-changed-back',
    'the spec was changed back to what the live certificate has while this renewal ran: the live one stays',
  );
}

/** An expired pair is worse than any other. What can't be compared, a spec with a mistake in it too, keeps nothing from going live. */
async function isStepBack(secret: SecretDescription, version: string, run: Run): Promise<boolean> {
  try {
    const { live, spec, revocations } = await readManagedCertificate(secret, run.vault, run.settings);
    if (live.kind !== 'pair' || live.notAfter <= run.clock.now()) return false;
    const directoryUrls = (await readIssuers(spec.issuer, run)).map(({ directoryUrl }) => directoryUrl);
    const stored = livePair((await run.vault.read(secret.arn, version)) ?? '', revocations);
    return isAsSpecified(live, spec, directoryUrls) && !isAsSpecified(stored, spec, directoryUrls);
  } catch (error) {
    run.log.warn('the spec was changed while this renewal ran, and can not be compared with what was issued', {
      secret: secret.name,
      problem: messageOf(error),
    });
    return false;
  }
}

/**
 * Brings the live pair to ACM in one region, unless it is there, and verifies the serial number that ACM shows. Importing the
 * same pair twice is harmless.
 */
export async function importLive(attempt: Attempt, version: string, region: string, run: Run): Promise<AcmImport> {
  expectTime(attempt.claim, run);
  const pair = await readPair(attempt.claim.arn, version, run);
  const { serialNumber } = readCertificate(pair.certificate);
  const key = attempt.spec.key;
  const known = attempt.imports[region];
  const isThere = async ({ arn, serial }: AcmImport) =>
    serial === serialNumber && (await run.targets.serialNumber(region, arn)) === serialNumber;
  // By an attempt that failed in another region: ACM counts imports, also of what it has.
  if (known?.key === key && (await isThere(known))) return known;
  const arn = await importPair(attempt, region, pair, run);
  const imported = await run.targets.serialNumber(region, arn);
  if (imported !== serialNumber) {
    throw new RenewalFailure(
      'target-refused',
      `ACM in ${region} shows serial number ${imported ?? 'none'} for ${arn} after the import of ${serialNumber}`,
      { retry: 'later' },
    );
  }
  if (known && known.arn !== arn) {
    run.log.warn(`ACM in ${region} has a new ARN; whatever uses the old one has to be moved`, {
      certificate: attempt.name,
      old: known.arn,
      new: arn,
      why: known.key === key ? 'the old import is gone' : `the key type changed from ${known.key} to ${key}`,
    });
  }
  return { arn, serial: serialNumber, key };
}

/**
 * Over the import that is known, or over one that a dead run left behind, or anew. What was deleted a moment ago is still
 * shown (https://docs.aws.amazon.com/acm/latest/APIReference/API_DeleteCertificate.html), but takes no import.
 */
async function importPair(attempt: Attempt, region: string, pair: TargetPair, run: Run): Promise<string> {
  const { claim, spec, imports } = attempt;
  const tags = importTags(run.settings.renewer, claim.arn, spec.key);
  const gone = new Set<string>();
  const find = async () => {
    const found = await run.targets.find(region, tags, spec.domainNames[0] ?? '');
    return found.filter((arn) => !gone.has(arn));
  };
  const importOver = async (arn: string) => {
    try {
      await run.targets.import(region, pair, { arn });
      return true;
    } catch (error) {
      if (!isRenewalFailure(error) || error.code !== 'target-gone') throw error;
      gone.add(arn);
      return false;
    }
  };
  const known = imports[region];
  if (known?.key === spec.key && (await importOver(known.arn))) return known.arn;
  for (const left of await find()) {
    if (await importOver(left)) return left;
  }
  const ofStack = await stackTagsOf(claim.arn, run.vault);
  const arn = await run.targets.import(region, pair, { tags: { ...ofStack, ...tags } });
  const twins = (await find()).filter((found) => found !== arn);
  return onlyOne(attempt, region, arn, twins, run);
}

/**
 * A first import can happen twice: its request was delivered again, or a run that is slower than its lease had sent one.
 * Nobody knows of the other one yet, so that it can go; that of a successor stays instead of ours.
 */
async function onlyOne(
  attempt: Attempt,
  region: string,
  arn: string,
  twins: readonly string[],
  run: Run,
): Promise<string> {
  if (twins.length === 0) return arn;
  const lost = await isTakenOver(attempt.claim, run);
  for (const surplus of lost ? [arn] : twins) {
    await run.targets.remove(region, surplus);
    run.log.warn('an import happened twice; the surplus one was removed', {
      certificate: attempt.name,
      region,
      surplus,
    });
  }
  if (lost) throw takenOver();
  return arn;
}

/** The recorded imports of some regions with the serial numbers that ACM shows; without those that are gone. */
export async function confirmedImports(
  regions: readonly string[],
  imports: Attempt['imports'],
  run: Run,
): Promise<Attempt['imports']> {
  const confirmed = await Promise.all(
    regions.map(async (region) => {
      const known = imports[region];
      const serial = known && (await run.targets.serialNumber(region, known.arn));
      return known && serial !== undefined ? [[region, { ...known, serial }] as const] : [];
    }),
  );
  return Object.fromEntries(confirmed.flat());
}

/** A pair, and where it was issued if its value says so. Throws `corrupt-secret` when the version holds none. */
export async function readPair(
  arn: string,
  version: string,
  run: Run,
): Promise<TargetPair & { readonly directoryUrl: string | undefined }> {
  const value = parseSecretValue((await run.vault.read(arn, version)) ?? '');
  if (value.kind === 'pair') return value;
  throw new RenewalFailure('corrupt-secret', `version ${version} of the secret holds no certificate and key`);
}
