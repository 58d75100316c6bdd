import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createPublicDns } from '../../lambdas/dns/public-dns.ts';
import { publicDnsContract } from '../contracts/public-dns.contract.ts';
import { type NameServer, startNameServer } from '../sandbox/name-server.ts';
import { Route53 } from '../sandbox/route53.ts';
import { FOR_AN_ANSWER } from './patience.ts';

interface World {
  readonly route53: Route53;
  readonly server: NameServer;
  client(): ReturnType<typeof createPublicDns>;
}

async function start(): Promise<World> {
  const route53 = new Route53({ clock: { now: () => 0 } });
  const server = await startNameServer({ route53 });
  const client = () =>
    createPublicDns({
      resolvers: [server.address],
      findServers: async () => [{ name: 'ns-1.example.net', endpoints: [server.address] }],
      ...FOR_AN_ANSWER,
    });
  return { route53, server, client };
}

publicDnsContract('The public DNS', async () => {
  const { route53, server, client } = await start();
  const put = (name: string, type: string, value: string) => {
    const [zone] = route53
      .zones()
      .filter((each) => `${name}.`.endsWith(each.name))
      .toSorted((a, b) => b.name.length - a.name.length);
    route53.put(zone?.id ?? '', { name, type, ttl: 60, values: [value] });
  };
  return {
    client,
    createZone: (name, nameServers) => {
      const { id } = route53.createZone(name, { nameServers });
      // A parent's referral, as the public DNS has it.
      const parent = route53.zones().find((zone) => zone.id !== id && `${name}.`.endsWith(`.${zone.name}`));
      if (parent) route53.put(parent.id, { name, type: 'NS', ttl: 60, values: [...nameServers] });
    },
    alias: (name, target) => put(name, 'CNAME', `${target}.`),
    txt: (name, value) => put(name, 'TXT', `"${value}"`),
    caa: (name, flags, tag, value) => put(name, 'CAA', `${flags} ${tag} "${value}"`),
    address: (name, address) => put(name, address.includes(':') ? 'AAAA' : 'A', address),
    fail: () => {
      server.behaviour = 'servfail';
    },
    stop: () => server.stop(),
  };
});

describe('The public DNS', () => {
  let world: World;
  beforeEach(async () => {
    world = await start();
    world.route53.createZone('example.com');
  });
  afterEach(() => world.server.stop());

  it('says that a zone is delegated to nobody by the top-level domain above', async () => {
    world.route53.delegate('example.com', undefined);
    expect(await world.client().zoneOf('example.com')).toMatchObject({ zoneName: 'com' });
  });

  it('believes no resolver that makes answers up', async () => {
    const { id } = world.route53.createZone('invalid');
    world.route53.put(id, { name: '*.invalid', type: 'A', ttl: 60, values: ['192.0.2.1'] });
    const problem = 'the resolver answers for names that do not exist';
    expect(await world.client().caaAt('example.com')).toEqual({ problem });
    expect(await world.client().zoneOf('example.com')).toEqual({ problem: expect.stringContaining(problem) });
  });

  describe('and a name that is delegated by itself', () => {
    const name = '_acme-challenge.example.com';
    let zoneId: string;
    beforeEach(() => {
      zoneId = world.route53.zones()[0]?.id ?? '';
    });
    const put = (owner: string, type: string, value: string) =>
      world.route53.put(zoneId, { name: owner, type, ttl: 60, values: [value] });

    it('is known by what the servers above refer to, which do not have its zone', async () => {
      put(name, 'NS', 'ns-1.provider.example.');
      expect(await world.client().aliasOf(name, 'example.com')).toEqual({ seemsDelegated: true });
    });

    it('is not one for what a lame server refers to', async () => {
      const com = world.route53.createZone('com').id;
      world.route53.deleteZone(zoneId);
      world.route53.put(com, { name: 'example.com', type: 'NS', ttl: 60, values: ['ns-1.provider.example.'] });
      expect(await world.client().aliasOf(name, 'example.com')).toEqual({});
    });

    it('is not one for a wildcard’s addresses, whatever the resolvers say', async () => {
      put('*.example.com', 'A', '192.0.2.1');
      expect(await world.client().aliasOf(name, 'example.com')).toEqual({});
    });

    it('is not told from a wildcard without addresses until a resolver is asked', async () => {
      put('*.example.com', 'TXT', '"v=spf1 -all"');
      const dns = world.client();
      expect(await dns.aliasOf(name, 'example.com')).toEqual({ seemsDelegated: true });
      expect(await dns.zoneOf(name)).toMatchObject({ zoneName: 'example.com' });
    });
  });

  it('asks each question once', async () => {
    const dns = world.client();
    await Promise.all([dns.zoneOf('www.example.com'), dns.zoneOf('www.example.com'), dns.caaAt('example.com')]);
    await dns.caaAt('example.com');
    const asked = world.server.queries.map(({ name, type }) => `${name} ${type}`);
    expect(asked).toHaveLength(new Set(asked).size);
  });
});
