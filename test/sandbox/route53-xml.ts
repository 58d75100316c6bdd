import { XMLParser, XMLValidator } from 'fast-xml-parser';
import { AwsServiceError } from './aws-service.ts';
import type { Change, RecordSet } from './route53-change-batch.ts';
import { normalizeName } from './route53-names.ts';

/** Route 53's REST-XML: https://docs.aws.amazon.com/Route53/latest/APIReference/API_Operations_Amazon_Route_53.html. */

const NAMESPACE = 'https://route53.amazonaws.com/doc/2013-04-01/';
const RECORD_TYPES = 'SOA A TXT NS CNAME MX NAPTR PTR SRV SPF AAAA CAA DS TLSA SSHFP SVCB HTTPS'.split(' ');
const ROUTING_BEFORE_TTL = ['Weight', 'Region', 'Failover', 'MultiValueAnswer'] as const;
const ROUTING_AFTER_RECORDS = ['HealthCheckId', 'TrafficPolicyInstanceId'] as const;

export interface HostedZone {
  readonly id: string;
  readonly name: string;
  readonly callerReference: string;
  readonly comment?: string;
  readonly privateZone: boolean;
  readonly recordSetCount: number;
}

export interface ChangeInfo {
  readonly id: string;
  readonly status: 'PENDING' | 'INSYNC';
  /** Milliseconds since the epoch. */
  readonly submittedAt: number;
  readonly comment?: string;
}

export interface Vpc {
  readonly id: string;
  readonly region: string;
}

export interface CreateHostedZoneRequest {
  readonly name: string;
  readonly callerReference: string;
  readonly comment?: string;
  readonly vpc?: Vpc;
}

export function parseCreateHostedZone(body: string): CreateHostedZoneRequest {
  const root = parse(body, 'CreateHostedZoneRequest');
  const config = child(root, 'HostedZoneConfig');
  const vpc = child(root, 'VPC');
  const comment = text(config, 'Comment');
  return {
    name: required(root, 'Name', 'CreateHostedZoneRequest'),
    callerReference: required(root, 'CallerReference', 'CreateHostedZoneRequest'),
    ...(comment === undefined ? {} : { comment }),
    ...(vpc ? { vpc: { id: required(vpc, 'VPCId', 'VPC'), region: required(vpc, 'VPCRegion', 'VPC') } } : {}),
  };
}

export function parseChangeBatch(body: string): { readonly comment?: string; readonly changes: readonly Change[] } {
  const batch = child(parse(body, 'ChangeResourceRecordSetsRequest'), 'ChangeBatch');
  const changes = children(child(batch, 'Changes'), 'Change');
  if (changes.length === 0) throw incomplete('Changes', 'Change');
  const comment = text(batch, 'Comment');
  return { changes: changes.map(parseChange), ...(comment === undefined ? {} : { comment }) };
}

function parseChange(change: Element): Change {
  const action = required(change, 'Action', 'Change');
  if (action !== 'CREATE' && action !== 'DELETE' && action !== 'UPSERT') {
    throw notInEnumeration(action, ['CREATE', 'DELETE', 'UPSERT']);
  }
  const set = child(change, 'ResourceRecordSet');
  if (!set) throw incomplete('Change', 'ResourceRecordSet');
  const name = required(set, 'Name', 'ResourceRecordSet');
  const type = required(set, 'Type', 'ResourceRecordSet');
  if (!RECORD_TYPES.includes(type)) throw notInEnumeration(type, RECORD_TYPES);
  const setIdentifier = text(set, 'SetIdentifier');
  if ('AliasTarget' in set) throw new AwsServiceError(501, 'NotImplemented', 'The sandbox has no alias record sets.');
  if ('ResourceRecords' in set && children(child(set, 'ResourceRecords'), 'ResourceRecord').length === 0) {
    throw incomplete('ResourceRecords', 'ResourceRecord');
  }
  const ttl = text(set, 'TTL');
  if (ttl === undefined || !('ResourceRecords' in set)) {
    throw invalidInput(
      `Invalid request: Expected exactly one of [AliasTarget, all of [TTL, and ResourceRecords], or TrafficPolicyInstanceId], but found none in Change with [Action=${action}, Name=${name}, Type=${type}, SetIdentifier=${setIdentifier ?? 'null'}]`,
    );
  }
  if (!/^\d{1,10}$/.test(ttl) || Number(ttl) > 2_147_483_647) {
    throw invalidInput(`Invalid XML ; cvc-datatype-valid.1.2.1: '${ttl}' is not a valid value for 'TTL'.`);
  }
  const routing = Object.fromEntries(
    [...ROUTING_BEFORE_TTL, ...ROUTING_AFTER_RECORDS].flatMap((element) => {
      const value = text(set, element);
      return value === undefined ? [] : [[element, value] as const];
    }),
  );
  const recordSet: RecordSet = {
    name: normalizeName(name),
    type,
    ttl: Number(ttl),
    values: children(child(set, 'ResourceRecords'), 'ResourceRecord').map((record) => text(record, 'Value') ?? ''),
    ...(setIdentifier === undefined ? {} : { setIdentifier }),
    ...(Object.keys(routing).length === 0 ? {} : { routing }),
  };
  return { action, recordSet };
}

