import type { CertificateTags } from '../../core/certificate-tags.ts';
import type { Decision } from '../../core/due.ts';
import { hasKnownLimits, ordersLeft } from '../../core/order-budget.ts';

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
 * Keeps a scan below Let's Encrypt's limit of new orders for an account, as far as the listing tells: by `orders`, the
 * `countedOrders` of all certificates. A certificate that has none yet may be for any CA, and counts.
 */
export function startBudget(orders: readonly number[], now: number): StartBudget {
  let left = ordersLeft(orders, now);
  return {
    take(tags) {
      if (!mayCount(tags)) return true;
      left -= 1;
      return left >= 0;
    },
  };
}

/** When a certificate has placed orders that count for the limit. */
export function countedOrders(tags: CertificateTags): readonly number[] {
  return mayCount(tags) ? (tags.ordered ?? []) : [];
}

function mayCount({ renewalInfo, issuer }: CertificateTags): boolean {
  return renewalInfo === undefined ? issuer === undefined : hasKnownLimits(renewalInfo);
}
