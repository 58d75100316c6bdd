import { GetChangeCommand, type Route53Client } from '@aws-sdk/client-route-53';
import { canonicalName, isChallengeName } from '../core/dns-name.ts';
import { RenewalFailure } from '../core/failure.ts';
import { expectZoneCovers, type HostedZone, hostedZoneFor } from '../core/hosted-zone.ts';
import type { ChallengeRecord, ChallengeRecords, Presented } from '../renewal/ports/challenge-records.ts';
import { type Clock, systemClock } from '../renewal/ports/clock.ts';
import { awsErrorName, call } from './call.ts';
import { getHostedZone, listHostedZones } from './hosted-zones.ts';
import { addValues, type ChallengeValues, ownRecordSet, removeValues } from './record-set-change.ts';
import { type WriteContext, writeRecordSets } from './record-set-write.ts';

/**
 * Challenge records in Route 53. The account's zones are listed once in the life of what this returns: make one for
 * each run.
 *
 * `present` first assumes that nothing is at the names, `remove` that what `present` left is there, or else our values
 * alone; each costs one request per zone when that is true. `clock` and `random` space the repetitions when several
 * clients write the same record.
 */
export function createRoute53Records(
  client: Route53Client,
  { clock = systemClock, random = Math.random }: { readonly clock?: Clock; readonly random?: () => number } = {},
): ChallengeRecords {
  const context: WriteContext = { client, clock, random };
  const allZones = once(() => listHostedZones(client));
  const zonesById = new Map<string, () => Promise<HostedZone>>();

  const zoneById = (zoneId: string): Promise<HostedZone> => {
    const get = zonesById.get(zoneId) ?? once(() => getHostedZone(client, zoneId));
    zonesById.set(zoneId, get);
    return get();
  };

  return {
    async locate(recordNames, { hostedZoneId } = {}) {
      recordNames.forEach(expectChallengeName);
      if (recordNames.length === 0) return [];
      if (hostedZoneId) {
        const zone = await zoneById(hostedZoneId);
        for (const recordName of recordNames) expectZoneCovers(zone, recordName);
        return recordNames.map((recordName) => ({ recordName, zoneId: zone.zoneId, zoneName: zone.zoneName }));
      }
      const zones = await allZones();
      return recordNames.map((recordName) => {
        const { zoneId, zoneName } = hostedZoneFor(recordName, zones);
        return { recordName, zoneId, zoneName };
      });
    },

    async present(records) {
      const presented = await settled(
        byZone(records).map(async (zone): Promise<readonly Presented[]> => {
          const write = { ...zone, edit: addValues, expectWritable: true };
          const batches = await writeRecordSets(write, new Map(), context);
          return batches.map((batch) => ({ zoneId: zone.zoneId, ...batch }));
        }),
      );
      return presented.flat();
    },

    async inSync(changeId) {
      const command = new GetChangeCommand({ Id: changeId });
      const { ChangeInfo } = await call('route53:GetChange', `change ${changeId}`, () => client.send(command));
      return ChangeInfo?.Status === 'INSYNC';
    },

    async remove(records, presented = []) {
      await settled(
        byZone(records).map(async (zone) => {
          const left = presented.filter(({ zoneId }) => zoneId === zone.zoneId).flatMap(({ recordSets }) => recordSets);
          const believed = new Map(zone.names.map((values) => [values.recordName, ownRecordSet(values)]));
          for (const recordSet of left) believed.set(canonicalName(recordSet.recordName), recordSet);
          try {
            await writeRecordSets({ ...zone, edit: removeValues, expectWritable: false }, believed, context);
          } catch (error) {
            // What was in it is gone as well.
            if (awsErrorName(error) !== 'NoSuchHostedZone') throw error;
          }
        }),
      );
    },
  };
}

interface ZoneValues {
  readonly zoneId: string;
  readonly zoneName: string;
  readonly names: readonly ChallengeValues[];
}

/** The values by zone and canonical name. Throws, before anything is sent, for a record that is none of ours. */
function byZone(records: readonly ChallengeRecord[]): readonly ZoneValues[] {
  for (const { recordName, values } of records) {
    expectChallengeName(recordName);
    values.forEach(expectDigest);
  }
  const zones = Map.groupBy(
    records.filter(({ values }) => values.length > 0),
    ({ zoneId }) => zoneId,
  );
  return [...zones].map(([zoneId, inZone]) => ({
    zoneId,
    zoneName: inZone[0]?.zoneName ?? '',
    names: [...Map.groupBy(inZone, ({ recordName }) => canonicalName(recordName))].map(([recordName, atName]) => ({
      recordName,
      values: [...new Set(atName.flatMap(({ values }) => values))],
    })),
  }));
}

function expectChallengeName(recordName: string): void {
  if (isChallengeName(recordName)) return;
  const why = 'it does not begin with _acme-challenge., and evercert writes nothing else';
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

/** Asks once for all who ask; a failure is not remembered. */
function once<T>(ask: () => Promise<T>): () => Promise<T> {
  let answer: Promise<T> | undefined;
  return () => {
    answer ??= ask().catch((error: unknown) => {
      answer = undefined;
      throw error;
    });
    return answer;
  };
}
