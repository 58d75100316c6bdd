import { Resolver } from 'node:dns/promises';
import { afterEach, describe, expect, it } from '@jest/globals';
import { createFindServers, rememberServers } from '../../lambdas/dns/authoritative-servers.ts';
import { createAuthoritativeTxt } from '../../lambdas/dns/authoritative-txt.ts';
import { RECORD_NAME, type ServerState, txtLookupContract, ZONE_NAME } from '../contracts/txt-lookup.contract.ts';
import { type NameServer, startNameServer } from '../sandbox/name-server.ts';
import { recordSetKey } from '../sandbox/route53-change-batch.ts';
import { FOR_AN_ANSWER, FOR_SILENCE, patienceWith } from './patience.ts';

const VALUE = 'LPsIwTo7o8BoG0-vjCyGQGBWSVIPxI-i_X336eUOQZo';

const started: NameServer[] = [];
afterEach(async () => {
  for (const server of started.splice(0)) await server.stop();
});

/** A server of `example.com` on a port of its own, that is a resolver for the names in `nameServers` as well. */
async function serve(state: ServerState, nameServers: readonly string[] = ['ns-1.example.net']): Promise<NameServer> {
  const base = { ttl: 60, name: `${ZONE_NAME}.` };
  const sets = [
    { ...base, type: 'NS', values: nameServers.map((name) => `${name}.`) },
    { ...base, type: 'SOA', values: ['ns-1.example.net. hostmaster.example.net. 1 7200 900 1209600 86400'] },
    ...(state === 'no such record' ? [{ ...base, name: `${RECORD_NAME}.`, type: 'A', values: ['192.0.2.1'] }] : []),
    ...(typeof state === 'object' && state.records.length > 0
      ? [{ ...base, name: `${RECORD_NAME}.`, type: 'TXT', values: state.records.map(quote) }]
      : []),
  ];
  const records = new Map(sets.map((set) => [recordSetKey(set), set]));
  const server = await startNameServer({
    route53: {
      settings: { nameServers: nameServers.filter((name) => !name.startsWith('lost')) },
      // A lame server knows of the zone only that others have it.
      served: () => [{ name: state === 'lame' ? 'com.' : `${ZONE_NAME}.`, records }],
    },
  });
  server.behaviour = BEHAVIOUR[String(state)] ?? 'normal';
  started.push(server);
  return server;
}

const BEHAVIOUR: Readonly<Record<string, NameServer['behaviour']>> = {
  silent: 'silent',
  refuses: 'refuse',
  fails: 'servfail',
};

function quote(strings: readonly string[]): string {
  return strings.map((string) => `"${string}"`).join(' ');
}

txtLookupContract('The authoritative look-up', async (states) => {
  const servers = await Promise.all(
    Object.entries(states).map(async ([name, state]) => ({ name, endpoints: [(await serve(state)).address] })),
  );
  return {
    lookup: createAuthoritativeTxt({ ...patienceWith(states), findServers: async () => servers }),
    stop: async () => undefined,
  };
});

