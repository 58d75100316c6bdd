import { problemType } from '../../acme/problem.ts';
import type { IssuerRun } from '../run.ts';
import { openIssuer, reopenIssuer } from './issuer.ts';
import type { OpenIssuer } from './open-issuer.ts';

/**
 * Does `work` with an issuer. When the CA answers that it doesn't know the account (`accountDoesNotExist`: it was reset,
 * or has cleared away what was unused), the account is registered again and the work is done once more, once.
 */
export async function withKnownAccount<T>(
  name: string,
  run: IssuerRun,
  options: { readonly force: boolean },
  work: (issuer: OpenIssuer) => Promise<T>,
): Promise<T> {
  const issuer = await openIssuer(name, run, options);
  try {
    return await work(issuer);
  } catch (error) {
    if (problemType(error) !== 'accountDoesNotExist') throw error;
    run.log.warn('the CA does not know the account any more; it is registered again', {
      issuer: name,
      account: issuer.accountUrl,
    });
    return work(await reopenIssuer(issuer, run));
  }
}
