import { ACCOUNT } from './aws-account.ts';
import { type AwsAnswer, type AwsRequest, type AwsService, AwsServiceError } from './aws-service.ts';
import {
  applyChangeBatch,
  changeTokens,
  protectionKey,
  type RecordSet,
  type RecordSets,
  recordSetKey,
} from './route53-change-batch.ts';
import { nameProblem, normalizeName, sortKey } from './route53-names.ts';
import * as xml from './route53-xml.ts';
import { TokenBucket } from './token-bucket.ts';

export interface Route53Settings {
  /** Whether requests and changes draw on token buckets. */
  throttling: boolean;
  /** How long a change stays PENDING: until every name server has it. Read when a change is accepted. */
  propagationMilliseconds: number;
  /** How long after a change the zone refuses the next one with `PriorRequestNotComplete`. */
  zoneProcessingMilliseconds: number;
  /** The names in the NS record set of each public zone that is created from now on. */
  nameServers: readonly string[];
  /** How much later than INSYNC each of `nameServers` has a change; 0 for those left out, `Infinity` for never. */
  serverLagMilliseconds: readonly number[];
}

/** What the tests and the name server see of a hosted zone. */
export interface ZoneSummary {
  /** Without `/hostedzone/`. */
  readonly id: string;
  /** Normalised: `example.com.` */
  readonly name: string;
  readonly privateZone: boolean;
  readonly account: string;
}

/** A record set as a test writes it: `name` in any spelling. */
export type RecordSetInput = Pick<RecordSet, 'name' | 'type' | 'ttl' | 'values' | 'setIdentifier' | 'routing'>;

/**
 * The control plane of Route 53, and what its name servers have of it at any time. The rules that it holds are listed
 * in `rules-route53.md`.
 *
 * Zone ids are accepted with and without `/hostedzone/`. The methods after `answer` are for tests: they bypass the API,
 * its limits and the delay until a change has reached the name servers.
 */
export class Route53 implements AwsService {
  readonly name = 'route53';
  readonly protocol = 'rest-xml';
  /** May be changed at any time. */
  readonly settings: Route53Settings;
  readonly #clock: { now(): number };
  readonly #zones = new Map<string, Zone>();
  readonly #changes = new Map<string, AcceptedChange>();
  readonly #buckets = new Map<string, Buckets>();
  readonly #accountOf: (accessKeyId: string) => string;
  /** Which of several zones of one name the world asks; none for a name that is delegated to nobody. */
  readonly #delegated = new Map<string, string | undefined>();
  readonly #nameServers = new Set<string>();
  #ids = 0;

  constructor(options: {
    readonly clock: { now(): number };
    readonly settings?: Partial<Route53Settings>;
    /** Whose an access key is; one account's when left out. */
    readonly accountOf?: (accessKeyId: string) => string;
  }) {
    this.#clock = options.clock;
    this.#accountOf = options.accountOf ?? (() => ACCOUNT);
    this.settings = {
      throttling: true,
      propagationMilliseconds: 30_000,
      zoneProcessingMilliseconds: 200,
      nameServers: ['ns-1.sandbox.example.'],
      serverLagMilliseconds: [],
      ...options.settings,
    };
  }

  operationOf({ method, path }: AwsRequest): string | undefined {
    return ROUTES.find((route) => route.method === method && route.path.test(path))?.operation;
  }

