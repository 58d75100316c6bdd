import { canonicalName, isWithin } from './dns-name.ts';
import { RenewalFailure } from './failure.ts';

export interface HostedZone {
  /** Without the `/hostedzone/` that the API puts in front of it. */
  readonly zoneId: string;
  /** Canonical. */
  readonly zoneName: string;
  readonly privateZone: boolean;
  /** The delegation set, canonical; `undefined` when it has not been asked for, and for a private zone. */
  readonly nameServers?: readonly string[] | undefined;
}

/** An account may have 500 zones, and a log line has no room for them. */
const MOST_ZONES_NAMED = 20;

/**
 * The hosted zones that may answer for a record: the public ones whose name is the record's longest suffix, label by label.
 * All have the same name; an account may have several of one, of which the delegation makes one live.
 */
export function zonesCovering(recordName: string, zones: readonly HostedZone[]): readonly HostedZone[] {
  const name = canonicalName(recordName);
  const candidates = zones.filter(({ zoneName, privateZone }) => !privateZone && isWithin(name, zoneName));
  const longest = Math.max(...candidates.map(({ zoneName }) => zoneName.length));
  return candidates.filter(({ zoneName }) => zoneName.length === longest);
}

/**
 * The one zone that answers for a record. Throws `no-hosted-zone` when there is none, or two of one name: `live` says what
 * the delegation had to say about them. `account` is where was looked.
 */
export function hostedZoneFor(
  recordName: string,
  zones: readonly HostedZone[],
  { account = 'this account', live }: { readonly account?: string; readonly live?: string } = {},
): HostedZone {
  const name = canonicalName(recordName);
  const [zone, ...others] = zonesCovering(name, zones);
  if (!zone) {
    const covering = zones.filter(({ zoneName }) => isWithin(name, zoneName));
    throw new RenewalFailure('no-hosted-zone', noZone(name, covering, zones, account));
  }
  if (others.length > 0) {
    const ids = [zone, ...others].map(({ zoneId }) => zoneId).join(' and ');
    throw new RenewalFailure(
      'no-hosted-zone',
      `several public hosted zones are named ${zone.zoneName}: ${ids}${live ? `, and ${live}` : ''}. Set dns.hostedZoneId to the one that the ` +
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

function noZone(name: string, covering: readonly HostedZone[], zones: readonly HostedZone[], account: string): string {
  const hidden = covering.map(({ zoneName, zoneId }) => `${zoneName} (${zoneId})`).join(', ');
  const names = [...new Set(zones.filter(({ privateZone }) => !privateZone).map(({ zoneName }) => zoneName))].sort();
  const more = names.length - MOST_ZONES_NAMED;
  const listed = names.slice(0, MOST_ZONES_NAMED).join(', ') + (more > 0 ? ` and ${more} more` : '');
  return [
    `no public hosted zone of ${account} covers ${name}`,
    hidden ? `; ${hidden} is private, and no CA can see it` : '',
    `. Public zones here: ${listed || 'none'}. `,
    'Create the public zone and delegate the domain to it, or run in the account that has it',
  ].join('');
}
