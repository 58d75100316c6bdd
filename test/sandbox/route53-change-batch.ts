import { isIPv4, isIPv6 } from 'node:net';
import { AwsServiceError } from './aws-service.ts';
import { isWithin, nameProblem } from './route53-names.ts';

/** A resource record set; `name` is normalised, `values` are as the API has them: TXT strings are quoted. */
export interface RecordSet {
  readonly name: string;
  readonly type: string;
  /** Seconds. */
  readonly ttl: number;
  readonly values: readonly string[];
  readonly setIdentifier?: string;
  /** Weight, Region, Failover, MultiValueAnswer, HealthCheckId: stored and compared, without an effect on answers. */
  readonly routing?: Readonly<Record<string, string>>;
}

export interface Change {
  readonly action: 'CREATE' | 'DELETE' | 'UPSERT';
  readonly recordSet: RecordSet;
}

/** By `recordSetKey`. */
export type RecordSets = ReadonlyMap<string, RecordSet>;

/**
 * The comments of record set protections, by `protectionKey`: a name and type that nobody may change, whether it has
 * record sets or not (https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/rrset-protection.html).
 */
export type Protections = ReadonlyMap<string, string | undefined>;

export function protectionKey({ name, type }: Pick<RecordSet, 'name' | 'type'>): string {
  return `${name} ${type}`;
}

export function recordSetKey(recordSet: Pick<RecordSet, 'name' | 'type' | 'setIdentifier'>): string {
  return `${recordSet.name} ${recordSet.type} ${recordSet.setIdentifier ?? ''}`;
}

/**
 * What a zone holds after a batch: all of its changes or, with an `InvalidChangeBatch` that lists every problem, none.
 * Each change sees what those before it have left, so DELETE and CREATE of one record set in a batch are a
 * compare-and-swap (https://docs.aws.amazon.com/Route53/latest/APIReference/API_ChangeResourceRecordSets.html).
 */
export function applyChangeBatch(
  zoneName: string,
  before: RecordSets,
  changes: readonly Change[],
  protections: Protections = new Map(),
): RecordSets {
  refuse(quotaProblems(changes));
  refuse(changes.flatMap((change) => changeProblems(zoneName, change)));
  refuse(contradictions(changes));
  refuse(changes.flatMap((change) => protectionProblem(protections, change) ?? []));
  const after = new Map(before);
  refuse(
    changes.flatMap((change) => {
      const problem = stateProblem(zoneName, after, change);
      if (problem) return [problem];
      const key = recordSetKey(change.recordSet);
      if (change.action === 'DELETE') after.delete(key);
      else after.set(key, change.recordSet);
      return [];
    }),
  );
  refuse(apexProblems(zoneName, after));
  return after;
}

/**
 * The tokens that a batch draws from the bucket of changes
 * (https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/throttling-api-requests.html).
 */
export function changeTokens(changes: readonly Change[]): number {
  return changes.reduce((sum, { action }) => sum + (action === 'UPSERT' ? 2 : 1), 0);
}

function refuse(problems: readonly string[]): void {
  if (problems.length > 0) throw new AwsServiceError(400, 'InvalidChangeBatch', `[${problems.join(', ')}]`);
}

/** https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/DNSLimitations.html: what an UPSERT carries counts twice. */
function quotaProblems(changes: readonly Change[]): string[] {
  const problems: string[] = [];
  const sum = (size: (values: readonly string[]) => number) =>
    changes.reduce((total, { action, recordSet }) => total + size(recordSet.values) * (action === 'UPSERT' ? 2 : 1), 0);
  if (sum((values) => values.length) > 1_000) problems.push('Number of records limit of 1000 exceeded.');
  if (sum((values) => values.join('').length) > 32_000) problems.push('RDATA character limit of 32000 exceeded.');
  return problems;
}

/** What is wrong with a change whatever the zone holds. */
function changeProblems(zoneName: string, { action, recordSet }: Change): string[] {
  const { name, type, values } = recordSet;
  const badName = nameProblem(name);
  if (badName) return [badName];
  if (!isWithin(name, zoneName)) return [`RRSet with DNS name ${name} is not permitted in zone ${zoneName}`];
  const badValues = values.map((value) => valueProblem(type, value)).filter((problem) => problem !== undefined);
  if (action === 'DELETE') {
    return badValues.length > 0 ? [`Tried to delete ${describe(recordSet)} but the rdata provided is invalid`] : [];
  }
  if (type === 'CNAME' && name === zoneName) {
    return [`RRSet of type CNAME with DNS name ${name} is not permitted at apex in zone ${zoneName}`];
  }
  const duplicates = values.filter((value, index) => values.indexOf(value) !== index);
  return [
    ...badValues.map((problem) => `Invalid Resource Record: '${problem}'`),
    ...duplicates.map((value) => `Duplicate Resource Record: '${value}'`),
    ...(values.length > 400 ? ['Cannot have more than 400 records in a RRSet.'] : []),
  ];
}

