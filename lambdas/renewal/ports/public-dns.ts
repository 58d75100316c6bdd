import type { CaaRecord } from '../../core/caa.ts';
import type { LiveZone } from '../../core/delegation.ts';

/**
 * What the public DNS says about the surroundings of a challenge, before anything is ordered.
 *
 * - MUST NOT throw: what can't be found out is `NoAnswer`, with the reason. A resolver that makes up answers MUST be
 *   taken for one that gives none.
 * - `aliasOf` MUST NOT ask recursive resolvers: they would cache that a challenge's name doesn't exist (RFC 2308). The others
 *   do, so that callers MUST only ask them about names above a challenge's, or about one that exists.
 * - MAY remember answers: make one for each run.
 */
export interface PublicDns {
  /**
   * The zone that holds a name: the nearest name at or above it that has name servers. A name that is an alias has none,
   * whatever those of its target are. The zone of nothing is a top-level domain's, which says that no zone below it exists.
   */
  zoneOf(name: string): Promise<LiveZone | NoAnswer>;

  /** The IPv4 and IPv6 addresses of a name server; none when it has none. */
  addressesOf(name: string): Promise<{ readonly addresses: readonly string[] } | NoAnswer>;

  /** Where a CNAME record at a name leads, asked of the servers of the zone above it; no target when there is none. */
  aliasOf(name: string, zoneName: string): Promise<Alias | NoAnswer>;

  /** The CAA records at exactly one name, after aliases; none when there are none (RFC 8659, section 3 climbs). */
  caaAt(name: string): Promise<{ readonly records: readonly CaaRecord[] } | NoAnswer>;
}

export interface Alias {
  /** Canonical. */
  readonly target?: string;
  /** The record is a wildcard's (RFC 4592), so that it ends as soon as something else is at the name. */
  readonly synthesized?: boolean;
  /**
   * Instead of a target: the servers answer as they do for a name that is a zone of its own. It exists, so that `zoneOf` may
   * be asked for it, which decides: a wildcard may look the same. Never of a name that does not exist, and never of one that
   * has nothing but records, or names below it.
   */
  readonly seemsDelegated?: boolean;
}

/** Why nothing is known; a clause. */
export interface NoAnswer {
  readonly problem: string;
}

export function isNoAnswer(answer: object): answer is NoAnswer {
  return 'problem' in answer;
}
