import type { ServerAnswer } from '../../core/propagation.ts';

/**
 * What the authoritative servers of a zone answer for a TXT record, each asked by itself, no cache between.
 *
 * - MUST ask every server of the zone that can be found, over UDP and, for a truncated answer, TCP.
 * - MUST join the character strings of one TXT record (RFC 1035, section 3.3.14).
 * - MUST report a server that answers NXDOMAIN or has no such record as having answered, with no values.
 * - MUST report a server that can't be reached, times out, refuses or does not know the zone (lame) as unreachable, and MUST
 *   NOT throw for it.
 * - When the servers can't be found (no resolver answers), MUST return an empty list.
 * - MUST NOT ask a recursive resolver for the record itself: it would cache that it doesn't exist (RFC 2308).
 */
export interface TxtLookup {
  look(record: { readonly recordName: string; readonly zoneName: string }): Promise<readonly ServerAnswer[]>;
}
