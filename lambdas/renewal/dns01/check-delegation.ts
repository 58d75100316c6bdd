import { judgeDelegation } from '../../core/delegation.ts';
import { canonicalName, parentName } from '../../core/dns-name.ts';
import { messageOf } from '../../core/failure.ts';
import type { FoundZone } from '../claim/pending.ts';
import type { RecordPlace } from '../ports/challenge-records.ts';
import { isNoAnswer } from '../ports/public-dns.ts';
import type { Run } from '../run.ts';
import { allFindings, type Findings, NOTHING_FOUND } from './dns-findings.ts';
import { liveServersAmong } from './live-servers.ts';

export interface CheckedZones {
  /** The zones with their delegation sets, where those could be read. */
  readonly zones: readonly FoundZone[];
  readonly findings: Findings;
}

/**
 * Whether each record is in a zone that the world asks. `known` zones' delegation sets are taken as they are; of others
 * they are asked, which costs a call for each zone. `delegated` are the records' names that exist and seem to be zones of their
 * own.
 */
export async function checkDelegation(
  places: readonly RecordPlace[],
  known: readonly FoundZone[],
  delegated: ReadonlySet<string>,
  run: Pick<Run, 'dns' | 'records'>,
): Promise<CheckedZones> {
  const distinct = [...new Map(places.map((place) => [place.zoneId, place])).values()];
  const described = await Promise.all(distinct.map((zone) => describe(zone, known, run)));
  const zones = described.flatMap(({ zone }) => zone ?? []);
  const found = await Promise.all(
    places.map(async (place): Promise<Findings> => {
      const { nameServers } = zones.find(({ zoneId }) => zoneId === place.zoneId) ?? {};
      return nameServers ? checkOne(place, nameServers, delegated.has(place.recordName), run) : NOTHING_FOUND;
    }),
  );
  return { zones, findings: allFindings([...described.map(({ findings }) => findings), ...found]) };
}

async function describe(
  { zoneId, zoneName, role }: RecordPlace,
  known: readonly FoundZone[],
  { records }: Pick<Run, 'records'>,
): Promise<{ readonly zone?: FoundZone; readonly findings: Findings }> {
  const before = known.find((zone) => zone.zoneId === zoneId);
  if (before) return { zone: before, findings: NOTHING_FOUND };
  try {
    const nameServers = [...(await records.nameServers({ zoneId, role }))];
    return { zone: { zoneId, zoneName, nameServers, role }, findings: NOTHING_FOUND };
  } catch (error) {
    const why = `the delegation of ${zoneName} (${zoneId}) could not be checked: ${messageOf(error)}`;
    return { findings: { problems: [], notes: [why] } };
  }
}

async function checkOne(
  place: RecordPlace,
  nameServers: readonly string[],
  seemsDelegated: boolean,
  { dns }: Pick<Run, 'dns'>,
): Promise<Findings> {
  const recordName = canonicalName(place.recordName);
  // A challenge's own name is asked of resolvers only where it is a zone, or seems to be one: then it exists.
  const isOurs = recordName === place.zoneName;
  const live = await dns.zoneOf(isOurs || seemsDelegated ? recordName : parentName(recordName));
  if (isNoAnswer(live) && seemsDelegated && !isOurs) {
    const why = `${recordName} seems to be delegated by NS records of its own in ${place.zoneName}, to servers that could not be found, so that no CA would see a TXT record there: ${live.problem}`;
    return allFindings([{ problems: [], notes: [why] }, await checkOne(place, nameServers, false, { dns })]);
  }
  if (isNoAnswer(live)) {
    return { problems: [], notes: [`the delegation of ${place.zoneName} could not be checked: ${live.problem}`] };
  }
  const servers =
    live.zoneName === place.zoneName ? await liveServersAmong(nameServers, live.nameServers, dns) : live.nameServers;
  if (isNoAnswer(servers)) {
    return { problems: [], notes: [`the delegation of ${place.zoneName} could not be checked: ${servers.problem}`] };
  }
  const judged = judgeDelegation(recordName, place, nameServers, { ...live, nameServers: servers });
  if (judged.kind === 'delegated') return NOTHING_FOUND;
  if (judged.kind === 'unclear') return { problems: [], notes: [judged.sentence] };
  return { problems: [{ code: 'zone-not-delegated', sentence: judged.sentence }], notes: [] };
}