describe('The authoritative look-up', () => {
  const record = { recordName: RECORD_NAME, zoneName: ZONE_NAME };
  /** The servers are found by the resolvers, as in a run, and listen on the port of `authoritative`. */
  const lookUpAt = (authoritative: NameServer, resolvers: readonly NameServer[], patience = FOR_AN_ANSWER) => {
    const { port } = authoritative;
    const addresses = resolvers.map(({ address }) => address);
    const findServers = rememberServers(createFindServers({ ...patience, resolvers: addresses, port }));
    return createAuthoritativeTxt({ ...patience, findServers });
  };
  const through = (resolver: NameServer, patience = FOR_AN_ANSWER) => lookUpAt(resolver, [resolver], patience);

  it('finds the servers of the zone through the resolvers', async () => {
    const server = await serve({ records: [[VALUE]] });
    expect(await through(server).look(record)).toEqual([{ server: 'ns-1.example.net (127.0.0.1)', values: [VALUE] }]);
  });

  it('asks an address that several servers share once', async () => {
    const server = await serve({ records: [[VALUE]] }, ['ns-1.example.net', 'ns-2.example.net']);
    expect(await through(server).look(record)).toEqual([{ server: 'ns-1.example.net (127.0.0.1)', values: [VALUE] }]);
    expect(server.queries.filter(({ type }) => type === 'TXT')).toHaveLength(1);
  });

  it('looks the servers up once, but never remembers an answer', async () => {
    const server = await serve({ records: [[VALUE]] });
    const lookup = through(server);
    for (let look = 0; look < 3; look += 1) await lookup.look(record);
    expect(server.queries.filter(({ type }) => type === 'NS')).toHaveLength(1);
    expect(server.queries.filter(({ type }) => type === 'TXT')).toHaveLength(3);
  });

  it('asks no resolver for the record itself', async () => {
    const resolver = await serve('no such name');
    const authoritative = await serve({ records: [[VALUE]] });
    const lookup = lookUpAt(authoritative, [resolver]);
    expect((await lookup.look(record))[0]?.values).toEqual([VALUE]);
    expect(resolver.queries.map(({ name, type }) => `${name} ${type}`).toSorted()).toEqual([
      'example.com NS',
      'ns-1.example.net A',
      'ns-1.example.net AAAA',
    ]);
  });

  it('asks again over TCP when an answer is truncated', async () => {
    const server = await serve({ records: Array.from({ length: 40 }, (_, index) => [`${VALUE}-${index}`]) });
    const [answer] = await through(server).look(record);
    expect(answer?.values).toHaveLength(40);
    expect(server.queries.filter(({ type }) => type === 'TXT').map(({ transport }) => transport)).toEqual([
      'udp',
      'tcp',
    ]);
  });

  it('goes on when the address of one server can not be found', async () => {
    const server = await serve({ records: [[VALUE]] }, ['lost.example.org', 'ns-1.example.net']);
    expect(await through(server).look(record)).toEqual([
      { server: 'lost.example.org', values: undefined, problem: "its address can't be found: REFUSED" },
      { server: 'ns-1.example.net (127.0.0.1)', values: [VALUE] },
    ]);
  });

  it('goes on to the next resolver when one is silent', async () => {
    const server = await serve({ records: [[VALUE]] });
    const silent = await serve('silent');
    const lookup = lookUpAt(server, [silent, server], FOR_SILENCE);
    expect((await lookup.look(record))[0]?.values).toEqual([VALUE]);
  });

  it.each(['silent', 'fails', 'refuses'] as const)(
    'gives an empty list when the resolver %s, and asks it again',
    async (state) => {
      const server = await serve(state);
      const lookup = through(server, state === 'silent' ? FOR_SILENCE : FOR_AN_ANSWER);
      expect(await lookup.look(record)).toEqual([]);
      server.behaviour = 'normal';
      expect(await lookup.look(record)).toEqual([{ server: 'ns-1.example.net (127.0.0.1)', values: [] }]);
    },
  );

  it('counts a server as reached when one of its addresses answers', async () => {
    const [useful, silent] = [await serve({ records: [[VALUE]] }), await serve('silent')];
    const endpoints = ['[::1]:1', silent.address, useful.address];
    const findServers = async () => [{ name: 'ns-1.example.net', endpoints }];
    expect(await createAuthoritativeTxt({ ...FOR_SILENCE, findServers }).look(record)).toEqual([
      { server: 'ns-1.example.net (127.0.0.1)', values: [VALUE] },
    ]);
  });

  it('tells of each address when a server is unreachable at all of them', async () => {
    const endpoints = ['[::1]:1', (await serve('silent')).address];
    const findServers = async () => [{ name: 'ns-1.example.net', endpoints }];
    const answers = await createAuthoritativeTxt({ ...FOR_SILENCE, findServers }).look(record);
    expect(answers.map(({ server }) => server)).toEqual(['ns-1.example.net (::1)', 'ns-1.example.net (127.0.0.1)']);
    expect(answers.map(({ values }) => values)).toEqual([undefined, undefined]);
    expect(answers[1]?.problem).toBe('timed out');
  });

  it('reports addresses that answer differently, each by itself', async () => {
    const endpoints = [(await serve({ records: [[VALUE]] })).address, (await serve('no such name')).address];
    const findServers = async () => [{ name: 'ns-1.example.net', endpoints }];
    const answers = await createAuthoritativeTxt({ ...FOR_AN_ANSWER, findServers }).look(record);
    expect(answers.map(({ values }) => values)).toEqual([[VALUE], []]);
  });
});

describe('node:dns', () => {
  it('does not remember what it was told, although c-ares can', async () => {
    const server = await serve({ records: [[VALUE]] });
    const resolver = new Resolver({ timeout: FOR_AN_ANSWER.timeoutMilliseconds, tries: 1 });
    resolver.setServers([server.address]);
    await resolver.resolveTxt(RECORD_NAME);
    await resolver.resolveTxt(RECORD_NAME);
    expect(server.queries).toHaveLength(2);
  });

  it('asks without EDNS (RFC 6891), so that what is longer than 512 bytes comes over TCP', async () => {
    const server = await serve({ records: Array.from({ length: 12 }, (_, index) => [`${VALUE}-${index}`]) });
    const resolver = new Resolver({ timeout: FOR_AN_ANSWER.timeoutMilliseconds, tries: 1 });
    resolver.setServers([server.address]);
    expect(await resolver.resolveTxt(RECORD_NAME)).toHaveLength(12);
    expect(server.queries.map(({ transport }) => transport)).toEqual(['udp', 'tcp']);
  });
});
