import { canonicalName, isWithin } from './dns-name.ts';
import { RenewalFailure } from './failure.ts';

export interface HostedZone {
  /** Without the `/hostedzone/` that the API puts in front of it. */
  readonly zoneId: string;
  /** Canonical. */
  readonly zoneName: string;
  readonly privateZone: boolean;
}

/** An account may have 500 zones, and a log line has no room for them. */
const MOST_ZONES_NAMED = 20;

/**
 * The hosted zone that answers for a record: the public one whose name is the record's longest suffix, label by label.
 * Throws `no-hosted-zone` when there is none, or two of one name: which of them is delegated can't be told from here.
 */
export function hostedZoneFor(recordName: string, zones: readonly HostedZone[]): HostedZone {
  const name = canonicalName(recordName);
  const covering = zones.filter(({ zoneName }) => isWithin(name, zoneName));
  const candidates = covering.filter(({ privateZone }) => !privateZone);
  const longest = Math.max(...candidates.map(({ zoneName }) => zoneName.length));
  const [zone, ...others] = candidates.filter(({ zoneName }) => zoneName.length === longest);
  if (!zone) throw new RenewalFailure('no-hosted-zone', noZone(name, covering, zones));
  if (others.length > 0) {
    const ids = [zone, ...others].map(({ zoneId }) => zoneId).join(' and ');
    throw new RenewalFailure(
      'no-hosted-zone',
      `several public hosted zones are named ${zone.zoneName}: ${ids}. Set dns.hostedZoneId to the one that the ` +
        `domain is delegated to, so that ${name} is written where the CA looks`,
    );
  }
  return zone;
}

/**
 * Throws `no-hosted-zone` when a record can't be published in the zone that `dns.hostedZoneId` names: the zone is
 * private, or its name is no suffix of the record's.
 */
export function expectZoneCovers(zone: HostedZone, recordName: string): void {
  const name = canonicalName(recordName);
  const refuse = (why: string): never => {
    throw new RenewalFailure(
      'no-hosted-zone',
      `${name} can't be published in hosted zone ${zone.zoneId} (${zone.zoneName}), which dns.hostedZoneId names: ${why}`,
    );
  };
  if (zone.privateZone) refuse('the zone is private, and no CA can see it. Give the id of the public zone');
  if (!isWithin(name, zone.zoneName)) refuse('the zone does not cover the name. Give the id of the zone that does');
}

function noZone(name: string, covering: readonly HostedZone[], zones: readonly HostedZone[]): string {
  const hidden = covering.map(({ zoneName, zoneId }) => `${zoneName} (${zoneId})`).join(', ');
  const names = [...new Set(zones.filter(({ privateZone }) => !privateZone).map(({ zoneName }) => zoneName))].sort();
  const more = names.length - MOST_ZONES_NAMED;
  const listed = names.slice(0, MOST_ZONES_NAMED).join(', ') + (more > 0 ? ` and ${more} more` : '');
  return [
    `no public hosted zone of this account covers ${name}`,
    hidden ? `; ${hidden} is private, and no CA can see it` : '',
    `. Public zones here: ${listed || 'none'}. `,
    'Create the public zone and delegate the domain to it, or run in the account that has it',
  ].join('');
}
