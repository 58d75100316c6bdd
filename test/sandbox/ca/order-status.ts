import type { Order } from './registry.ts';

export type OrderStatus = 'pending' | 'ready' | 'processing' | 'valid' | 'invalid';

/**
 * What an order's status is at `now`, derived as Boulder derives it (`sa/model.go`, statusForOrder) from RFC 8555,
 * section 7.1.6: an expired order is invalid, also one that has its certificate. `lag`: how much later than its
 * last authorization it leaves `pending`.
 */
export function orderStatus(order: Order, now: number, lag: number): OrderStatus {
  if (order.error || order.expires < now) return 'invalid';
  const authorizations = order.authorizations;
  if (authorizations.some(({ status, expires }) => status === 'invalid' || status === 'deactivated' || expires < now)) {
    return 'invalid';
  }
  if (authorizations.some(({ status }) => status === 'pending')) return 'pending';
  const validated = authorizations.flatMap(({ challenges }) => challenges.map((each) => each.validated ?? 0));
  if (now < Math.max(...validated) + lag) return 'pending';
  if (order.certificate) return 'valid';
  return order.finalized ? 'processing' : 'ready';
}
