import type { Resolver } from 'node:dns/promises';
import type { ServerAnswer } from '../core/propagation.ts';
import type { TxtLookup } from '../renewal/ports/txt-lookup.ts';
import { type AuthoritativeServer, type FindServers, newResolver, type QueryOptions } from './authoritative-servers.ts';
import { isAbsent, reasonOf } from './dns-error.ts';

export interface AuthoritativeTxtOptions extends Partial<QueryOptions> {
  /** Asked at each look for the servers of the zone. */
  readonly findServers: FindServers;
}

/** Looks TXT records up at every server of their zone, over UDP and, when an answer is truncated, TCP. */
export function createAuthoritativeTxt(options: AuthoritativeTxtOptions): TxtLookup {
  const { findServers, timeoutMilliseconds = 2_000, attempts = 3 } = options;
  const query: QueryOptions = { timeoutMilliseconds, attempts };
  const resolvers = new Map<string, Resolver>();

  /** One for each endpoint: the look-ups of a hundred names share its socket. */
  const resolverOf = (endpoint: string): Resolver => {
    const resolver = resolvers.get(endpoint) ?? newResolver(query);
    if (!resolvers.has(endpoint)) resolver.setServers([endpoint]);
    resolvers.set(endpoint, resolver);
    return resolver;
  };

  return {
    async look({ recordName, zoneName }) {
      const servers = await findServers(zoneName);
      const endpoints = [...new Set(servers.flatMap((server) => server.endpoints))];
      const answers = new Map(
        await Promise.all(
          endpoints.map(async (endpoint) => [endpoint, await ask(resolverOf(endpoint), recordName, zoneName)] as const),
        ),
      );
      return report(servers, answers);
    },
  };
}

type Answer = Pick<ServerAnswer, 'values' | 'problem'>;

/**
 * A server without the record is asked whether it knows the zone at all: one that refers to others instead is lame, and no
 * resolver of a CA would believe it either.
 */
async function ask(resolver: Resolver, recordName: string, zoneName: string): Promise<Answer> {
  try {
    const records = await resolver.resolveTxt(recordName);
    return { values: records.map((strings) => strings.join('')) };
  } catch (error) {
    if (!isAbsent(error)) return { values: undefined, problem: reasonOf(error) };
  }
  const knowsZone = await resolver.resolveSoa(zoneName).then(
    () => true,
    (error: unknown) => !isAbsent(error),
  );
  return knowsZone ? { values: [] } : { values: undefined, problem: `lame: it does not know the zone ${zoneName}` };
}

/**
 * One answer for each address that gave one. A server's unreachable addresses are left out if another one of it
 * answered: a Lambda function has no IPv6 unless its VPC has. An address that several servers share is told of once.
 */
function report(
  servers: readonly AuthoritativeServer[],
  answers: ReadonlyMap<string, Answer>,
): readonly ServerAnswer[] {
  const told = new Set<string>();
  return servers.flatMap(({ name, endpoints, problem = 'it has no address' }): ServerAnswer[] => {
    const asked = endpoints.map((endpoint) => ({ endpoint, ...answers.get(endpoint) }));
    const answered = asked.filter(({ values }) => values !== undefined);
    const reported = answered.length > 0 ? answered : asked;
    if (reported.length === 0) return [{ server: name, values: undefined, problem }];
    return reported
      .filter(({ endpoint }) => !told.has(endpoint) && told.add(endpoint))
      .map(({ endpoint, values, problem: why }) => ({
        server: `${name} (${withoutPort(endpoint)})`,
        values,
        ...(why !== undefined && { problem: why }),
      }));
  });
}

function withoutPort(endpoint: string): string {
  return endpoint.replace(/:\d+$/, '').replace(/^\[|\]$/g, '');
}
