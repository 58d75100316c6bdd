import type { RenewalFailure } from '../../core/failure.ts';
import { concernsNamesAlone } from '../../core/rate-limit.ts';
import type { IssuerRun } from '../run.ts';
import { pauseIssuer } from './issuer.ts';

/**
 * Keeps a CA's Retry-After for all certificates of an issuer, unless the limit is one of the names that were asked for:
 * that one the certificate's back-off remembers.
 */
export async function pauseWhereLimited(
  issuer: string,
  { code, details }: RenewalFailure,
  run: IssuerRun,
): Promise<void> {
  const { problem, retryAt } = details;
  if (code !== 'ca-rate-limited' || retryAt === undefined || (problem && concernsNamesAlone(problem))) return;
  await pauseIssuer(issuer, retryAt, run);
}
