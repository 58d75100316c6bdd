import { type AssumedRole, accountOf } from '../core/dns-role.ts';
import { MINUTE } from '../core/duration.ts';
import type { HostedZone } from '../core/hosted-zone.ts';
import type { Clock } from '../renewal/ports/clock.ts';
import type { DnsAccounts } from './dns-accounts.ts';
import { getHostedZone, listHostedZones } from './hosted-zones.ts';

/** Answers of Route 53 about zones, which the runs of one process share. */
export type KnownZones = Map<string, { readonly at: number; readonly answer: Promise<unknown> }>;

/** So old may an answer be that another run of the process got. */
const FRESH = 5 * MINUTE;

export interface ZoneDirectory {
  /** All zones of an account. `again` asks unless this run has asked itself. */
  list(role: AssumedRole | undefined, options?: { readonly again?: boolean }): Promise<readonly HostedZone[]>;
  /** One zone with its delegation set. Throws `no-hosted-zone`. */
  get(zoneId: string, role: AssumedRole | undefined): Promise<HostedZone>;
}

/** Asks once for all who ask within five minutes; a failure is not remembered. */
export function createZoneDirectory(accounts: DnsAccounts, clock: Clock, known: KnownZones): ZoneDirectory {
  const own = new Set<string>();

  const once = async <T>(key: string, ask: () => Promise<T>, again = false): Promise<T> => {
    const entry = known.get(key);
    const usable = entry && clock.now() < entry.at + FRESH && (own.has(key) || !again);
    if (usable) return entry.answer as Promise<T>;
    own.add(key);
    const answer = ask();
    known.set(key, { at: clock.now(), answer });
    answer.catch(() => {
      if (known.get(key)?.answer === answer) known.delete(key);
    });
    return answer;
  };

  return {
    list: (role, { again = false } = {}) =>
      once(keyOf('zones', role), async () => listHostedZones(await accounts.route53(role), accountOf(role)), again),
    get: (zoneId, role) =>
      once(keyOf(zoneId, role), async () => getHostedZone(await accounts.route53(role), zoneId, accountOf(role))),
  };
}

function keyOf(what: string, role: AssumedRole | undefined): string {
  return JSON.stringify([what, role?.roleArn, role?.externalId]);
}
