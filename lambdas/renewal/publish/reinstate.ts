import { verifyPair } from '../../acme/verify.ts';
import { dueFromValue, isAsSpecified } from '../../core/due.ts';
import { messageOf } from '../../core/failure.ts';
import type { IssuerSettings } from '../../core/issuer-settings.ts';
import { parseSecretValue } from '../../core/secret-value.ts';
import { PREVIOUS } from '../../core/stages.ts';
import { livePair, type ManagedCertificate } from '../certificate/managed-certificate.ts';
import { issuerOfDirectory, type NamedIssuer } from '../issuer/issuer-secret.ts';
import type { Run } from '../run.ts';

/**
 * The version of the pair before, when the spec has been changed to one that it satisfies: a stack's rollback, or a
 * change that somebody takes back. It then goes live again, and nothing is ordered. `undefined` when there is none, when it
 * doesn't satisfy the spec, is due, or does not pass the checks of a new pair, and when the live pair satisfies the spec too.
 *
 * While the spec is the one that the tags name, nothing is reinstated: whoever replaced a pair under the same spec, because
 * its key is known to others perhaps, doesn't get it back.
 */
export async function reinstatable(
  certificate: ManagedCertificate,
  issuers: readonly NamedIssuer[],
  run: Run,
): Promise<string | undefined> {
  const { arn, stages, spec, specVersion, tags, live } = certificate;
  const version = stages[PREVIOUS];
  if (version === undefined || specVersion === undefined || specVersion === tags.spec) return undefined;
  const directoryUrls = issuers.map(({ directoryUrl }) => directoryUrl);
  // What is to be renewed because of its age alone stays: the one before it is older.
  if (isAsSpecified(live, spec, directoryUrls)) return undefined;
  const value = (await run.vault.read(arn, version)) ?? '';
  const pair = livePair(value, certificate.revocations);
  const now = run.clock.now();
  const decision = dueFromValue(pair, spec, { now, force: false, directoryUrls, imports: {} });
  if (pair.kind !== 'pair' || decision.action === 'renew') return undefined;
  const issuer = issuerOfDirectory(pair.directoryUrl, issuers) ?? issuers[0];
  return issuer && isVerified(value, certificate, issuer, run) ? version : undefined;
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
