import type { Answer } from 'dns-packet';
import { characterStrings, type RecordSet, type RecordSets } from './route53-change-batch.ts';
import { isWithin, normalizeName, parentOf, plainName } from './route53-names.ts';

/** What an authoritative server answers, before it is put on a wire. */
export interface DnsAnswer {
  readonly rcode: 'NOERROR' | 'NXDOMAIN' | 'REFUSED';
  readonly authoritative: boolean;
  readonly answers: readonly Answer[];
  readonly authorities: readonly Answer[];
  readonly additionals: readonly Answer[];
}

export interface ServedZone {
  /** Normalised. */
  readonly name: string;
  readonly records: RecordSets;
}

/** IPv4 addresses of the name servers themselves, by normalised name. */
export type OwnAddresses = ReadonlyMap<string, string>;

const LONGEST_CNAME_CHAIN = 8;

/**
 * Answers one question from the zones (RFC 1034, section 4.3.2, with RFC 4592 for wildcards and RFC 2308 for negative
 * answers), following CNAME records as long as they stay within the zones. `own` names are answered whatever the zones
 * say, because the sandbox asks the same server where the name servers are.
 */
export function answerQuestion(
  question: { readonly name: string; readonly type: string },
  zones: readonly ServedZone[],
  own: OwnAddresses,
): DnsAnswer {
  const answers: Answer[] = [];
  const followed = new Set<string>();
  // As the question spells it: DNS 0x20 clients compare letter by letter.
  let owner = question.name;
  for (;;) {
    const name = normalizeName(owner);
    followed.add(name);
    const address = own.get(name);
    if (address !== undefined) {
      const matches = question.type === 'A' || question.type === 'ANY';
      if (matches) answers.push({ type: 'A', name: owner, ttl: 60, data: address });
      return { ...NOTHING, authoritative: true, answers };
    }
    const zone = zoneOf(name, zones);
    if (!zone) {
      if (answers.length > 0) return { ...NOTHING, authoritative: true, answers };
      return { ...NOTHING, rcode: 'REFUSED' };
    }
    const found = lookUp(name, zone);
    if (found.kind === 'delegation') {
      const servers = toAnswers(found.nameServers, plainName(found.nameServers.name));
      const glue = glueFor(found.nameServers, zone, own);
      return { ...NOTHING, authoritative: answers.length > 0, answers, authorities: servers, additionals: glue };
    }
    if (found.kind === 'no such name') {
      return { ...NOTHING, rcode: 'NXDOMAIN', authoritative: true, answers, authorities: negative(zone) };
    }
    const matching = found.recordSets.filter((set) => set.type === question.type || question.type === 'ANY');
    if (matching.length > 0) {
      answers.push(...matching.flatMap((set) => toAnswers(set, owner)));
      const additionals = matching.filter((set) => set.type === 'NS').flatMap((set) => glueFor(set, zone, own));
      return { ...NOTHING, authoritative: true, answers, additionals };
    }
    const alias = found.recordSets.find((set) => set.type === 'CNAME');
    if (!alias) return { ...NOTHING, authoritative: true, answers, authorities: negative(zone) };
    answers.push(...toAnswers(alias, owner));
    owner = plainName(normalizeName(alias.values[0] ?? ''));
    if (followed.has(normalizeName(owner)) || answers.length >= LONGEST_CNAME_CHAIN) {
      return { ...NOTHING, authoritative: true, answers };
    }
  }
}

const NOTHING: DnsAnswer = { rcode: 'NOERROR', authoritative: false, answers: [], authorities: [], additionals: [] };

/** Of several zones with one name, the first: elsewhere the delegation would decide. */
function zoneOf(name: string, zones: readonly ServedZone[]): ServedZone | undefined {
  return zones
    .filter((zone) => isWithin(name, zone.name))
    .reduce<ServedZone | undefined>(
      (best, zone) => (best && best.name.length >= zone.name.length ? best : zone),
      undefined,
    );
}

type Found =
  | { readonly kind: 'node'; readonly recordSets: readonly RecordSet[] }
  | { readonly kind: 'delegation'; readonly nameServers: RecordSet }
  | { readonly kind: 'no such name' };

