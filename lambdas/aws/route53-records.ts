import { GetChangeCommand } from '@aws-sdk/client-route-53';
import { delegatedAmong } from '../core/delegation.ts';
import { canonicalName, isWritableName } from '../core/dns-name.ts';
import { type AssumedRole, accountOf } from '../core/dns-role.ts';
import { RenewalFailure } from '../core/failure.ts';
import { expectZoneCovers, type HostedZone, hostedZoneFor, zonesCovering } from '../core/hosted-zone.ts';
import type {
  ChallengeRecord,
  ChallengeRecords,
  LocateOptions,
  Presented,
} from '../renewal/ports/challenge-records.ts';
import { type Clock, systemClock } from '../renewal/ports/clock.ts';
import { awsErrorName, call } from './call.ts';
import type { DnsAccounts } from './dns-accounts.ts';
import { addValues, type ChallengeValues, ownRecordSet, removeValues } from './record-set-change.ts';
import { writeRecordSets } from './record-set-write.ts';
import { createZoneDirectory, type KnownZones } from './zone-directory.ts';

export interface Route53RecordsOptions {
  readonly clock?: Clock;
  readonly random?: () => number;
  /** Names beside the challenges' own that may be written. */
  readonly cnameTargets?: readonly string[];
  /** What other runs of the process have learned about zones. */
  readonly knownZones?: KnownZones;
}

/**
 * Challenge records in Route 53. An account's zones are listed once in five minutes and process, and again by a run that
 * doesn't find what it needs among them.
 *
 * `present` first assumes that nothing is at the names, `remove` that what `present` left is there, or else our values
 * alone; each costs one request per zone when that is true. `clock` and `random` space the repetitions when several
 * clients write the same record.
 */
export function createRoute53Records(
  accounts: DnsAccounts,
  { clock = systemClock, random = Math.random, cnameTargets = [], knownZones = new Map() }: Route53RecordsOptions = {},
): ChallengeRecords {
  const directory = createZoneDirectory(accounts, clock, knownZones);
  const context = async (role: AssumedRole | undefined) => ({ client: await accounts.route53(role), clock, random });
  const zonesOf = (records: readonly ChallengeRecord[]) => byZone(records, cnameTargets);

  /** Several public zones of one name are told apart by who is asked for it. */
  const decided = async (
    name: string,
    zones: readonly HostedZone[],
    { role, liveServers }: LocateOptions,
  ): Promise<HostedZone> => {
    const account = accountOf(role);
    const candidates = zonesCovering(name, zones);
    const [first] = candidates;
    if (!first || candidates.length === 1) return hostedZoneFor(name, zones, { account });
    const described = await Promise.all(candidates.map(({ zoneId }) => directory.get(zoneId, role)));
    const known = described.flatMap(({ nameServers = [] }) => nameServers);
    const live = await liveServers?.(first.zoneName, known);
    if (!live) return hostedZoneFor(name, zones, { account, live: 'the delegation could not be looked up' });
    const delegated = delegatedAmong(described, live);
    const words = `the domain is delegated to ${live.join(', ')}, which ${delegated.length > 1 ? 'several' : 'none'} of them has`;
    return hostedZoneFor(name, delegated.length === 1 ? delegated : zones, { account, live: words });
  };

  const zoneOf = async (name: string, options: LocateOptions): Promise<HostedZone> => {
    const { hostedZoneId, role } = options;
    if (hostedZoneId) {
      const zone = await directory.get(hostedZoneId, role);
      expectZoneCovers(zone, name);
      return zone;
    }
    const zones = await directory.list(role);
    return decided(name, zones, options).catch(async (error: unknown) => {
      const newer = await directory.list(role, { again: true });
      if (newer === zones) throw error;
      return decided(name, newer, options);
    });
  };

  return {
    async locate(recordName, options = {}) {
      expectWritableName(recordName, cnameTargets);
      const { zoneId, zoneName } = await zoneOf(recordName, options);
      const { role } = options;
      return { recordName, zoneId, zoneName, ...(role ? { role } : {}) };
    },

    async nameServers({ zoneId, role }) {
      return (await directory.get(zoneId, role)).nameServers ?? [];
    },

    async present(records) {
      const presented = await settled(
        zonesOf(records).map(async (zone): Promise<readonly Presented[]> => {
          const { zoneId, role } = zone;
          const write = { ...zone, edit: addValues, expectWritable: true };
          const batches = await writeRecordSets(write, new Map(), await context(role)).catch((error: unknown) => {
            throw goneZone(error, zone) ?? error;
          });
          return batches.map((batch) => ({ zoneId, ...(role ? { role } : {}), ...batch }));
        }),
      );
      return presented.flat();
    },

    async inSync({ changeId, role }) {
      const client = await accounts.route53(role);
      const command = new GetChangeCommand({ Id: changeId });
      const { ChangeInfo } = await call('route53:GetChange', `change ${changeId}`, () => client.send(command));
      return ChangeInfo?.Status === 'INSYNC';
    },

    async remove(records, presented = []) {
      await settled(
        zonesOf(records).map(async (zone) => {
          const left = presented.filter(({ zoneId }) => zoneId === zone.zoneId).flatMap(({ recordSets }) => recordSets);
          const believed = new Map(zone.names.map((values) => [values.recordName, ownRecordSet(values)]));
          for (const recordSet of left) believed.set(canonicalName(recordSet.recordName), recordSet);
          const write = { ...zone, edit: removeValues, expectWritable: false };
          try {
            await writeRecordSets(write, believed, await context(zone.role));
          } catch (error) {
            // What was in it is gone as well.
            if (awsErrorName(error) !== 'NoSuchHostedZone') throw error;
          }
        }),
      );
    },
  };
}

