import type { CertificateTags } from '../core/certificate-tags.ts';
import { readCertificateTags } from '../core/certificate-tags.ts';
import type { Decision } from '../core/due.ts';
import { hasKnownLimits, ordersLeft } from '../core/order-budget.ts';
import type { SecretDescription } from './ports/secret-vault.ts';

/** How many renewals one scan may start. */
export interface StartBudget {
  /** Takes one start; `false` when none is left. */
  take(tags: CertificateTags): boolean;
}

export const WAIT_FOR_BUDGET: Decision = {
  action: 'wait',
  reason: "close to Let's Encrypt's limit of 300 orders in three hours; a later scan starts it",
};

/**
 * Keeps a scan below Let's Encrypt's limit of new orders for an account, as far as the listing tells: by the orders that
 * certificates have noted. A certificate that has none yet may be for any CA, and counts.
 */
export function startBudget(secrets: readonly SecretDescription[], now: number): StartBudget {
  const noted = secrets.map(({ tags }) => readCertificateTags(tags)).filter(mayCount);
  let left = ordersLeft(
    noted.flatMap(({ ordered = [] }) => ordered),
    now,
  );
  return {
    take(tags) {
      if (!mayCount(tags)) return true;
      left -= 1;
      return left >= 0;
    },
  };
}

function mayCount({ renewalInfo, issuer }: CertificateTags): boolean {
  return renewalInfo === undefined ? issuer === undefined : hasKnownLimits(renewalInfo);
}
