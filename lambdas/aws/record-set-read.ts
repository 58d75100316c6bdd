import {
  ListResourceRecordSetsCommand,
  type ListResourceRecordSetsRequest,
  type ListResourceRecordSetsResponse,
  type ResourceRecordSet,
  type Route53Client,
} from '@aws-sdk/client-route-53';
import { canonicalName } from '../core/dns-name.ts';
import { call } from './call.ts';
import { nextPage } from './next-page.ts';
import type { TxtRecordSet } from './record-set-change.ts';

/** What a zone has at one name, as far as it matters to a TXT record there. */
export interface NameContents {
  readonly txt: TxtRecordSet | undefined;
  /** Why no TXT record set can be written at the name, and what to do about it; a clause that follows the name. */
  readonly obstacle: string | undefined;
}

/** A challenge's name has a record set or two; what follows it in the zone is no concern of ours. */
const PAGE_SIZE = 10;

/**
 * Reads all record sets of one name, whatever their type, because what stands in a TXT record's way is of another one.
 * Route 53 answers with the newest state, changes that are PENDING included
 * (https://docs.aws.amazon.com/Route53/latest/APIReference/API_ListResourceRecordSets.html).
 */
export async function readName(client: Route53Client, zoneId: string, name: string): Promise<NameContents> {
  const found: ResourceRecordSet[] = [];
  for (let start: Position = { StartRecordName: name }; ; ) {
    const command = new ListResourceRecordSetsCommand({ HostedZoneId: zoneId, MaxItems: PAGE_SIZE, ...start });
    const page: ListResourceRecordSetsResponse = await call('route53:ListResourceRecordSets', `zone ${zoneId}`, () =>
      client.send(command),
    );
    found.push(...(page.ResourceRecordSets ?? []).filter(({ Name = '' }) => canonicalName(Name) === name));
    const more = page.IsTruncated && canonicalName(page.NextRecordName ?? '') === name;
    if (!more) return { txt: simpleTxt(name, found), obstacle: obstacleAmong(found) };
    const next: Position = {
      StartRecordName: page.NextRecordName,
      StartRecordType: page.NextRecordType,
      StartRecordIdentifier: page.NextRecordIdentifier,
    };
    nextPage('route53:ListResourceRecordSets', JSON.stringify(start), JSON.stringify(next));
    start = next;
  }
}

type Position = Pick<ListResourceRecordSetsRequest, 'StartRecordName' | 'StartRecordType' | 'StartRecordIdentifier'>;

function simpleTxt(recordName: string, recordSets: readonly ResourceRecordSet[]): TxtRecordSet | undefined {
  const txt = recordSets.find(({ Type, SetIdentifier }) => Type === 'TXT' && SetIdentifier === undefined);
  if (!txt) return undefined;
  return { recordName, ttl: txt.TTL ?? 0, values: txt.ResourceRecords?.flatMap(({ Value }) => Value ?? []) ?? [] };
}

function obstacleAmong(recordSets: readonly ResourceRecordSet[]): string | undefined {
  const cname = recordSets.find(({ Type }) => Type === 'CNAME');
  if (cname) {
    const target = canonicalName(cname.ResourceRecords?.[0]?.Value ?? cname.AliasTarget?.DNSName ?? '');
    return (
      `is a CNAME record to ${target}, and no TXT record can be beside it. ` +
      'Delete the CNAME record, or let it lead to a name that evercert may write, which dns.followCname is about'
    );
  }
  const managed = recordSets.find(({ Type, TrafficPolicyInstanceId }) => Type === 'TXT' && TrafficPolicyInstanceId);
  if (managed) {
    return (
      `is a TXT record that traffic policy instance ${managed.TrafficPolicyInstanceId} keeps, and a change of it would be lost. ` +
      'Delete the instance, or move it to another name'
    );
  }
  const routed = recordSets.find(({ Type, SetIdentifier }) => Type === 'TXT' && SetIdentifier !== undefined);
  if (routed) {
    return (
      `is a TXT record with a routing policy (set identifier ${JSON.stringify(routed.SetIdentifier)}), ` +
      'and no simple record can be beside it. Delete it, or move it to another name'
    );
  }
  return undefined;
}