  async answer(operation: string, request: AwsRequest): Promise<AwsAnswer> {
    const account = this.#accountOf(request.accessKeyId);
    if (this.settings.throttling && !this.#bucketsOf(account).takeRequest(operation)) throw throttled();
    const [, id = ''] = /^\/2013-04-01\/(?:hostedzone|change)\/([^/]+)/.exec(request.path) ?? [];
    const resource = decodeURIComponent(id);
    switch (operation) {
      case 'ListHostedZones':
        return ok(this.#listHostedZones(request.query, account));
      case 'ListHostedZonesByName':
        return ok(this.#listHostedZonesByName(request.query, account));
      case 'GetHostedZone':
        return ok(xml.renderGetHostedZone(...this.#described(this.#zone(resource, account))));
      case 'CreateHostedZone':
        return this.#createHostedZone(request.body, account);
      case 'ListResourceRecordSets':
        return ok(this.#listResourceRecordSets(resource, request.query, account));
      case 'ChangeResourceRecordSets':
        return ok(this.#changeResourceRecordSets(resource, request.body, account));
      case 'GetChange':
        return ok(this.#getChange(resource, account));
      default:
        throw new AwsServiceError(501, 'NotImplemented', `The sandbox's Route 53 has no ${operation}.`);
    }
  }

  /**
   * Creates a zone that the name servers have at once. Several zones may have the same name, as on AWS; the world asks the
   * first one until `delegate` says otherwise.
   */
  createZone(
    name: string,
    options: {
      readonly privateZone?: boolean;
      readonly account?: string;
      /** Its delegation set; `settings.nameServers` when left out. */
      readonly nameServers?: readonly string[];
    } = {},
  ): { readonly id: string; readonly name: string } {
    const vpc = options.privateZone ? { id: 'vpc-sandbox', region: 'us-east-1' } : undefined;
    const { account = ACCOUNT, nameServers } = options;
    const servedAt = this.#clock.now();
    const zone = this.#addZone({ name, callerReference: name, vpc, servedAt, account, nameServers });
    return { id: zone.id, name: zone.name };
  }

  /** Has the world ask this zone for its name, or none at all. */
  delegate(name: string, zoneId: string | undefined): void {
    this.#delegated.set(normalizeName(name), zoneId);
  }

  /** Every name in a delegation set, also of zones that are gone. */
  nameServers(): readonly string[] {
    return [...this.#nameServers];
  }

  /** Of these, the ones of zones that the world does not ask: each server of Route 53 has addresses of its own. */
  nameServersElsewhere(): readonly string[] {
    const asked = [...this.#zones.values()].filter((zone) => this.#isAsked(zone));
    const known = new Set([
      ...this.settings.nameServers.map(normalizeName),
      ...asked.flatMap((zone) => zone.nameServers),
    ]);
    return this.nameServers().filter((name) => !known.has(name));
  }

  /** In the order in which they were created. */
  zones(): readonly ZoneSummary[] {
    return [...this.#zones.values()].map(({ id, name, vpc, account }) => ({
      id,
      name,
      privateZone: vpc !== undefined,
      account,
    }));
  }

  deleteZone(zoneId: string): void {
    this.#zones.delete(this.#zone(zoneId).id);
  }

  /** What the API shows, in the order of ListResourceRecordSets. */
  records(zoneId: string): readonly RecordSet[] {
    return sorted(this.#zone(zoneId).records);
  }

  /** What one name server has now; `server` is its index in `settings.nameServers`. */
  propagated(zoneId: string, server = 0): readonly RecordSet[] {
    return sorted(this.#onServer(this.#zone(zoneId), server));
  }

  /**
   * The public zones that the name servers answer for, and what one of them has of each. The top-level domains above them
   * are there too, so that a zone that is delegated to nobody does not exist.
   */
  served(server = 0): readonly { readonly name: string; readonly records: RecordSets }[] {
    const open = [...this.#zones.values()].filter(
      (zone) => zone.vpc === undefined && zone.servedAt <= this.#clock.now(),
    );
    const delegated = open.filter((zone) => this.#isAsked(zone));
    const zones = delegated.map((zone) => ({ name: zone.name, records: this.#onServer(zone, server) }));
    const topLevel = [...new Set(open.map(({ name }) => `${name.split('.').at(-2)}.`))];
    return [
      ...zones,
      ...topLevel
        .filter((name) => !zones.some((zone) => zone.name === name))
        .map((name) => ({ name, records: registry(name) })),
    ];
  }

  #isAsked({ id, name }: Pick<Zone, 'id' | 'name'>): boolean {
    return !this.#delegated.has(name) || this.#delegated.get(name) === id;
  }

  /**
   * Puts a record set in place, over what is there, on the name servers too: as if it had long been there. Throws what
   * the API would.
   */
  put(zoneId: string, recordSet: RecordSetInput): void {
    this.#upsert(zoneId, recordSet, Number.NEGATIVE_INFINITY);
  }

  /** Takes all record sets of this name and type away, from the name servers too. */
  erase(zoneId: string, name: string, type: string): void {
    const zone = this.#zone(zoneId);
    const kept = [...zone.records].filter(([, set]) => set.name !== normalizeName(name) || set.type !== type);
    this.#commit(zone, new Map(kept), Number.NEGATIVE_INFINITY);
  }

  /** Another client's UPSERT: seen by the API at once, by the name servers after `propagationMilliseconds`. */
  overwrite(zoneId: string, recordSet: RecordSetInput): void {
    this.#upsert(zoneId, recordSet, this.#syncTime());
  }

  /** Has every request to change record sets of this name and type refused, whoever makes it. */
  protect(zoneId: string, name: string, type: string, comment?: string): void {
    this.#zone(zoneId).protections.set(protectionKey({ name: normalizeName(name), type }), comment);
  }

  unprotect(zoneId: string, name: string, type: string): void {
    this.#zone(zoneId).protections.delete(protectionKey({ name: normalizeName(name), type }));
  }

  /** Ends the wait of every change that is PENDING. */
  propagateNow(): void {
    const now = this.#clock.now();
    for (const zone of this.#zones.values()) {
      for (const change of zone.propagating) change.syncedAt = Math.min(change.syncedAt, now);
    }
    for (const change of this.#changes.values())
      change.propagation.syncedAt = Math.min(change.propagation.syncedAt, now);
  }

  /** Fills the token buckets. */
  resetThrottling(): void {
    this.#buckets.clear();
  }

  #listHostedZones(query: URLSearchParams, account: string): string {
    const maxItems = maxItemsOf(query, 100);
    const marker = query.get('marker') ?? undefined;
    const from = marker === undefined ? '' : bare(marker);
    const rest = this.#zonesOf(account).filter(({ id }) => id >= from);
    return xml.renderListHostedZones({
      zones: rest.slice(0, maxItems).map(hostedZone),
      marker,
      nextMarker: rest[maxItems]?.id,
      maxItems,
    });
  }

  #listHostedZonesByName(query: URLSearchParams, account: string): string {
    const maxItems = maxItemsOf(query, 100);
    const dnsName = query.get('dnsname') ?? undefined;
    const zoneId = query.get('hostedzoneid') ?? undefined;
    if (zoneId !== undefined && dnsName === undefined) {
      throw xml.invalidInput('Invalid parameter : Cannot specify HostedZoneId without specifying DNSName.');
    }
    const from = dnsName === undefined ? [] : [sortKey(normalizeName(dnsName)), bare(zoneId ?? '')];
    const rest = this.#zonesOf(account)
      .map((zone) => ({ zone, position: [sortKey(zone.name), zone.id] }))
      .filter(({ position }) => compare(position, from) >= 0)
      .sort((a, b) => compare(a.position, b.position));
    const next = rest[maxItems]?.zone;
    return xml.renderListHostedZonesByName({
      zones: rest.slice(0, maxItems).map(({ zone }) => hostedZone(zone)),
      dnsName: dnsName === undefined ? undefined : normalizeName(dnsName),
      zoneId,
      next: next && hostedZone(next),
      maxItems,
    });
  }

  #createHostedZone(body: string, account: string): AwsAnswer {
    const { name, callerReference, comment, vpc } = xml.parseCreateHostedZone(body);
    if (nameProblem(name)) {
      throw new AwsServiceError(400, 'InvalidDomainName', `${name} is not a valid domain name`);
    }
    if ([...this.#zones.values()].some((zone) => zone.callerReference === callerReference)) {
      const message = `A hosted zone has already been created with the specified caller reference: ${callerReference}`;
      throw new AwsServiceError(409, 'HostedZoneAlreadyExists', message);
    }
    const servedAt = this.#syncTime();
    const zone = this.#addZone({ name, callerReference, comment, vpc, servedAt, account });
    const change = this.#accept({ syncedAt: servedAt, sets: new Map() }, undefined, account);
    const [described, servedBy] = this.#described(zone);
    return {
      status: 201,
      headers: { Location: `https://route53.amazonaws.com/2013-04-01/hostedzone/${zone.id}` },
      body: xml.renderCreateHostedZone(described, this.#changeInfo(change), servedBy),
    };
  }

  #listResourceRecordSets(zoneId: string, query: URLSearchParams, account: string): string {
    const zone = this.#zone(zoneId, account);
    const maxItems = maxItemsOf(query, 300);
    const [name, type, identifier] = ['name', 'type', 'identifier'].map((key) => query.get(key) ?? undefined);
    if (type !== undefined && name === undefined) {
      throw xml.invalidInput('Invalid parameter : Cannot specify RecordType without specifying RecordName.');
    }
    if (identifier !== undefined && type === undefined) {
      throw xml.invalidInput('Invalid parameter : Cannot specify RecordIdentifier without specifying RecordType.');
    }
    const from = name === undefined ? [] : [sortKey(normalizeName(name)), type ?? '', identifier ?? ''];
    const rest = sorted(zone.records).filter((set) => compare(positionOf(set), from) >= 0);
    return xml.renderListResourceRecordSets({ recordSets: rest.slice(0, maxItems), next: rest[maxItems], maxItems });
  }

  #changeResourceRecordSets(zoneId: string, body: string, account: string): string {
    const { changes, comment } = xml.parseChangeBatch(body);
    if (this.settings.throttling && !this.#bucketsOf(account).takeChanges(changeTokens(changes))) throw throttled();
    const zone = this.#zone(zoneId, account);
    const now = this.#clock.now();
    if (now < zone.changedAt + this.settings.zoneProcessingMilliseconds) {
      const message = 'The request was rejected because Route 53 was still processing a prior request.';
      throw new AwsServiceError(400, 'PriorRequestNotComplete', message);
    }
    const after = applyChangeBatch(zone.name, zone.records, changes, zone.protections);
    zone.changedAt = now;
    const change = this.#accept(this.#commit(zone, after, this.#syncTime()), comment, account);
    return xml.renderChange('ChangeResourceRecordSets', this.#changeInfo(change));
  }

  #getChange(changeId: string, account: string): string {
    const change = this.#changes.get(bare(changeId));
    if (change?.account !== account)
      throw new AwsServiceError(404, 'NoSuchChange', `Could not find resource with ID: ${changeId}`);
    return xml.renderChange('GetChange', this.#changeInfo(change));
  }

  /** `account` is whose request it is; a test's own look when left out. */
  #zone(zoneId: string, account?: string): Zone {
    const zone = this.#zones.get(bare(zoneId));
    if (zone && account !== undefined && zone.account !== account) {
      const message = `User: arn:aws:iam::${account}:role/caller is not authorized to access this resource`;
      throw new AwsServiceError(403, 'AccessDenied', message);
    }
    if (!zone) throw new AwsServiceError(404, 'NoSuchHostedZone', `No hosted zone found with ID: ${bare(zoneId)}`);
    return zone;
  }

  #addZone(options: {
    readonly name: string;
    readonly callerReference: string;
    readonly comment?: string | undefined;
    readonly vpc?: xml.Vpc | undefined;
    readonly servedAt: number;
    readonly account: string;
    readonly nameServers?: readonly string[] | undefined;
  }): Zone {
    const name = normalizeName(options.name);
    const nameServers = (options.nameServers ?? this.settings.nameServers).map(normalizeName);
    for (const server of nameServers) this.#nameServers.add(server);
    const authority = `${nameServers[0]} awsdns-hostmaster.amazon.com. 1 7200 900 1209600 86400`;
    const initial = new Map(
      [
        { name, type: 'NS', ttl: 172_800, values: nameServers },
        { name, type: 'SOA', ttl: 900, values: [authority] },
      ].map((set) => [recordSetKey(set), set]),
    );
    const zone: Zone = {
      ...options,
      id: this.#newId('Z'),
      name,
      nameServers,
      records: initial,
      settled: new Map(initial),
      propagating: [],
      protections: new Map(),
      changedAt: Number.NEGATIVE_INFINITY,
    };
    this.#zones.set(zone.id, zone);
    return zone;
  }

  #described(zone: Zone): [xml.HostedZone, { readonly nameServers: readonly string[] } | { readonly vpc: xml.Vpc }] {
    return [hostedZone(zone), zone.vpc ? { vpc: zone.vpc } : { nameServers: zone.nameServers }];
  }

  #upsert(zoneId: string, recordSet: RecordSetInput, syncedAt: number): void {
    const zone = this.#zone(zoneId);
    const change = { action: 'UPSERT', recordSet: { ...recordSet, name: normalizeName(recordSet.name) } } as const;
    this.#commit(zone, applyChangeBatch(zone.name, zone.records, [change]), syncedAt);
  }

  /** Makes `after` the zone's state; the name servers get what differs at `syncedAt`. */
  #commit(zone: Zone, after: RecordSets, syncedAt: number): Propagation {
    const keys = new Set([...zone.records.keys(), ...after.keys()]);
    const changed = [...keys].filter((key) => zone.records.get(key) !== after.get(key));
    const propagation = { syncedAt, sets: new Map(changed.map((key) => [key, after.get(key)])) };
    zone.records = after;
    zone.propagating.push(propagation);
    return propagation;
  }

  #accept(propagation: Propagation, comment: string | undefined, account: string): AcceptedChange {
    const change = { id: this.#newId('C'), submittedAt: this.#clock.now(), propagation, comment, account };
    this.#changes.set(change.id, change);
    return change;
  }

  #changeInfo({ id, submittedAt, propagation, comment }: AcceptedChange): xml.ChangeInfo {
    const status = propagation.syncedAt <= this.#clock.now() ? 'INSYNC' : 'PENDING';
    return { id, status, submittedAt, ...(comment === undefined ? {} : { comment }) };
  }

  #syncTime(): number {
    return this.#clock.now() + this.settings.propagationMilliseconds;
  }

  #onServer(zone: Zone, server: number): RecordSets {
    const now = this.#clock.now();
    const slowest = Math.max(0, ...this.settings.serverLagMilliseconds);
    while (zone.propagating[0] && zone.propagating[0].syncedAt <= now - slowest) {
      apply(zone.settled, zone.propagating.shift() as Propagation);
    }
    const visible = new Map(zone.settled);
    const lag = this.settings.serverLagMilliseconds[server] ?? 0;
    // In the order of the changes, whichever arrives first: the last one decides.
    for (const change of zone.propagating) if (change.syncedAt <= now - lag) apply(visible, change);
    return visible;
  }

  #zonesOf(account: string): readonly Zone[] {
    return [...this.#zones.values()].filter((zone) => zone.account === account);
  }

  #bucketsOf(account: string): Buckets {
    const known = this.#buckets.get(account) ?? new Buckets(this.#clock);
    this.#buckets.set(account, known);
    return known;
  }

  #newId(prefix: string): string {
    this.#ids += 1;
    return `${prefix}${this.#ids.toString().padStart(20, '0')}`;
  }
}

/** https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/throttling-api-requests.html */
class Buckets {
  readonly #clock: { now(): number };
  readonly #account: TokenBucket;
  readonly #changes: TokenBucket;
  readonly #operations = new Map<string, TokenBucket>();

  constructor(clock: { now(): number }) {
    this.#clock = clock;
    this.#account = new TokenBucket({ capacity: 50, perSecond: 10 }, clock);
    this.#changes = new TokenBucket({ capacity: 1_500, perSecond: 100 }, clock);
  }

  takeRequest(operation: string): boolean {
    const own = this.#operation(operation);
    return this.#account.holds() && own.holds() && this.#account.take() && own.take();
  }

  takeChanges(tokens: number): boolean {
    return this.#changes.take(tokens);
  }

  #operation(operation: string): TokenBucket {
    const existing = this.#operations.get(operation);
    if (existing) return existing;
    const rate = operation === 'CreateHostedZone' ? { capacity: 40, perSecond: 2 } : { capacity: 50, perSecond: 10 };
    const bucket = new TokenBucket(rate, this.#clock);
    this.#operations.set(operation, bucket);
    return bucket;
  }
}

interface Zone {
  readonly id: string;
  readonly account: string;
  readonly name: string;
  readonly callerReference: string;
  readonly comment?: string | undefined;
  /** Only a private zone has one. */
  readonly vpc?: xml.Vpc | undefined;
  readonly nameServers: readonly string[];
  readonly servedAt: number;
  /** What the API shows. */
  records: RecordSets;
  /** What every name server has. */
  readonly settled: Map<string, RecordSet>;
  /** What has not reached every name server yet, in the order of the changes. */
  readonly propagating: Propagation[];
  readonly protections: Map<string, string | undefined>;
  /** When the last change was accepted. */
  changedAt: number;
}

/** A change on its way to the name servers: the record sets that it left behind, `undefined` for those it deleted. */
interface Propagation {
  syncedAt: number;
  readonly sets: ReadonlyMap<string, RecordSet | undefined>;
}

interface AcceptedChange {
  readonly id: string;
  readonly account: string;
  readonly submittedAt: number;
  readonly propagation: Propagation;
  readonly comment: string | undefined;
}

const ROUTES = [
  { method: 'GET', path: /^\/2013-04-01\/hostedzone\/?$/, operation: 'ListHostedZones' },
  { method: 'POST', path: /^\/2013-04-01\/hostedzone\/?$/, operation: 'CreateHostedZone' },
  { method: 'GET', path: /^\/2013-04-01\/hostedzonesbyname\/?$/, operation: 'ListHostedZonesByName' },
  { method: 'GET', path: /^\/2013-04-01\/hostedzone\/[^/]+$/, operation: 'GetHostedZone' },
  { method: 'GET', path: /^\/2013-04-01\/hostedzone\/[^/]+\/rrset\/?$/, operation: 'ListResourceRecordSets' },
  { method: 'POST', path: /^\/2013-04-01\/hostedzone\/[^/]+\/rrset\/?$/, operation: 'ChangeResourceRecordSets' },
  { method: 'GET', path: /^\/2013-04-01\/change\/[^/]+$/, operation: 'GetChange' },
] as const;

function ok(body: string): AwsAnswer {
  return { status: 200, body };
}

/** A top-level domain, as far as anybody asks for it. */
function registry(name: string): RecordSets {
  const servers = ['a.registry.example.'];
  const authority = 'a.registry.example. hostmaster.registry.example. 1 7200 900 1209600 900';
  const sets = [
    { name, type: 'NS', ttl: 172_800, values: servers },
    { name, type: 'SOA', ttl: 900, values: [authority] },
  ];
  return new Map(sets.map((set) => [recordSetKey(set), set]));
}

function throttled(): AwsServiceError {
  return new AwsServiceError(400, 'Throttling', 'Rate exceeded');
}

function bare(id: string): string {
  return id.replace(/^\/?(hostedzone|change)\//, '');
}

function hostedZone({ id, name, callerReference, comment, vpc, records }: Zone): xml.HostedZone {
  return {
    id,
    name,
    callerReference,
    ...(comment === undefined ? {} : { comment }),
    privateZone: vpc !== undefined,
    recordSetCount: records.size,
  };
}

/** More than `limit` is no error: only `limit` items are returned. */
function maxItemsOf(query: URLSearchParams, limit: number): number {
  const maxItems = query.get('maxitems') ?? String(limit);
  if (!/^\d+$/.test(maxItems) || Number(maxItems) < 1) {
    throw xml.invalidInput(`Invalid parameter : Invalid value for MaxItems: ${maxItems}`);
  }
  return Math.min(Number(maxItems), limit);
}

function sorted(records: RecordSets): readonly RecordSet[] {
  return [...records.values()]
    .map((set) => ({ set, position: positionOf(set) }))
    .sort((a, b) => compare(a.position, b.position))
    .map(({ set }) => set);
}

function positionOf({ name, type, setIdentifier }: RecordSet): readonly string[] {
  return [sortKey(name), type, setIdentifier ?? ''];
}

/** In ASCII order, element by element; what is missing comes first. */
function compare(a: readonly string[], b: readonly string[]): number {
  for (const [index, element] of a.entries()) {
    const other = b[index] ?? '';
    if (element !== other) return element < other ? -1 : 1;
  }
  return 0;
}

function apply(records: Map<string, RecordSet>, change: Propagation): void {
  for (const [key, set] of change.sets) {
    if (set) records.set(key, set);
    else records.delete(key);
  }
}
