import { type AssumedRole, rolesFor, sameRole } from '../../core/dns-role.ts';
import { isRenewalFailure, RenewalFailure } from '../../core/failure.ts';
import { zonesCovering } from '../../core/hosted-zone.ts';
import type { Attempt } from '../attempt.ts';
import type { FoundZone } from '../claim/pending.ts';
import type { LocateOptions, RecordPlace } from '../ports/challenge-records.ts';
import { isNoAnswer } from '../ports/public-dns.ts';
import type { Run } from '../run.ts';
import { liveServersAmong } from './live-servers.ts';

/** A challenge's name, and where CNAME records lead from there. */
export interface Target {
  readonly challengeName: string;
  readonly recordName: string;
  /** The record's name seems to be a zone of its own. */
  readonly seemsDelegated?: boolean;
}

/** Where the challenge of a name is answered. Plain data: it crosses steps. */
export interface ChallengePlace extends RecordPlace {
  readonly challengeName: string;
}

/**
 * The hosted zone of each target: among `known` ones, or by asking the accounts that may have it. Throws `no-hosted-zone` that
 * names the record, and the CNAME record that led there.
 */
export async function locatePlaces(
  targets: readonly Target[],
  known: readonly FoundZone[],
  { spec: { dns } }: Pick<Attempt, 'spec'>,
  run: Run,
): Promise<readonly ChallengePlace[]> {
  const certificateRole = dns.roleArn === undefined ? undefined : { roleArn: dns.roleArn, externalId: dns.externalId };
  return Promise.all(
    targets.map(async ({ challengeName, recordName }) => {
      const followed = recordName !== challengeName;
      const roles = rolesFor(recordName, run.settings.dnsRoles, certificateRole, followed);
      const zone =
        knownZone(recordName, roles, known, dns.hostedZoneId) ??
        (await locateIn(roles, { challengeName, recordName }, dns, run));
      return { ...zone, challengeName };
    }),
  );
}

function knownZone(
  recordName: string,
  roles: readonly (AssumedRole | undefined)[],
  known: readonly FoundZone[],
  hostedZoneId: string | undefined,
): RecordPlace | undefined {
  const usable = known.filter(
    ({ zoneId, role }) =>
      (hostedZoneId === undefined || zoneId === hostedZoneId) && roles.some((allowed) => sameRole(allowed, role)),
  );
  const [zone, ...others] = zonesCovering(
    recordName,
    usable.map((found) => ({ ...found, privateZone: false })),
  );
  if (!zone || others.length > 0) return undefined;
  const { zoneId, zoneName, role } = usable.find((found) => found.zoneId === zone.zoneId) ?? {};
  return zoneId && zoneName ? { recordName, zoneId, zoneName, ...(role ? { role } : {}) } : undefined;
}

/** In the first account that has a zone. */
async function locateIn(
  roles: readonly (AssumedRole | undefined)[],
  { challengeName, recordName }: Target,
  { hostedZoneId }: Attempt['spec']['dns'],
  run: Run,
): Promise<RecordPlace> {
  let nowhere: unknown;
  for (const role of roles) {
    try {
      return await run.records.locate(recordName, { hostedZoneId, role, liveServers: liveServersOf(run) });
    } catch (error) {
      if (!isRenewalFailure(error) || error.code !== 'no-hosted-zone') throw error;
      nowhere ??= error;
    }
  }
  throw challengeName === recordName ? nowhere : ledAstray(nowhere, challengeName, recordName);
}

function liveServersOf({ dns }: Run): LocateOptions['liveServers'] {
  return async (zoneName, known) => {
    const live = await dns.zoneOf(zoneName);
    if (isNoAnswer(live) || live.zoneName !== zoneName) return undefined;
    const servers = await liveServersAmong(known, live.nameServers, dns);
    return isNoAnswer(servers) ? undefined : servers;
  };
}

function ledAstray(cause: unknown, challengeName: string, recordName: string): RenewalFailure {
  const why = isRenewalFailure(cause) ? `: ${cause.message}` : '';
  return new RenewalFailure(
    'cname-refused',
    `the CNAME record at ${challengeName} leads to ${recordName}, which is in no zone that evercert manages, so nothing is published there. Delete it, or let it lead into a zone that is managed${why}`,
    { cause },
  );
}