function goneZone(error: unknown, { zoneId, zoneName, role }: ZoneValues): RenewalFailure | undefined {
  if (awsErrorName(error) !== 'NoSuchHostedZone') return undefined;
  return new RenewalFailure(
    'no-hosted-zone',
    `hosted zone ${zoneName} (${zoneId}) no longer exists in ${accountOf(role)}; the next attempt looks for the zone again`,
    { cause: error, retry: 'later', details: error instanceof RenewalFailure ? error.details : {} },
  );
}

interface ZoneValues {
  readonly zoneId: string;
  readonly zoneName: string;
  readonly role: AssumedRole | undefined;
  readonly names: readonly ChallengeValues[];
}

/** The values by zone and canonical name. Throws, before anything is sent, for a record that is none of ours. */
function byZone(records: readonly ChallengeRecord[], cnameTargets: readonly string[]): readonly ZoneValues[] {
  for (const { recordName, values } of records) {
    expectWritableName(recordName, cnameTargets);
    values.forEach(expectDigest);
  }
  const zones = Map.groupBy(
    records.filter(({ values }) => values.length > 0),
    ({ zoneId }) => zoneId,
  );
  return [...zones].map(([zoneId, inZone]) => ({
    zoneId,
    zoneName: inZone[0]?.zoneName ?? '',
    role: inZone[0]?.role,
    names: [...Map.groupBy(inZone, ({ recordName }) => canonicalName(recordName))].map(([recordName, atName]) => ({
      recordName,
      values: [...new Set(atName.flatMap(({ values }) => values))],
    })),
  }));
}

function expectWritableName(recordName: string, cnameTargets: readonly string[]): void {
  if (isWritableName(recordName, cnameTargets)) return;
  const why = 'it does not begin with _acme-challenge. and is no listed target of a CNAME record';
  throw new RenewalFailure('unexpected', `${recordName} is left alone: ${why}. This is a bug`);
}

function expectDigest(value: string): void {
  if (/^[\w-]{1,255}$/.test(value)) return;
  throw new RenewalFailure('unexpected', 'a challenge value is not base64url, so it was not written. This is a bug');
}

/** Waits for all, so that no write is still under way when the caller cleans up after one that failed. */
async function settled<T>(work: readonly Promise<T>[]): Promise<readonly T[]> {
  await Promise.allSettled(work);
  return Promise.all(work);
}
