import { keyDigestOf } from '../acme/private-key.ts';
import { revokeCertificate } from '../acme/revocation.ts';
import { openSession } from '../acme/session.ts';
import { preferredIssuer } from '../core/certificate-spec.ts';
import { isRenewalFailure, messageOf, RenewalFailure } from '../core/failure.ts';
import type { Revoke } from '../core/renew-event.ts';
import {
  isRepetition,
  parseRevocations,
  type Revocation,
  revocationsValue,
  withRevocation,
} from '../core/revocations.ts';
import { parseSecretValue } from '../core/secret-value.ts';
import { LIVE, REVOKED } from '../core/stages.ts';
import type { Attempt } from './attempt.ts';
import { type ManagedCertificate, readManagedCertificate } from './certificate/managed-certificate.ts';
import { expectTime } from './claim/claim.ts';
import { digest } from './digest.ts';
import { readIssuerSettings } from './issuer/issuer-secret.ts';
import { endpointOf, openIssuer } from './issuer/open-issuer.ts';
import { withKnownAccount } from './issuer/with-known-account.ts';
import type { Steps } from './ports/steps.ts';
import { readPair } from './publish/publish.ts';
import type { Run } from './run.ts';

/**
 * Writes down that the live certificate is to be revoked, before anything else happens (decision 8): from then on its key
 * is never used again, and every run goes on with it until it is done. Returns the certificate as it is after that.
 *
 * The same event again changes nothing, and neither does another one within a day that doesn't name the live certificate
 * by its serial number: Lambda, clients and people repeat themselves, and what they mean is gone by then.
 * Throws `invalid-input` when there is nothing to revoke, and when another certificate is live than the one that is named.
 */
export async function recordRevocation(
  certificate: ManagedCertificate,
  wanted: Revoke | undefined,
  run: Run,
): Promise<ManagedCertificate> {
  if (wanted === undefined || certificate.revocations.some(({ by }) => by === run.id)) return certificate;
  const { name, arn, live, liveVersion, stages, revocations } = certificate;
  if (live.kind !== 'pair') throw refused(name, 'there is no live certificate that could be revoked');
  const named = wanted.serialNumber?.replaceAll(':', '').toLowerCase();
  if (named !== undefined && named !== live.serialNumber) {
    if (revocations.some(({ serialNumber }) => serialNumber === named)) return certificate;
    throw refused(name, `the live certificate has serial number ${live.serialNumber}, not ${named}`);
  }
  if (live.keyIsRevoked) return certificate;
  if (named === undefined && isRepetition(revocations, run.clock.now())) {
    run.log.warn(
      'a revocation was asked for less than a day ago, and the live certificate is newer; nothing is revoked',
      {
        certificate: name,
        serialNumber: live.serialNumber,
        advice: 'name its serialNumber in revoke to have it revoked as well',
      },
    );
    return certificate;
  }
  const pair = await readPair(arn, liveVersion, run);
  const added: Revocation = {
    version: liveVersion,
    serialNumber: live.serialNumber,
    key: keyDigestOf(pair.privateKey) ?? '',
    reason: wanted.reason,
    immediate: wanted.immediate,
    issuer: await issuerOf(certificate, run),
    by: run.id,
    at: run.clock.now(),
    notAfter: live.notAfter,
    certificate: pair.certificate,
  };
  const done = unfinishedRevocations(certificate) === undefined;
  const value = revocationsValue(withRevocation(revocations, added, done));
  // One of two who ask at the same moment is written down; both go on with that one.
  const token = digest('revoked', arn, stages[REVOKED] ?? '');
  await run.vault.put({ id: arn, value, token, stage: REVOKED });
  run.log.info('revocation asked for', { certificate: name, serialNumber: added.serialNumber, reason: added.reason });
  const secret = await run.vault.describe(arn);
  return secret ? readManagedCertificate(secret, run.vault, run.settings) : certificate;
}

/** The version of the record of which something has still to be revoked. */
export function unfinishedRevocations({
  stages,
  tags,
}: Pick<ManagedCertificate, 'stages' | 'tags'>): string | undefined {
  return stages[REVOKED] === tags.revoked ? undefined : stages[REVOKED];
}

/** What shall be gone before there is another certificate. A refusal doesn't stop the renewal: it is tried again after. */
export async function revokeAtOnce(attempt: Attempt, steps: Steps, run: Run): Promise<void> {
  if (attempt.revokes === undefined) return;
  await steps.run('revoke at once', async () => {
    for (const revocation of await asked(attempt, run)) {
      if (!revocation.immediate) continue;
      await revoke(revocation, attempt, run).catch((error: unknown) => {
        run.log.warn('the certificate could not be revoked at once; it is tried again when another one is live', {
          certificate: attempt.name,
          problem: messageOf(error),
        });
      });
    }
  });
}

/**
 * Revokes what another pair has taken the place of, in the secret and in ACM. Returns the serial numbers. Throws
 * `claim-lost` when something else is live than `version`, and `revocation-refused` in the CA's words.
 */