export function renderListHostedZones(page: {
  readonly zones: readonly HostedZone[];
  readonly marker: string | undefined;
  readonly nextMarker: string | undefined;
  readonly maxItems: number;
}): string {
  return response(
    'ListHostedZonesResponse',
    element('HostedZones', ...page.zones.map(renderHostedZone)),
    optional('Marker', page.marker),
    element('IsTruncated', page.nextMarker !== undefined),
    optional('NextMarker', page.nextMarker),
    element('MaxItems', page.maxItems),
  );
}

export function renderListHostedZonesByName(page: {
  readonly zones: readonly HostedZone[];
  readonly dnsName: string | undefined;
  readonly zoneId: string | undefined;
  readonly next: HostedZone | undefined;
  readonly maxItems: number;
}): string {
  return response(
    'ListHostedZonesByNameResponse',
    element('HostedZones', ...page.zones.map(renderHostedZone)),
    optional('DNSName', page.dnsName),
    optional('HostedZoneId', page.zoneId),
    element('IsTruncated', page.next !== undefined),
    optional('NextDNSName', page.next?.name),
    optional('NextHostedZoneId', page.next?.id),
    element('MaxItems', page.maxItems),
  );
}

export function renderGetHostedZone(
  zone: HostedZone,
  servedBy: { readonly nameServers: readonly string[] } | { readonly vpc: Vpc },
): string {
  return response(
    'GetHostedZoneResponse',
    renderHostedZone(zone),
    'vpc' in servedBy ? element('VPCs', renderVpc(servedBy.vpc)) : renderDelegationSet(servedBy.nameServers),
  );
}

export function renderCreateHostedZone(
  zone: HostedZone,
  change: ChangeInfo,
  servedBy: { readonly nameServers: readonly string[] } | { readonly vpc: Vpc },
): string {
  return response(
    'CreateHostedZoneResponse',
    renderHostedZone(zone),
    renderChangeInfo(change),
    'vpc' in servedBy ? renderVpc(servedBy.vpc) : renderDelegationSet(servedBy.nameServers),
  );
}

export function renderListResourceRecordSets(page: {
  readonly recordSets: readonly RecordSet[];
  readonly next: RecordSet | undefined;
  readonly maxItems: number;
}): string {
  return response(
    'ListResourceRecordSetsResponse',
    element('ResourceRecordSets', ...page.recordSets.map(renderRecordSet)),
    element('IsTruncated', page.next !== undefined),
    optional('NextRecordName', page.next?.name),
    optional('NextRecordType', page.next?.type),
    optional('NextRecordIdentifier', page.next?.setIdentifier),
    element('MaxItems', page.maxItems),
  );
}

/** `operation` is `ChangeResourceRecordSets` or `GetChange`; both answer with the change's state alone. */
export function renderChange(operation: string, change: ChangeInfo): string {
  return response(`${operation}Response`, renderChangeInfo(change));
}

function renderHostedZone(zone: HostedZone): Markup {
  return element(
    'HostedZone',
    element('Id', `/hostedzone/${zone.id}`),
    element('Name', zone.name),
    element('CallerReference', zone.callerReference),
    element('Config', optional('Comment', zone.comment), element('PrivateZone', zone.privateZone)),
    element('ResourceRecordSetCount', zone.recordSetCount),
  );
}

