import { verifyPair } from '../../acme/verify.ts';
import { dueFromValue, isAsSpecified } from '../../core/due.ts';
import { messageOf } from '../../core/failure.ts';
import type { IssuerSettings } from '../../core/issuer-settings.ts';
import { parseSecretValue } from '../../core/secret-value.ts';
import { ISSUED, PREVIOUS } from '../../core/stages.ts';
import { livePair, type ManagedCertificate } from '../certificate/managed-certificate.ts';
import { issuerOfDirectory, type NamedIssuer } from '../issuer/issuer-secret.ts';
import type { Run } from '../run.ts';

/**
 * The version of a stored pair that goes live without an order, when the spec has been changed to one that it satisfies: the pair
 * before, after a stack's rollback or a change that somebody takes back; or the last one that was issued, when its spec is back
 * that had been taken back before it could go live. `undefined` when there is none, when it doesn't satisfy the spec, is due, or
 * does not pass the checks of a new pair, and when the live pair satisfies the spec too.
 *
 * While the spec is the one that the tags name, nothing is reinstated: whoever replaced a pair under the same spec, because
 * its key is known to others perhaps, doesn't get it back.
 */
export async function reinstatable(
  certificate: ManagedCertificate,
  issuers: readonly NamedIssuer[],
  run: Run,
): Promise<string | undefined> {
  const { stages, spec, specVersion, liveVersion, tags, live } = certificate;
  if (specVersion === undefined || specVersion === tags.spec) return undefined;
  // What is to be renewed because of its age alone stays: the one before it is older.
  if (isAsSpecified(live, spec, directoriesOf(issuers))) return undefined;
  for (const version of new Set([stages[PREVIOUS], stages[ISSUED]])) {
    if (version !== undefined && version !== liveVersion && (await mayGoLive(version, certificate, issuers, run)))
      return version;
  }
  return undefined;
}

async function mayGoLive(
  version: string,
  certificate: ManagedCertificate,
  issuers: readonly NamedIssuer[],
  run: Run,
): Promise<boolean> {
  const value = (await run.vault.read(certificate.arn, version)) ?? '';
  const pair = livePair(value, certificate.revocations);
  const context = { now: run.clock.now(), force: false, directoryUrls: directoriesOf(issuers), imports: {} };
  if (pair.kind !== 'pair' || dueFromValue(pair, certificate.spec, context).action === 'renew') return false;
  const issuer = issuerOfDirectory(pair.directoryUrl, issuers) ?? issuers[0];
  return issuer !== undefined && isVerified(value, certificate, issuer, run);
}

function directoriesOf(issuers: readonly NamedIssuer[]): readonly string[] {
  return issuers.map(({ directoryUrl }) => directoryUrl);
}

function isVerified(
  value: string,
  { name, spec }: ManagedCertificate,
  { trust, caBundle }: IssuerSettings,
  run: Run,
): boolean {
  const parsed = parseSecretValue(value);
  if (parsed.kind !== 'pair') return false;
  const { certificate, chain, privateKey } = parsed;
  const { domainNames, key } = spec;
  const roots = caBundle === undefined ? {} : { roots: caBundle };
  try {
    verifyPair({ certificate, chain, privateKey, domainNames, key, trust, now: run.clock.now(), ...roots });
    return true;
  } catch (error) {
    run.log.warn('the pair before satisfies the spec, but can not go live again', {
      certificate: name,
      problem: messageOf(error),
    });
    return false;
  }
}
