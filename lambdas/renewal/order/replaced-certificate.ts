import { ariIdOf } from '../../acme/ari-id.ts';
import { isRenewalFailure } from '../../core/failure.ts';
import { parseSecretValue } from '../../core/secret-value.ts';
import type { Attempt } from '../attempt.ts';
import type { OpenIssuer } from '../issuer/issuer.ts';
import type { Run } from '../run.ts';

/**
 * The id of the live certificate for an order's `replaces` (RFC 9773, section 5), where the same account got it from the
 * same directory: other CAs and accounts don't know it. `offered`: whether the CA has renewal information at all.
 */
export async function replacedCertificate(
  { claim }: Attempt,
  { settings, accountUrl }: OpenIssuer,
  offered: boolean,
  run: Run,
): Promise<string | undefined> {
  if (!offered) return undefined;
  const live = parseSecretValue((await run.vault.read(claim.arn, claim.generation)) ?? '');
  if (live.kind !== 'pair') return undefined;
  const ours = live.directoryUrl === settings.directoryUrl && live.accountUrl === accountUrl;
  return ours ? ariIdOf(live.certificate) : undefined;
}

/**
 * Whether an order that was refused may be about `replaces`. CAs word that differently (`alreadyReplaced`, `conflict`,
 * `malformed`, `unauthorized`; Pebble answers 500), so that whatever they say it is asked once more without it.
 */
export function mayBeAboutReplaces(error: unknown): boolean {
  if (!isRenewalFailure(error)) return false;
  return error.code === 'ca-refused' || (error.code === 'ca-unreachable' && error.details.problem !== undefined);
}
