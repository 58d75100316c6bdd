import { delegatedAmong } from '../../lambdas/core/delegation.ts';
import { canonicalName, isChallengeName } from '../../lambdas/core/dns-name.ts';
import { type AssumedRole, accountOf, sameRole } from '../../lambdas/core/dns-role.ts';
import { RenewalFailure } from '../../lambdas/core/failure.ts';
import { expectZoneCovers, type HostedZone, hostedZoneFor, zonesCovering } from '../../lambdas/core/hosted-zone.ts';
import type {
  ChallengeRecord,
  ChallengeRecords,
  LocateOptions,
  Presented,
  RecordPlace,
} from '../../lambdas/renewal/ports/challenge-records.ts';

/** When a change has reached every server: after so many questions about it, or so much time. */
export type SyncDelay = { readonly checks: number } | { readonly milliseconds: number; readonly now: () => number };

export interface MemoryRecordsOptions {
  /** Public zones that exist from the start. */
  readonly zones?: readonly string[];
  readonly syncDelay?: SyncDelay;
  /** Sees every call before it has an effect, and fails it by throwing. */
  readonly onCall?: (operation: keyof ChallengeRecords) => void;
}

/** Hosted zones in memory. */
export class MemoryRecords implements ChallengeRecords {
  /** Holds for changes that are made from now on. */
  syncDelay: SyncDelay;
  readonly calls: (keyof ChallengeRecords)[] = [];
  readonly #zones = new Map<string, MemoryZone>();
  readonly #roles: AssumedRole[] = [];
  readonly #held = new Map<string, RecordSet>();
  readonly #served = new Map<string, RecordSet>();
  readonly #changes: MemoryChange[] = [];
  readonly #onCall: (operation: keyof ChallengeRecords) => void;

  constructor({ zones = [], syncDelay = { checks: 0 }, onCall = () => undefined }: MemoryRecordsOptions = {}) {
    this.syncDelay = syncDelay;
    this.#onCall = onCall;
    for (const zone of zones) this.createZone(zone);
  }