function lookUp(name: string, zone: ServedZone): Found {
  const nodes = nodesOf(zone);
  const nameServers = ancestors(name, zone)
    .reverse()
    .filter((ancestor) => ancestor !== zone.name)
    .flatMap((ancestor) => nodes.get(ancestor) ?? [])
    .find((set) => set.type === 'NS');
  if (nameServers) return { kind: 'delegation', nameServers };
  const exact = nodes.get(name);
  if (exact) return { kind: 'node', recordSets: exact };
  const encloser = ancestors(name, zone).find((ancestor) => nodes.has(ancestor));
  const wildcard = encloser === undefined ? undefined : nodes.get(`\\052.${encloser}`);
  return wildcard ? { kind: 'node', recordSets: wildcard } : { kind: 'no such name' };
}

/** Record sets by name; a name that only has names below it is there too, without any (RFC 4592, section 2.2.2). */
function nodesOf(zone: ServedZone): ReadonlyMap<string, readonly RecordSet[]> {
  const nodes = new Map<string, RecordSet[]>();
  const served = new Set<string>();
  for (const set of zone.records.values()) {
    for (const name of ancestors(set.name, zone)) if (!nodes.has(name)) nodes.set(name, []);
    // Of record sets with a routing policy, the first one is as good as any.
    const key = `${set.name} ${set.type}`;
    if (!served.has(key)) nodes.get(set.name)?.push(set);
    served.add(key);
  }
  return nodes;
}

/** The name itself, then each name above it up to the zone's. */
function ancestors(name: string, zone: ServedZone): string[] {
  const names: string[] = [];
  for (let at: string | undefined = name; at !== undefined && isWithin(at, zone.name); at = parentOf(at))
    names.push(at);
  return names;
}

/** The SOA record that says how long the negative answer may be cached (RFC 2308, section 3). */
function negative(zone: ServedZone): Answer[] {
  const authority = [...zone.records.values()].find((set) => set.type === 'SOA');
  if (!authority) return [];
  const minimum = Number(authority.values[0]?.split(/\s+/)[6] ?? authority.ttl);
  return toAnswers({ ...authority, ttl: Math.min(authority.ttl, minimum) }, plainName(zone.name));
}

function glueFor(nameServers: RecordSet, zone: ServedZone, own: OwnAddresses): Answer[] {
  return nameServers.values.flatMap((value): Answer[] => {
    const name = normalizeName(value);
    const address = own.get(name);
    if (address !== undefined) return [{ type: 'A', name: plainName(name), ttl: 60, data: address }];
    const sets = [...zone.records.values()].filter((set) => set.name === name && set.type === 'A');
    return sets.flatMap((set) => toAnswers(set, plainName(name)));
  });
}

/** Types that no test asks for have no answer: NAPTR, SRV, SSHFP and the like. */
function toAnswers(set: RecordSet, owner: string): Answer[] {
  const base = { name: owner, ttl: set.ttl };
  return set.values.flatMap((value): Answer[] => {
    const fields = value.split(/\s+/);
    const [first = '', second = ''] = fields;
    switch (set.type) {
      case 'A':
      case 'AAAA':
        return [{ ...base, type: set.type, data: value }];
      case 'CNAME':
      case 'NS':
      case 'PTR':
        return [{ ...base, type: set.type, data: plainName(normalizeName(value)) }];
      case 'TXT':
        return [{ ...base, type: 'TXT', data: [...(characterStrings(value) ?? [])] }];
      case 'MX':
        return [{ ...base, type: 'MX', data: { preference: Number(first), exchange: second } }];
      case 'CAA': {
        const quoted = fields.slice(2).join(' ');
        const tag = second as 'issue' | 'issuewild' | 'iodef';
        return [{ ...base, type: 'CAA', data: { flags: Number(first), tag, value: quoted.replaceAll('"', '') } }];
      }
      case 'SOA': {
        const [serial, refresh, retry, expire, minimum] = fields.slice(2).map(Number);
        return [
          { ...base, type: 'SOA', data: { mname: first, rname: second, serial, refresh, retry, expire, minimum } },
        ];
      }
      default:
        return [];
    }
  });
}