export async function revokeReplaced(
  attempt: Attempt,
  version: string,
  steps: Steps,
  run: Run,
): Promise<readonly string[]> {
  if (attempt.revokes === undefined) return [];
  return steps.run('revoke what was replaced', async () => {
    const revocations = await asked(attempt, run);
    await expectReplaced(revocations, attempt, version, run);
    for (const revocation of revocations) await revoke(revocation, attempt, run);
    return revocations.map(({ serialNumber }) => serialNumber);
  });
}

/** Nothing is revoked that is live: looked at right before, because somebody may have put it back. */
async function expectReplaced(
  revocations: readonly Revocation[],
  { claim }: Attempt,
  version: string,
  run: Run,
): Promise<void> {
  expectTime(claim, run);
  const secret = await run.vault.describe(claim.arn);
  const key = keyDigestOf((await readPair(claim.arn, version, run)).privateKey);
  if (secret?.stages[LIVE] === version && !revocations.some((revocation) => revocation.key === key)) return;
  throw new RenewalFailure(
    'claim-lost',
    'the secret has got another value in the meantime; nothing was revoked, and the next run starts from what is there',
  );
}

async function asked({ claim, revokes = '' }: Attempt, run: Run): Promise<readonly Revocation[]> {
  const text = await run.vault.read(claim.arn, revokes);
  return (parseRevocations(text ?? '') ?? []).filter(({ certificate }) => certificate !== undefined);
}

/** A CA's limits are about orders; a compromised key waits for none of them. */
const WHILE_PAUSED = { force: true };

async function revoke(revocation: Revocation, attempt: Attempt, run: Run): Promise<void> {
  const { serialNumber, reason, notAfter } = revocation;
  // An expired certificate is refused by every client, and by the CA that shall revoke it.
  if (notAfter <= run.clock.now()) return;
  try {
    if (!(await revokedByKey(revocation, attempt, run))) await revokeByAccount(revocation, run);
  } catch (error) {
    if (!isRenewalFailure(error) || error.code !== 'ca-refused') throw error;
    throw new RenewalFailure(
      'revocation-refused',
      `the certificate with serial number ${serialNumber} could not be revoked: ${error.message}`,
      { cause: error, retry: error.retry, details: error.details },
    );
  }
  run.log.info('certificate revoked', { certificate: attempt.name, serialNumber, reason });
}

/**
 * A compromise is proven by the key itself (RFC 8555, section 7.6): then the CA takes the key from nobody any more. Not
 * every CA does that, and the key's version may be gone: the answer is `false`, and the account has to do.
 */
async function revokedByKey(
  { certificate = '', version, reason, issuer }: Revocation,
  { claim, name }: Attempt,
  run: Run,
): Promise<boolean> {
  const value = reason === 'keyCompromise' ? await run.vault.read(claim.arn, version) : undefined;
  const pair = value === undefined ? undefined : parseSecretValue(value);
  if (pair?.kind !== 'pair') return false;
  const { settings } = await openIssuer({ issuer, ...WHILE_PAUSED }, run);
  const session = openSession(endpointOf(settings), { accountKey: pair.privateKey, clock: run.clock, cas: run.cas });
  try {
    await revokeCertificate(session, { certificate, reason, signedBy: 'key' });
    return true;
  } catch (error) {
    if (!isRenewalFailure(error) || error.code !== 'ca-refused') throw error;
    run.log.warn('the CA does not take the certificate’s own key for its revocation; the account asks', {
      certificate: name,
      problem: error.message,
    });
    return false;
  }
}

async function revokeByAccount({ certificate = '', reason, issuer }: Revocation, run: Run): Promise<void> {
  await withKnownAccount({ issuer, ...WHILE_PAUSED }, run, ({ session }) =>
    revokeCertificate(session, { certificate, reason, signedBy: 'account' }),
  );
}

/** The issuer that has ordered the live pair; the spec's first for an adopted one, which doesn't say. */
async function issuerOf({ name, live, spec, tags }: ManagedCertificate, run: Run): Promise<string> {
  const directoryUrl = live.kind === 'pair' ? live.directoryUrl : undefined;
  if (directoryUrl === undefined) return preferredIssuer(spec);
  for (const issuer of new Set([...(tags.issuer === undefined ? [] : [tags.issuer]), ...spec.issuer])) {
    const settings = await readIssuerSettings(issuer, run).catch((error: unknown) => {
      if (isRenewalFailure(error) && error.code === 'unknown-issuer') return undefined;
      throw error;
    });
    if (settings?.directoryUrl === directoryUrl) return issuer;
  }
  throw refused(name, `it was issued by ${directoryUrl}, which is none of its issuers': revoke it there`);
}

function refused(name: string, why: string): RenewalFailure {
  return new RenewalFailure('invalid-input', `${name}: nothing is revoked: ${why}`);
}
