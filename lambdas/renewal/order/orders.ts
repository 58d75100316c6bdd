import { type Order, readOrder } from '../../acme/order.ts';
import type { OpenIssuer } from '../issuer/issuer.ts';
import type { Run } from '../run.ts';

/** The order as this run last saw it; read when it has not seen it yet. */
export async function lastOrder(url: string, issuer: OpenIssuer, run: Run): Promise<Order> {
  return run.known.orders.get(url) ?? freshOrder(url, issuer, run);
}

/** The order as the CA has it now. */
export async function freshOrder(url: string, issuer: OpenIssuer, run: Run): Promise<Order> {
  return remember(await readOrder(issuer.session, url), run);
}

export function remember(order: Order, run: Run): Order {
  run.known.orders.set(order.url, order);
  return order;
}
