import { problemType } from '../../acme/problem.ts';
import type { IssuerRun } from '../run.ts';
import type { OpenIssuer } from './issuer.ts';
import { openIssuer, reopenIssuer } from './open-issuer.ts';

/**
 * Does `work` with an issuer. When the CA answers that it doesn't know the account (`accountDoesNotExist`: it was reset,
 * or has cleared away what was unused), the account is registered again and the work is done once more, once.
 */
export async function withKnownAccount<T>(
  asked: Parameters<typeof openIssuer>[0],
  run: IssuerRun,
  work: (issuer: OpenIssuer) => Promise<T>,
): Promise<T> {
  const issuer = await openIssuer(asked, run);
  try {
    return await work(issuer);
  } catch (error) {
    if (problemType(error) !== 'accountDoesNotExist') throw error;
    run.log.warn('the CA does not know the account any more; it is registered again', {
      issuer: issuer.name,
      account: issuer.accountUrl,
    });
    return work(await reopenIssuer(issuer, run));
  }
}
