import { ListHostedZonesCommand, ListResourceRecordSetsCommand, Route53Client } from '@aws-sdk/client-route-53';
import type { NameServerData } from '../sandbox/name-server.ts';
import type { ServedZone } from '../sandbox/name-server-answer.ts';
import { type RecordSet, recordSetKey } from '../sandbox/route53-change-batch.ts';
import { normalizeName } from '../sandbox/route53-names.ts';

/** Emulators have no name servers: this is how far behind their Route 53 ours are, real milliseconds. */
const DELAY = 200;

/** For one answer of the emulator, milliseconds. */
const PATIENCE = 30_000;

export interface EmulatorDns extends NameServerData {
  /** Zones that could not be read. A test with any proves nothing. */
  readonly problems: readonly unknown[];
  stop(): Promise<void>;
}

/** Copies the public zones of an emulated Route 53 over its API, again and again. */
export function startEmulatorDns(endpoint: string): EmulatorDns {
  const client = new Route53Client({
    endpoint,
    requestHandler: { requestTimeout: PATIENCE, throwOnRequestTimeout: true },
  });
  const problems: unknown[] = [];
  let zones: readonly ServedZone[] = [];
  let stopped = false;
  const copying = (async () => {
    while (!stopped) {
      try {
        zones = await readZones(client);
      } catch (error) {
        problems.push(error);
      }
      await new Promise((resolve) => setTimeout(resolve, DELAY));
    }
  })();
  return {
    settings: {
      get nameServers() {
        const delegations = zones.flatMap(({ records }) => [...records.values()].filter(({ type }) => type === 'NS'));
        return [...new Set(delegations.flatMap(({ values }) => values))];
      },
    },
    served: () => zones,
    problems,
    stop: async () => {
      stopped = true;
      await copying;
      client.destroy();
    },
  };
}

async function readZones(client: Route53Client): Promise<readonly ServedZone[]> {
  const { HostedZones = [] } = await client.send(new ListHostedZonesCommand({}));
  const open = HostedZones.filter(({ Config }) => !Config?.PrivateZone);
  return Promise.all(
    open.map(async ({ Id, Name = '' }) => {
      const { ResourceRecordSets = [] } = await client.send(new ListResourceRecordSetsCommand({ HostedZoneId: Id }));
      const records = ResourceRecordSets.map(
        (set): RecordSet => ({
          name: normalizeName(set.Name ?? ''),
          type: set.Type ?? '',
          ttl: set.TTL ?? 0,
          values: set.ResourceRecords?.map(({ Value = '' }) => Value) ?? [],
        }),
      );
      return { name: normalizeName(Name), records: new Map(records.map((record) => [recordSetKey(record), record])) };
    }),
  );
}