function valueProblem(type: string, value: string): string | undefined {
  const fatal = (name: string, explanation: string) =>
    `FATAL problem: ${name} (${explanation}) encountered with '${value}'`;
  switch (type) {
    case 'TXT':
    case 'SPF': {
      const strings = characterStrings(value);
      if (!strings) return fatal('InvalidCharacterString', 'Value should be enclosed in quotation marks');
      const tooLong = strings.some((string) => string.length > 255);
      return tooLong ? fatal('CharacterStringTooLong', 'Value is too long') : undefined;
    }
    case 'A':
      return isIPv4(value) ? undefined : fatal('ARRDATAIllegalIPv4Address', 'Value is not a valid IPv4 address');
    case 'AAAA':
      return isIPv6(value) ? undefined : fatal('AAAARRDATAIllegalIPv6Address', 'Value is not a valid IPv6 address');
    default:
      return value === '' ? fatal('InvalidRRDATA', 'Value is empty') : undefined;
  }
}

/**
 * The character strings of a TXT value, as bytes: quoted, separated by white space, `\"` and `\\` for themselves and
 * `\ooo` for any other byte. `undefined` when it isn't written so
 * (https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/ResourceRecordTypes.html#TXTFormat).
 */
export function characterStrings(value: string): readonly Buffer[] | undefined {
  if (!/^\s*"(?:[^"\\]|\\.)*"(?:\s+"(?:[^"\\]|\\.)*")*\s*$/s.test(value)) return undefined;
  return [...value.matchAll(/"((?:[^"\\]|\\.)*)"/gs)].map(([, string = '']) =>
    Buffer.from(
      Buffer.from(string, 'utf8')
        .toString('latin1')
        .replace(/\\([0-3][0-7]{2}|.)/gs, (_, escaped: string) =>
          escaped.length === 3 ? String.fromCharCode(Number.parseInt(escaped, 8)) : escaped,
        ),
      'latin1',
    ),
  );
}

/** Two changes to one record set contradict each other, unless they replace it: first DELETE, then CREATE. */
function contradictions(changes: readonly Change[]): string[] {
  const actions = new Map<string, { readonly recordSet: RecordSet; readonly seen: string[] }>();
  for (const { action, recordSet } of changes) {
    const key = recordSetKey(recordSet);
    const entry = actions.get(key) ?? { recordSet, seen: [] };
    entry.seen.push(action);
    actions.set(key, entry);
  }
  return [...actions.values()]
    .filter(({ seen }) => seen.length > 1 && seen.join() !== 'DELETE,CREATE')
    .map(
      ({ recordSet: { type, name } }) =>
        `The request contains an invalid set of changes for a resource record set '${type} ${name}'`,
    );
}

/** AWS says that its message has the comment; the other words are not AWS's. */
function protectionProblem(protections: Protections, { recordSet }: Change): string | undefined {
  const key = protectionKey(recordSet);
  if (!protections.has(key)) return undefined;
  const comment = protections.get(key);
  const { name, type } = recordSet;
  return `Resource record set [name='${name}', type='${type}'] is protected${comment === undefined ? '' : `: ${comment}`}`;
}

/** What is wrong with a change given what the zone holds. */
function stateProblem(zoneName: string, records: RecordSets, { action, recordSet }: Change): string | undefined {
  const { name, type } = recordSet;
  const current = records.get(recordSetKey(recordSet));
  if (action === 'DELETE') {
    if (!current) return `Tried to delete ${describe(recordSet)} but it was not found`;
    if (sameContent(current, recordSet)) return undefined;
    return `Tried to delete ${describe(recordSet)} but the values provided do not match the current values`;
  }
  if (action === 'CREATE' && current) return `Tried to create ${describe(recordSet)} but it already exists`;
  const others = [...records.values()].filter((other) => other.name === name && other !== current);
  if (type !== 'CNAME' && others.some((other) => other.type === 'CNAME')) {
    // Two spaces, as on AWS.
    return `RRSet of type ${type} with DNS name ${name} is not permitted because a conflicting RRSet of type  CNAME with the same DNS name already exists in zone ${zoneName}`;
  }
  if (type === 'CNAME' && others.some((other) => other.type !== 'CNAME')) {
    return `RRSet of type CNAME with DNS name ${name} is not permitted as it conflicts with other records with the same DNS name in zone ${zoneName}`;
  }
  const siblings = others.filter((other) => other.type === type);
  if (siblings.some((other) => (other.setIdentifier === undefined) !== (recordSet.setIdentifier === undefined))) {
    return `RRSet with DNS name ${name}, type ${type} cannot be created as other RRSets exist with the same name and type.`;
  }
  return undefined;
}

function apexProblems(zoneName: string, records: RecordSets): string[] {
  const has = (type: string) => records.has(recordSetKey({ name: zoneName, type }));
  return [
    ...(has('NS') ? [] : ['A HostedZone must contain at least one NS record for the zone itself.']),
    ...(has('SOA') ? [] : ['A HostedZone must contain exactly one SOA record.']),
  ];
}

function describe({ name, type, setIdentifier }: RecordSet): string {
  const identifier = setIdentifier === undefined ? '' : `, set-identifier='${setIdentifier}'`;
  return `resource record set [name='${name}', type='${type}'${identifier}]`;
}

/** Everything but the order of the values counts. */
function sameContent(a: RecordSet, b: RecordSet): boolean {
  const content = ({ ttl, values, routing }: RecordSet) =>
    JSON.stringify([ttl, values.toSorted(), Object.entries(routing ?? {}).sort()]);
  return content(a) === content(b);
}