  /** Returns the new zone's id. */
  createZone(name: string, options: ZoneOptions = {}): string {
    const zoneId = `Z${this.#zones.size + 1}`;
    const { privateZone = false, nameServers = ['ns-1.example.net'], role } = options;
    this.#zones.set(zoneId, {
      zoneId,
      zoneName: canonicalName(name),
      privateZone,
      nameServers: nameServers.map(canonicalName),
      role,
    });
    return zoneId;
  }

  deleteZone(zoneId: string): void {
    this.#zones.delete(zoneId);
  }

  /** From now on the role can be assumed. */
  allow(role: AssumedRole): void {
    this.#roles.push(role);
  }

  /** What another client has written, on all servers at once; `values` are quoted. */
  put(zoneId: string, recordName: string, values: readonly string[], ttl = 300): void {
    const recordSet = { recordName: canonicalName(recordName), ttl, values };
    for (const records of [this.#held, this.#served]) store(records, keyOf(zoneId, recordName), recordSet);
  }

  /** The values, quoted, that the zone has at a name; none when it has no such record set. */
  held(zoneId: string, recordName: string): readonly string[] {
    return this.#held.get(keyOf(zoneId, recordName))?.values ?? [];
  }

  /** The values, unquoted, that the servers of all zones answer with by now. */
  served(recordName: string): readonly string[] {
    this.#settle();
    const sets = [...this.#zones.keys()].flatMap((zoneId) => this.#served.get(keyOf(zoneId, recordName)) ?? []);
    return sets.flatMap(({ values }) => values.map((value) => value.replace(/^"|"$/g, '')));
  }

  /** Ends the wait of every change. */
  propagate(): void {
    for (const change of this.#changes) change.synced = () => true;
  }

  async locate(recordName: string, options: LocateOptions = {}): Promise<RecordPlace> {
    this.#called('locate', [recordName], options.role);
    const { zoneId, zoneName, role } = await this.#zoneFor(recordName, options);
    return { recordName, zoneId, zoneName, ...(role ? { role } : {}) };
  }

  async nameServers({ zoneId, role }: Pick<RecordPlace, 'zoneId' | 'role'>): Promise<readonly string[]> {
    this.#called('nameServers', [], role);
    return this.#zone(zoneId, role).nameServers ?? [];
  }

  async present(records: readonly ChallengeRecord[]): Promise<Presented[]> {
    this.#called('present', namesOf(records));
    for (const { zoneId, role } of records) {
      this.#expectRole(role);
      this.#zone(zoneId, role);
    }
    const zones = Map.groupBy(records, ({ zoneId }) => zoneId);
    return [...zones].map(([zoneId, inZone]) => {
      const role = inZone[0]?.role;
      const names = new Set(inZone.map(({ recordName }) => canonicalName(recordName)));
      const recordSets = [...names].map((recordName) => {
        const ours = inZone.filter((record) => canonicalName(record.recordName) === recordName).flatMap(quotedValues);
        const before = this.#held.get(keyOf(zoneId, recordName));
        return { recordName, ttl: before?.ttl ?? 10, values: [...new Set([...(before?.values ?? []), ...ours])] };
      });
      return { zoneId, ...(role ? { role } : {}), changeId: this.#change(zoneId, recordSets), recordSets };
    });
  }

  async inSync({ changeId, role }: Pick<Presented, 'changeId' | 'role'>): Promise<boolean> {
    this.#called('inSync', [], role);
    const change = this.#changes.find(({ id }) => id === changeId);
    if (!change) throw new RenewalFailure('aws-refused', `there is no change ${changeId}`);
    change.checks += 1;
    this.#settle();
    return change.synced();
  }

  async remove(records: readonly ChallengeRecord[]): Promise<void> {
    this.#called('remove', namesOf(records));
    for (const record of records) {
      this.#expectRole(record.role);
      const before = this.#held.get(keyOf(record.zoneId, record.recordName));
      const ours = quotedValues(record);
      if (!before?.values.some((value) => ours.includes(value))) continue;
      const values = before.values.filter((value) => !ours.includes(value));
      this.#change(record.zoneId, [{ ...before, values }]);
    }
  }

  #called(operation: keyof ChallengeRecords, recordNames: readonly string[], role?: AssumedRole): void {
    this.calls.push(operation);
    this.#expectRole(role);
    const foreign = recordNames.find((name) => !isChallengeName(name));
    if (foreign !== undefined) throw new RenewalFailure('unexpected', `${foreign} is no challenge record`);
    this.#onCall(operation);
  }

  async #zoneFor(recordName: string, { hostedZoneId, role, liveServers }: LocateOptions): Promise<MemoryZone> {
    if (hostedZoneId !== undefined) {
      const zone = this.#zone(hostedZoneId, role);
      expectZoneCovers(zone, recordName);
      return zone;
    }
    const zones = [...this.#zones.values()].filter((zone) => sameRole(zone.role, role));
    const candidates = zonesCovering(recordName, zones);
    const known = candidates.flatMap(({ nameServers = [] }) => nameServers);
    const live = candidates.length > 1 ? await liveServers?.(candidates[0]?.zoneName ?? '', known) : undefined;
    const delegated = live ? delegatedAmong(candidates, live) : [];
    const found = hostedZoneFor(recordName, delegated.length === 1 ? delegated : zones, { account: accountOf(role) });
    return this.#zone(found.zoneId, role);
  }

  #zone(zoneId: string, role: AssumedRole | undefined): MemoryZone {
    const zone = this.#zones.get(zoneId);
    if (zone && sameRole(zone.role, role)) return zone;
    throw new RenewalFailure('no-hosted-zone', `${accountOf(role)} has no hosted zone ${zoneId}`, { retry: 'later' });
  }

  #expectRole(role: AssumedRole | undefined): void {
    if (!role || this.#roles.some((allowed) => sameRole(allowed, role))) return;
    throw new RenewalFailure('dns-role-refused', `${accountOf(role)} can not be assumed`);
  }

  /** Record sets without values are deleted. */
  #change(zoneId: string, recordSets: readonly RecordSet[]): string {
    for (const recordSet of recordSets) store(this.#held, keyOf(zoneId, recordSet.recordName), recordSet);
    const change: MemoryChange = {
      id: `C${this.#changes.length + 1}`,
      zoneId,
      recordSets,
      checks: 0,
      synced: () => true,
    };
    const delay = this.syncDelay;
    if ('checks' in delay) {
      change.synced = () => change.checks > delay.checks;
    } else {
      const at = delay.now() + delay.milliseconds;
      change.synced = () => delay.now() >= at;
    }
    this.#changes.push(change);
    return change.id;
  }

  /** In the order of the changes, whichever is in sync first: the last one decides. */
  #settle(): void {
    for (const { zoneId, recordSets, synced } of this.#changes) {
      if (!synced()) continue;
      for (const recordSet of recordSets) store(this.#served, keyOf(zoneId, recordSet.recordName), recordSet);
    }
  }
}

export interface ZoneOptions {
  readonly privateZone?: boolean;
  readonly nameServers?: readonly string[];
  /** In the account of that role. */
  readonly role?: AssumedRole;
}

interface MemoryZone extends HostedZone {
  readonly role: AssumedRole | undefined;
}

interface RecordSet {
  readonly recordName: string;
  readonly ttl: number;
  readonly values: readonly string[];
}

interface MemoryChange {
  readonly id: string;
  readonly zoneId: string;
  readonly recordSets: readonly RecordSet[];
  checks: number;
  synced: () => boolean;
}

function store(records: Map<string, RecordSet>, key: string, recordSet: RecordSet): void {
  if (recordSet.values.length > 0) records.set(key, recordSet);
  else records.delete(key);
}

function keyOf(zoneId: string, recordName: string): string {
  return `${zoneId} ${canonicalName(recordName)}`;
}

function namesOf(records: readonly ChallengeRecord[]): readonly string[] {
  return records.map(({ recordName }) => recordName);
}

function quotedValues({ values }: ChallengeRecord): readonly string[] {
  return values.map((value) => `"${value}"`);
}
