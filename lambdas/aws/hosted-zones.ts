import { GetHostedZoneCommand, ListHostedZonesCommand, type Route53Client } from '@aws-sdk/client-route-53';
import { canonicalName } from '../core/dns-name.ts';
import { RenewalFailure } from '../core/failure.ts';
import type { HostedZone } from '../core/hosted-zone.ts';
import { awsErrorName, call } from './call.ts';
import { nextPage } from './next-page.ts';

/** The most that Route 53 gives at a time. */
const PAGE_SIZE = 100;

/** All hosted zones of an account, private ones included. `account` is what an operator reads. */
export async function listHostedZones(client: Route53Client, account: string): Promise<readonly HostedZone[]> {
  const zones: HostedZone[] = [];
  for (let marker: string | undefined; ; ) {
    const command = new ListHostedZonesCommand({ MaxItems: PAGE_SIZE, ...(marker && { Marker: marker }) });
    const page = await call('route53:ListHostedZones', account, () => client.send(command));
    for (const { Id = '', Name = '', Config } of page.HostedZones ?? []) {
      zones.push({ zoneId: bareId(Id), zoneName: canonicalName(Name), privateZone: Config?.PrivateZone ?? false });
    }
    marker = nextPage('route53:ListHostedZones', marker, page.IsTruncated ? page.NextMarker : undefined);
    if (!marker) return zones;
  }
}

/** One hosted zone with its delegation set. Throws `no-hosted-zone` when the account has no such zone. */
export async function getHostedZone(client: Route53Client, zoneId: string, account: string): Promise<HostedZone> {
  try {
    const command = new GetHostedZoneCommand({ Id: zoneId });
    const { HostedZone, DelegationSet } = await call('route53:GetHostedZone', `zone ${zoneId}`, () =>
      client.send(command),
    );
    const { Id = zoneId, Name = '', Config } = HostedZone ?? {};
    return {
      zoneId: bareId(Id),
      zoneName: canonicalName(Name),
      privateZone: Config?.PrivateZone ?? false,
      nameServers: DelegationSet?.NameServers?.map(canonicalName),
    };
  } catch (error) {
    if (awsErrorName(error) !== 'NoSuchHostedZone') throw error;
    throw new RenewalFailure(
      'no-hosted-zone',
      `${account} has no hosted zone ${zoneId}: correct dns.hostedZoneId, or leave it out`,
      { cause: error },
    );
  }
}

/** `/hostedzone/Z1` -> `Z1`, `/change/C1` -> `C1`: the API answers with the longer form and takes both. */
export function bareId(id: string): string {
  return id.replace(/^\/(hostedzone|change)\//, '');
}
