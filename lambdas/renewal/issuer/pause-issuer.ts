import type { RenewalFailure } from '../../core/failure.ts';
import { readIssuerTags, writeIssuerTags } from '../../core/issuer-tags.ts';
import { concernsNamesAlone } from '../../core/rate-limit.ts';
import type { IssuerRun } from '../run.ts';
import { existingIssuer } from './issuer-secret.ts';

/**
 * Keeps a CA's Retry-After for all certificates and runs of an issuer, unless the limit is one of the names that were asked for:
 * that one the certificate keeps, in its back-off, and with several issuers in a tag of its own (`order/name-limit.ts`).
 */
export async function pauseWhereLimited(
  issuer: string,
  { code, details }: RenewalFailure,
  run: IssuerRun,
): Promise<void> {
  const { problem, retryAt } = details;
  // What has no problem did not come from the CA: it repeats what is known.
  if (code !== 'ca-rate-limited' || retryAt === undefined || !problem || concernsNamesAlone(problem)) return;
  const secret = await existingIssuer(issuer, run);
  const known = readIssuerTags(secret.tags).notBefore ?? 0;
  if (retryAt > known) await run.vault.tag(secret.arn, writeIssuerTags({ notBefore: retryAt }));
}