function renderRecordSet(set: RecordSet): Markup {
  const routing = (names: readonly string[]) => names.map((name) => optional(name, set.routing?.[name]));
  return element(
    'ResourceRecordSet',
    element('Name', set.name),
    element('Type', set.type),
    optional('SetIdentifier', set.setIdentifier),
    ...routing(ROUTING_BEFORE_TTL),
    element('TTL', set.ttl),
    element('ResourceRecords', ...set.values.map((value) => element('ResourceRecord', element('Value', value)))),
    ...routing(ROUTING_AFTER_RECORDS),
  );
}

function renderChangeInfo(change: ChangeInfo): Markup {
  return element(
    'ChangeInfo',
    element('Id', `/change/${change.id}`),
    element('Status', change.status),
    element('SubmittedAt', new Date(change.submittedAt).toISOString()),
    optional('Comment', change.comment),
  );
}

function renderDelegationSet(nameServers: readonly string[]): Markup {
  // Without the trailing dot, unlike the zone's own NS record set.
  const servers = nameServers.map((name) => element('NameServer', name.replace(/\.$/, '')));
  return element('DelegationSet', element('NameServers', ...servers));
}

function renderVpc(vpc: Vpc): Markup {
  return element('VPC', element('VPCRegion', vpc.region), element('VPCId', vpc.id));
}

/** Rendered XML, as opposed to text that is still to be escaped. */
interface Markup {
  readonly xml: string;
}

function response(name: string, ...content: readonly Markup[]): string {
  const xml = content.map((part) => part.xml).join('');
  return `<?xml version="1.0"?>\n<${name} xmlns="${NAMESPACE}">${xml}</${name}>`;
}

function element(name: string, ...content: readonly (Markup | string | number | boolean)[]): Markup {
  const xml = content.map((part) => (typeof part === 'object' ? part.xml : escapeXml(String(part)))).join('');
  return { xml: `<${name}>${xml}</${name}>` };
}

function optional(name: string, content: string | undefined): Markup {
  return content === undefined ? { xml: '' } : element(name, content);
}

function escapeXml(value: string): string {
  return value.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** As fast-xml-parser has it: text, or an object of children; repeated children are an array. */
type Element = Readonly<Record<string, unknown>>;

/** With numeric character references, which Go's SDK writes for quotation marks. */
const parser = new XMLParser({ parseTagValue: false, ignoreAttributes: true, htmlEntities: true });

function parse(body: string, rootName: string): Element {
  const valid = XMLValidator.validate(body) === true;
  const root: unknown = valid ? (parser.parse(body) as Element)[rootName] : undefined;
  if (!isElement(root)) {
    throw new AwsServiceError(400, 'MalformedInput', `The request is not valid, expected ${rootName}`);
  }
  return root;
}

function isElement(value: unknown): value is Element {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function child(parent: Element | undefined, name: string): Element | undefined {
  const value = parent?.[name];
  return isElement(value) ? value : undefined;
}

function children(parent: Element | undefined, name: string): readonly Element[] {
  const value = parent?.[name];
  return (Array.isArray(value) ? value : [value]).filter(isElement);
}

function text(parent: Element | undefined, name: string): string | undefined {
  const value = parent?.[name];
  return typeof value === 'string' ? value : undefined;
}

function required(parent: Element, name: string, parentName: string): string {
  const value = text(parent, name);
  if (value === undefined) throw incomplete(parentName, name);
  return value;
}

export function invalidInput(message: string): AwsServiceError {
  return new AwsServiceError(400, 'InvalidInput', message);
}

function incomplete(parent: string, expected: string): AwsServiceError {
  return invalidInput(
    `Invalid XML ; cvc-complex-type.2.4.b: The content of element '${parent}' is not complete. One of '{"${NAMESPACE}":${expected}}' is expected.`,
  );
}

function notInEnumeration(value: string, allowed: readonly string[]): AwsServiceError {
  return invalidInput(
    `Invalid XML ; cvc-enumeration-valid: Value '${value}' is not facet-valid with respect to enumeration '[${allowed.join(', ')}]'. It must be a value from the enumeration.`,
  );
}
