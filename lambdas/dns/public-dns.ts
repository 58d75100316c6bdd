import type { Resolver } from 'node:dns/promises';
import type { CaaRecord } from '../core/caa.ts';
import type { LiveZone } from '../core/delegation.ts';
import { canonicalName, parentName } from '../core/dns-name.ts';
import { type Alias, isNoAnswer, type NoAnswer, type PublicDns } from '../renewal/ports/public-dns.ts';
import { type FindServers, newResolver, type QueryOptions } from './authoritative-servers.ts';
import { isAbsent, isNoData, isNoName, reasonOf } from './dns-error.ts';

export interface PublicDnsOptions {
  /** `host:port` of recursive resolvers; the system's when left out. */
  readonly resolvers?: readonly string[];
  /** Finds the servers that are asked for aliases. */
  readonly findServers: FindServers;
  readonly timeoutMilliseconds?: number;
  readonly attempts?: number;
}

/** RFC 6761, section 6.4: no such name exists, so that a resolver that knows it makes answers up. */
const NO_SUCH_NAME = 'evercert-probe.invalid';

/** Beside or below the name that is asked about: only a wildcard answers here, or refers to others. */
const PROBE = '_evercert-wildcard-probe';

/**
 * Asks recursive resolvers for delegations and CAA records, and the servers of a zone for aliases. Each question is asked
 * once in the life of what this returns.
 */
export function createPublicDns(options: PublicDnsOptions): PublicDns {
  const { resolvers, findServers, timeoutMilliseconds = 1_500, attempts = 2 } = options;
  const query: QueryOptions = { timeoutMilliseconds, attempts };
  const resolver = newResolver(query);
  if (resolvers) resolver.setServers(resolvers);

  const isHonest = remembered(async (_probe: string) => {
    const made = await resolver.resolve4(NO_SUCH_NAME).catch((): string[] => []);
    return made.length === 0;
  });
  const ask = async <T>(question: (asked: Resolver) => Promise<T[]>): Promise<readonly T[] | NoAnswer> => {
    const [answer, honest] = await Promise.all([answerOf(question(resolver)), isHonest(NO_SUCH_NAME)]);
    return honest ? answer : { problem: 'the resolver answers for names that do not exist' };
  };

  /** None where the name is an alias: the NS records are then its target's. */
  const nameServersAt = remembered(async (name: string): Promise<readonly string[] | NoAnswer> => {
    const servers = await ask((asked) => asked.resolveNs(name));
    if (isNoAnswer(servers) || servers.length === 0) return servers;
    const aliases = await ask((asked) => asked.resolveCname(name));
    if (isNoAnswer(aliases)) return aliases;
    return aliases.length > 0 ? [] : servers.map(canonicalName);
  });

  const zoneOf = remembered(async (name: string): Promise<LiveZone | NoAnswer> => {
    for (let zoneName = canonicalName(name); zoneName !== ''; zoneName = parentName(zoneName)) {
      const nameServers = await nameServersAt(zoneName);
      if (isNoAnswer(nameServers))
        return { problem: `asked for the name servers of ${zoneName}: ${nameServers.problem}` };
      if (nameServers.length > 0) return { zoneName, nameServers };
    }
    return { problem: `no part of ${name} has name servers` };
  });

  const askServers = async (name: string, zoneName: string): Promise<Alias | NoAnswer> => {
    const servers = await findServers(zoneName);
    const problems: string[] = [];
    for (const endpoint of new Set(servers.flatMap(({ endpoints }) => endpoints))) {
      const server = newResolver(query);
      server.setServers([endpoint]);
      try {
        const [target = ''] = (await server.resolveCname(name)).map(canonicalName);
        const [other] = await server.resolveCname(`${PROBE}.${parentName(name)}`).catch((): string[] => []);
        return { target, synthesized: other !== undefined && canonicalName(other) === target };
      } catch (error) {
        if (isNoName(error)) return {};
        if (isNoData(error)) return (await seemsDelegated(name, zoneName, server)) ? { seemsDelegated: true } : {};
        problems.push(`${endpoint}: ${reasonOf(error)}`);
      }
    }
    return { problem: problems.join('; ') || `the servers of ${zoneName} could not be found` };
  };

  const addressesOf = remembered(async (name: string) => {
    const found = await Promise.all([ask((asked) => asked.resolve4(name)), ask((asked) => asked.resolve6(name))]);
    const addresses = found.flatMap((answer) => (isNoAnswer(answer) ? [] : answer));
    return addresses.length > 0 ? { addresses } : (found.find(isNoAnswer) ?? { addresses });
  });

  return {
    zoneOf,
    addressesOf,
    aliasOf: (name, zoneName) => askServers(canonicalName(name), zoneName),
    caaAt: remembered(async (name: string) => {
      const found = await ask(async (asked) => (await asked.resolveCaa(name)) as CaaAnswer[]);
      return isNoAnswer(found) ? found : { records: found.map(caaRecord) };
    }),
  };
}

/**
 * Whether a server of the zone above answers as it does for a name that is a zone of its own. `node:dns` takes its referral for
 * NODATA, which it also gets where there are other records, or only names below. But a referral is for everything below the
 * name as well, where otherwise nothing exists. A server that has both zones refers to nobody: it gives the SOA record. One
 * that does not know the zone above is lame, and may refer to others whatever it is asked.
 *
 * A wildcard without addresses can't be told from a delegation like this.
 */
async function seemsDelegated(name: string, zoneName: string, server: Resolver): Promise<boolean> {
  const [above, own, below] = await Promise.allSettled([
    server.resolveSoa(zoneName),
    server.resolveSoa(name),
    server.resolve4(`${PROBE}.${name}`),
  ]);
  if (above.status === 'rejected') return false;
  return own.status === 'fulfilled' || (below.status === 'rejected' && isNoData(below.reason));
}

/** As Node has it: the flags, and the value under its tag, which may be `critical` too. */
interface CaaAnswer {
  readonly critical: number | string;
  readonly [tag: string]: string | number;
}

function caaRecord({ critical, type: _type, ...rest }: CaaAnswer): CaaRecord {
  // A property of that name takes the place of the flags; a CA says whether it is critical.
  if (typeof critical !== 'number') return { flags: 0, tag: 'critical', value: critical };
  const [tag = '', value = ''] = Object.entries(rest)[0] ?? [];
  return { flags: critical, tag, value: String(value) };
}

async function answerOf<T>(asked: Promise<T[]>): Promise<readonly T[] | NoAnswer> {
  try {
    return await asked;
  } catch (error) {
    return isAbsent(error) ? [] : { problem: reasonOf(error) };
  }
}

function remembered<T>(ask: (name: string) => Promise<T>): (name: string) => Promise<T> {
  const known = new Map<string, Promise<T>>();
  return (name) => {
    const answer = known.get(name) ?? ask(name);
    known.set(name, answer);
    return answer;
  };
}
