import type { AssumedRole } from '../../core/dns-role.ts';

/**
 * Publishes the TXT values of DNS-01 challenges (RFC 8555, section 8.4) in the zones that we may write, in this account and
 * in others.
 *
 * Only names that begin with `_acme-challenge.`, or are listed as targets of CNAME records, are ever written, and only our
 * own values in them: other clients' values at the same name MUST survive every operation, whatever runs at the same time.
 *
 * Whatever names a `role` is done in that role's account, and MUST throw `dns-role-refused` that names account and role
 * when it can't be assumed. SHOULD assume a role once in a run, and again before its credentials end.
 */
export interface ChallengeRecords {
  /**
   * The hosted zone that answers for a record's name: the public zone with the longest matching suffix, or `hostedZoneId`
   * when given. Of several public zones of one name it is the one whose delegation set has the servers that
   * `liveServers` names.
   * MUST throw `RenewalFailure` `no-hosted-zone` that names the record and lists the zones that exist, or the ids of those
   * of one name when the delegation decides nothing.
   * MUST NOT change anything. SHOULD ask for the list of zones once in a run, however many names there are; it MAY be minutes
   * old as long as it covers the name.
   */
  locate(recordName: string, options?: LocateOptions): Promise<RecordPlace>;

  /** The name servers that a zone has to be delegated to, canonical. MAY be minutes old. */
  nameServers(zone: Pick<RecordPlace, 'zoneId' | 'role'>): Promise<readonly string[]>;

  /**
   * Adds our values: one atomic change per zone, whatever the number of names. Returns once the changes are
   * accepted; waiting is the caller's. Presenting values that are already there MUST work and MUST give a change
   * that can be waited for. MUST throw `no-hosted-zone` for a zone that is gone.
   */
  present(records: readonly ChallengeRecord[]): Promise<readonly Presented[]>;

  /** Whether all authoritative servers of the zone have the change. */
  inSync(change: Pick<Presented, 'changeId' | 'role'>): Promise<boolean>;

  /**
   * Removes our values and nothing else; values that are already gone are no error. `presented` is what `present`
   * returned, when it is known: then one call suffices if nobody else wrote in between.
   * Does not wait for the removal to propagate.
   */
  remove(records: readonly ChallengeRecord[], presented?: readonly Presented[]): Promise<void>;
}

export interface LocateOptions {
  readonly hostedZoneId?: string | undefined;
  /** Looks in that role's account. */
  readonly role?: AssumedRole | undefined;
  /**
   * The servers that the world asks for a zone, canonical, and under their names in `known` where they have other ones too;
   * `undefined` when nobody knows.
   */
  readonly liveServers?: (zoneName: string, known: readonly string[]) => Promise<readonly string[] | undefined>;
}

/** Where one record goes. */
export interface RecordPlace {
  readonly recordName: string;
  readonly zoneId: string;
  readonly zoneName: string;
  /** In whose account the zone is; our own when left out. */
  readonly role?: AssumedRole | undefined;
}

/** What we want at one name. Plain data: it is stored in the pending version before anything is written. */
export interface ChallengeRecord extends RecordPlace {
  /** Key authorization digests, unquoted (43 characters of base64url). */
  readonly values: readonly string[];
}

/** What `present` left behind in one zone. Plain data: it crosses steps. */
export interface Presented {
  readonly zoneId: string;
  readonly role?: AssumedRole | undefined;
  readonly changeId: string;
  /** The record sets as they are after the change, other clients' values included (quoted, as the service has them). */
  readonly recordSets: readonly {
    readonly recordName: string;
    readonly ttl: number;
    readonly values: readonly string[];
  }[];
}
