/**
 * What an issuer's chains have to end in before a pair goes live: one of Node's bundled public roots, one of the
 * issuer's own roots, or nothing (a staging CA, whose roots nobody trusts).
 */
export const TRUSTS = ['public', 'bundle', 'none'] as const;

export type Trust = (typeof TRUSTS)[number];

const RANK: Readonly<Record<Trust, number>> = { none: 0, bundle: 1, public: 2 };

/** A pair of lower trust never takes the place of one of higher trust, unless it is forced to. */
export function isLowerTrust(next: Trust, live: Trust): boolean {
  return RANK[next] < RANK[live];
}
