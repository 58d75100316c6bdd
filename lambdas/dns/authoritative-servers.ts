import { Resolver } from 'node:dns/promises';
import { isIPv6 } from 'node:net';
import { isAbsent, reasonOf } from './dns-error.ts';

/** The root has thirteen; registries refuse more. Two records of 64 KiB would otherwise make us ask thousands of hosts. */
const MOST_SERVERS = 32;
/** Of one server and one kind. */
const MOST_ADDRESSES = 4;

/** A name server of a zone, and where it can be asked. */
export interface AuthoritativeServer {
  readonly name: string;
  /** `address:port`, IPv6 addresses in brackets; none when its addresses could not be found. */
  readonly endpoints: readonly string[];
  /** Why there are no endpoints. */
  readonly problem?: string;
}

/** Finds the servers of a zone; an empty list when nobody knows them. Never throws. */
export type FindServers = (zoneName: string) => Promise<readonly AuthoritativeServer[]>;

export interface QueryOptions {
  /** How long one query may take before it is repeated. */
  readonly timeoutMilliseconds: number;
  /** How often one server is asked. */
  readonly attempts: number;
}

/**
 * Asks recursive resolvers for the zone's NS record set and for the addresses of each server. They are asked for
 * nothing else, so they never learn that a challenge's record does not exist yet (RFC 2308).
 *
 * `resolvers` are `host:port`; without them, the system's. `port` is where the authoritative servers listen.
 */
export function createFindServers(
  options: Partial<QueryOptions> & { readonly resolvers?: readonly string[]; readonly port: number },
): FindServers {
  const { timeoutMilliseconds = 2_000, attempts = 3 } = options;
  const resolver = newResolver({ timeoutMilliseconds, attempts });
  if (options.resolvers) resolver.setServers(options.resolvers);

  return async (zoneName) => {
    const names = await resolver.resolveNs(zoneName).catch((): string[] => []);
    return Promise.all(
      names
        .toSorted()
        .slice(0, MOST_SERVERS)
        .map(async (name) => {
          const found = await Promise.allSettled([resolver.resolve4(name), resolver.resolve6(name)]);
          const addresses = found.flatMap((result) =>
            result.status === 'fulfilled' ? result.value.slice(0, MOST_ADDRESSES) : [],
          );
          const endpoints = addresses.map((address) => endpointOf(address, options.port));
          return { name, endpoints, ...(endpoints.length === 0 && { problem: addressProblem(found) }) };
        }),
    );
  };
}

/** Looks the servers of a zone up once; a failure is not worth remembering, because resolvers recover. */
export function rememberServers(findServers: FindServers): FindServers {
  const known = new Map<string, Promise<readonly AuthoritativeServer[]>>();
  return async (zoneName) => {
    const finding = known.get(zoneName) ?? findServers(zoneName);
    known.set(zoneName, finding);
    const servers = await finding;
    if (servers.every(({ endpoints }) => endpoints.length === 0)) known.delete(zoneName);
    return servers;
  };
}

/** A resolver that tells what it is told: c-ares as Node sets it up caches nothing. */
export function newResolver({ timeoutMilliseconds, attempts }: QueryOptions): Resolver {
  // Without maxTimeout each repetition would wait twice as long as the one before.
  return new Resolver({ timeout: timeoutMilliseconds, maxTimeout: timeoutMilliseconds, tries: attempts });
}

function endpointOf(address: string, port: number): string {
  return isIPv6(address) ? `[${address}]:${port}` : `${address}:${port}`;
}

function addressProblem(found: readonly PromiseSettledResult<unknown>[]): string {
  const reasons = found.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []));
  const failure = reasons.find((reason) => !isAbsent(reason));
  return failure === undefined ? 'it has no address' : `its address can't be found: ${reasonOf(failure)}`;
}
