import { isWithin } from './dns-name.ts';
import type { HostedZone } from './hosted-zone.ts';

/** A zone as the public DNS has it. Both canonical. */
export interface LiveZone {
  readonly zoneName: string;
  readonly nameServers: readonly string[];
}

/** `unclear` decides nothing: an operator is told. */
export type Delegation =
  | { readonly kind: 'delegated' }
  | { readonly kind: 'elsewhere' | 'unclear'; readonly sentence: string };

/**
 * The name servers of every private hosted zone. Who is told these for a public name asks a resolver of a VPC that has a
 * private zone of that name; what the world sees can't be found out there.
 */
const PRIVATE_ZONE_SERVER = /^ns-(0|512|1024|1536)\.awsdns-00\.(com|net|org|co\.uk)$/;

/**
 * Whether a record in a hosted zone is what the world sees. `live` is the zone that holds the record by the delegation that
 * is in force; `nameServers` are the hosted zone's own (its delegation set).
 */
export function judgeDelegation(
  recordName: string,
  zone: Pick<HostedZone, 'zoneId' | 'zoneName'>,
  nameServers: readonly string[],
  live: LiveZone,
): Delegation {
  const { zoneId, zoneName } = zone;
  const ours = `hosted zone ${zoneName} (${zoneId})`;
  const hidden = live.nameServers.length > 0 && live.nameServers.every((name) => PRIVATE_ZONE_SERVER.test(name));
  if (hidden) {
    const sentence = `the delegation of ${ours} can't be checked from here: a private zone ${live.zoneName} hides the public one`;
    return { kind: 'unclear', sentence };
  }
  if (live.zoneName !== zoneName) {
    const deeper = isWithin(live.zoneName, zoneName);
    const sentence = deeper
      ? `${recordName} can't be published in ${ours}, because ${delegatedOut(recordName, live)}`
      : `${ours} is not delegated: the world finds ${recordName} in the zone ${live.zoneName} (${shown(live.nameServers)}). ${delegateTo(zoneName, nameServers)}`;
    return { kind: 'elsewhere', sentence };
  }
  const shared = live.nameServers.filter((name) => nameServers.includes(name));
  if (shared.length === 0) {
    const sentence = `${ours} is not the one that ${zoneName} is delegated to: the world asks ${shown(live.nameServers)}, and the zone's name servers are ${shown(nameServers)}. ${delegateTo(zoneName, nameServers)}, or give the right zone with dns.hostedZoneId`;
    return { kind: 'elsewhere', sentence };
  }
  if (shared.length < live.nameServers.length) {
    const foreign = live.nameServers.filter((name) => !nameServers.includes(name));
    const sentence = `${zoneName} is also delegated to ${shown(foreign)}, which ${ours} does not know: a CA that asks there will not find the challenge`;
    return { kind: 'unclear', sentence };
  }
  return { kind: 'delegated' };
}

/**
 * The servers of a delegation under the names that delegation sets have for them, where one of these has an address in common:
 * a zone may be delegated to white-label names of the very same servers, and its delegation set does not say so
 * (https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/white-label-name-servers.html). An address is enough: zones of one
 * name can't have a server in common (https://docs.aws.amazon.com/Route53/latest/APIReference/API_CreateHostedZone.html,
 * `ConflictingDomainExists`).
 */
export function underKnownNames(
  live: readonly string[],
  known: readonly string[],
  addresses: ReadonlyMap<string, readonly string[]>,
): readonly string[] {
  const isOne = (one: string, other: string) =>
    (addresses.get(one) ?? []).some((address) => addresses.get(other)?.includes(address));
  return live.map((server) => known.find((name) => isOne(name, server)) ?? server);
}

/** The candidates that the world asks; all of `candidates` have the same name. */
export function delegatedAmong<Z extends { readonly nameServers?: readonly string[] | undefined }>(
  candidates: readonly Z[],
  live: readonly string[],
): readonly Z[] {
  const shares = candidates.map(({ nameServers = [] }) => nameServers.filter((name) => live.includes(name)).length);
  const most = Math.max(...shares);
  return most === 0 ? [] : candidates.filter((_, index) => shares[index] === most);
}

function delegatedOut(recordName: string, { zoneName, nameServers }: LiveZone): string {
  // A CNAME record can't be beside the NS records that are there.
  return zoneName === recordName
    ? `NS records there delegate this very name to ${shown(nameServers)}, and it should have none, or the name servers of a hosted zone ${zoneName} that evercert has: remove them, put a CNAME record in their place that leads into one of its zones, or create that hosted zone and delegate the name to it`
    : `${zoneName} is a zone of its own, delegated to ${shown(nameServers)}: give evercert that zone, or a CNAME record at ${recordName} that leads into one of its zones`;
}

function delegateTo(zoneName: string, nameServers: readonly string[]): string {
  return `Set the NS records for ${zoneName} at the registrar or in the zone above to ${shown(nameServers)}`;
}

function shown(names: readonly string[]): string {
  return names.length === 0 ? 'no name server' : names.toSorted().slice(0, 8).join(', ');
}
