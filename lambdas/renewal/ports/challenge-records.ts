/**
 * Publishes the TXT values of DNS-01 challenges (RFC 8555, section 8.4) in the zones that we may write.
 *
 * Only names that begin with `_acme-challenge.` are ever written, and only our own values in them: other clients'
 * values at the same name MUST survive every operation, whatever runs at the same time.
 */
export interface ChallengeRecords {
  /**
   * The hosted zone that answers for each record name: the public zone with the longest matching suffix, or
   * `hostedZoneId` when given.
   * MUST throw `RenewalFailure` `no-hosted-zone` that names the record and lists the zones that exist.
   * MUST NOT change anything. SHOULD ask for the list of zones once, however many names there are.
   */
  locate(recordNames: readonly string[], options?: { readonly hostedZoneId?: string }): Promise<readonly Zone[]>;

  /**
   * Adds our values: one atomic change per zone, whatever the number of names. Returns once the changes are
   * accepted; waiting is the caller's. Presenting values that are already there MUST work and MUST give a change
   * that can be waited for.
   */
  present(records: readonly ChallengeRecord[]): Promise<readonly Presented[]>;

  /** Whether all authoritative servers of the zone have the change. */
  inSync(changeId: string): Promise<boolean>;

  /**
   * Removes our values and nothing else; values that are already gone are no error. `presented` is what `present`
   * returned, when it is known: then one call suffices if nobody else wrote in between.
   * Does not wait for the removal to propagate.
   */
  remove(records: readonly ChallengeRecord[], presented?: readonly Presented[]): Promise<void>;
}

/** Where one record goes; `locate` returns one for each name, in the names' order. */
export interface Zone {
  readonly recordName: string;
  readonly zoneId: string;
  readonly zoneName: string;
}

/** What we want at one name. Plain data: it is stored in the pending version before anything is written. */
export interface ChallengeRecord extends Zone {
  /** Key authorization digests, unquoted (43 characters of base64url). */
  readonly values: readonly string[];
}

/** What `present` left behind in one zone. Plain data: it crosses steps. */
export interface Presented {
  readonly zoneId: string;
  readonly changeId: string;
  /** The record sets as they are after the change, other clients' values included (quoted, as the service has them). */
  readonly recordSets: readonly {
    readonly recordName: string;
    readonly ttl: number;
    readonly values: readonly string[];
  }[];
}
