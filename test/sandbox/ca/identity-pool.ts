import { createHttpsIdentity, type HttpsIdentity } from './https-root.ts';
import { createIssuingHierarchy, type IssuingHierarchy } from './issuing-hierarchy.ts';

/** The keys and certificates of a CA. */
export interface CaIdentity {
  readonly https: HttpsIdentity;
  readonly hierarchy: IssuingHierarchy;
}

/** Of CAs that were stopped. */
const free: CaIdentity[] = [];

/**
 * The identity of a CA that has been stopped, or a new one: never that of a CA that runs. Making one takes eight keys, and
 * every client that trusts a new root parses all the roots that it trusts again.
 */
export async function takeIdentity(): Promise<CaIdentity> {
  const known = free.pop();
  if (known) return known;
  const [https, hierarchy] = await Promise.all([createHttpsIdentity(), createIssuingHierarchy()]);
  return { https, hierarchy };
}

export function giveBackIdentity(identity: CaIdentity): void {
  free.push(identity);
}
