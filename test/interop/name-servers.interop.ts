import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { setTimeout as passed } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type AuthoritativeServer, createFindServers } from '../../lambdas/dns/authoritative-servers.ts';
import { createAuthoritativeTxt } from '../../lambdas/dns/authoritative-txt.ts';
import { createPublicDns } from '../../lambdas/dns/public-dns.ts';
import { checkCaa } from '../../lambdas/renewal/dns01/check-caa.ts';
import { followCname } from '../../lambdas/renewal/dns01/follow-cname.ts';
import type { TxtLookup } from '../../lambdas/renewal/ports/txt-lookup.ts';
import { publicDnsContract } from '../contracts/public-dns.contract.ts';
import { RECORD_NAME, type ServerState, txtLookupContract, ZONE_NAME } from '../contracts/txt-lookup.contract.ts';
import { FOR_AN_ANSWER, FOR_SILENCE, patienceWith } from '../dns/patience.ts';
import { freePort } from '../sandbox/ports.ts';
import { describeWith } from './second-opinions.ts';
import { type Nsd, type NsdZone, startNsd } from './start-nsd.ts';
import { startUnbound, type Unbound } from './start-unbound.ts';
import { createStops, type Stops } from './stops.ts';

const HOST = '127.0.0.1';
const VALUE = 'LPsIwTo7o8BoG0-vjCyGQGBWSVIPxI-i_X336eUOQZo';

/** Takes queries and answers none. */
async function startSilence(): Promise<{ readonly address: string; stop(): Promise<void> }> {
  const socket = createSocket('udp4').bind(0, HOST);
  await once(socket, 'listening');
  return {
    address: `${HOST}:${socket.address().port}`,
    stop: async () => {
      socket.close();
    },
  };
}

/** Hands everything on to another server, and its answers back only after a while. */
async function startSlow(
  to: string,
  milliseconds: number,
): Promise<{ readonly address: string; stop(): Promise<void> }> {
  const [host, port] = to.split(':');
  const front = createSocket('udp4').bind(0, HOST);
  await once(front, 'listening');
  const late = new Set<NodeJS.Timeout>();
  front.on('message', (query, client) => {
    const back = createSocket('udp4');
    back.once('message', (answer) => {
      back.close();
      late.add(setTimeout(() => front.send(answer, client.port, client.address), milliseconds));
    });
    back.send(query, Number(port), host);
  });
  return {
    address: `${HOST}:${front.address().port}`,
    stop: async () => {
      for (const timer of late) clearTimeout(timer);
      front.close();
    },
  };
}

function txt(name: string, strings: readonly string[]): string {
  return `${name}. 60 IN TXT ${strings.map((string) => `"${string}"`).join(' ')}`;
}

const APEX = `${ZONE_NAME}. 60 IN NS ns-1.example.net.`;

function zonesIn(state: ServerState): readonly NsdZone[] {
  if (state === 'refuses') return [{ name: 'other.example', records: ['other.example. 60 IN NS ns-1.example.net.'] }];
  // It has been told of the zone, and never got its data.
  if (state === 'fails') return [{ name: ZONE_NAME }];
  if (state === 'lame') return [{ name: 'com', records: ['com. 60 IN NS ns-1.example.net.', APEX] }];
  const records = {
    'no such name': [],
    'no such record': [`${RECORD_NAME}. 60 IN A 192.0.2.1`],
    silent: [],
  };
  const own = typeof state === 'object' ? state.records.map((strings) => txt(RECORD_NAME, strings)) : records[state];
  return [{ name: ZONE_NAME, records: [APEX, ...own] }];
}

describeWith(['NSD'], 'NSD, an authoritative server', () => {
  txtLookupContract('The authoritative look-up at it', async (states) => {
    const stops = createStops();
    const servers: AuthoritativeServer[] = [];
    for (const [name, state] of Object.entries(states)) {
      const server = state === 'silent' ? startSilence() : startNsd(HOST, await freePort(), zonesIn(state));
      servers.push({ name, endpoints: [stops.keep(await server).address] });
    }
    return {
      lookup: createAuthoritativeTxt({ ...patienceWith(states), findServers: async () => servers }),
      stop: () => stops.stop(),
    };
  });

  describe('and the authoritative look-up', () => {
    let stops: Stops;
    const waitingAt = (patience: typeof FOR_AN_ANSWER, addresses: readonly string[]): TxtLookup =>
      createAuthoritativeTxt({
        ...patience,
        findServers: async () => addresses.map((address, index) => ({ name: `ns-${index}`, endpoints: [address] })),
      });
    const at = (...addresses: string[]): TxtLookup => waitingAt(FOR_AN_ANSWER, addresses);
    const look = async (lookup: TxtLookup, recordName = RECORD_NAME, zoneName = ZONE_NAME) =>
      (await lookup.look({ recordName, zoneName })).map(({ values, problem }) => problem ?? values?.toSorted());
    const serve = async (...records: string[]): Promise<Nsd> =>
      stops.keep(await startNsd(HOST, await freePort(), [{ name: ZONE_NAME, records: [APEX, ...records] }]));

    beforeEach(() => {
      stops = createStops();
    });
    afterEach(() => stops.stop());

    it('gets by TCP what is too long for UDP', async () => {
      const values = Array.from({ length: 300 }, (_, index) => `${VALUE}-${index}`);
      const { address } = await serve(...values.map((value) => txt(RECORD_NAME, [value])));
      expect(await look(at(address))).toEqual([values.toSorted()]);
    });

    it('follows CNAME records within what a server knows, and takes a loop for no record', async () => {
      const { address } = await serve(
        `_acme-challenge.a.${ZONE_NAME}. 60 IN CNAME _acme-challenge.b.${ZONE_NAME}.`,
        `_acme-challenge.b.${ZONE_NAME}. 60 IN CNAME ${RECORD_NAME}.`,
        txt(RECORD_NAME, [VALUE]),
        `_acme-challenge.x.${ZONE_NAME}. 60 IN CNAME _acme-challenge.y.${ZONE_NAME}.`,
        `_acme-challenge.y.${ZONE_NAME}. 60 IN CNAME _acme-challenge.x.${ZONE_NAME}.`,
      );
      expect(await look(at(address), `_acme-challenge.a.${ZONE_NAME}`)).toEqual([[VALUE]]);
      expect(await look(at(address), `_acme-challenge.x.${ZONE_NAME}`)).toEqual([[]]);
    });

    it('says that a server which only refers to the child is lame for it', async () => {
      const port = await freePort();
      const child = `sub.${ZONE_NAME}`;
      const record = `_acme-challenge.${child}`;
      const delegation = [`${child}. 60 IN NS ns.${child}.`, `ns.${child}. 60 IN A 127.0.0.2`];
      const parent = stops.keep(await startNsd(HOST, port, [{ name: ZONE_NAME, records: [APEX, ...delegation] }]));
      const own = [...delegation, txt(record, [VALUE])];
      const below = stops.keep(await startNsd('127.0.0.2', port, [{ name: child, records: own }]));
      expect(await look(at(parent.address, below.address), record, child)).toEqual([
        `lame: it does not know the zone ${child}`,
        [VALUE],
      ]);
    });

    it('tells a server that is down from one that is slow, and waits for the slow one', async () => {
      const { address } = await serve(txt(RECORD_NAME, [VALUE]));
      const [late, tooLate] = [stops.keep(await startSlow(address, 200)), stops.keep(await startSlow(address, 2_500))];
      const down = `${HOST}:${await freePort()}`;
      expect(await look(waitingAt(FOR_SILENCE, [down, late.address, tooLate.address, address]))).toEqual([
        'connection refused',
        [VALUE],
        'timed out',
        [VALUE],
      ]);
    });

    it('sees a value come and go at the primary server, and later at the one that transfers the zone', async () => {
      const [first, second] = [await freePort(HOST), await freePort('127.0.0.2')];
      const primary = stops.keep(
        await startNsd(HOST, first, [{ name: ZONE_NAME, records: [APEX], secondary: `127.0.0.2@${second}` }]),
      );
      const secondary = stops.keep(
        await startNsd('127.0.0.2', second, [{ name: ZONE_NAME, primary: `${HOST}@${first}` }]),
      );
      const lookup = at(primary.address, secondary.address);
      const until = async (expected: readonly string[]) => {
        const seen = () => look(lookup).then((answers) => JSON.stringify(answers));
        const wanted = JSON.stringify([expected, expected]);
        for (let last = await seen(); last !== wanted; last = await seen()) await passed(100);
      };
      await until([]);
      primary.replace(ZONE_NAME, [APEX, txt(RECORD_NAME, [VALUE.slice(0, 9), VALUE.slice(9)])]);
      await until([VALUE]);
      primary.replace(ZONE_NAME, [APEX]);
      await until([]);
    });
  });
});

/** Zones on NSD, and the resolver that knows where they are. */
interface World {
  readonly nsd: Nsd;
  readonly unbound: Unbound;
  readonly dns: ReturnType<typeof createPublicDns>;
}

async function startWorld(
  zones: ReadonlyMap<string, readonly string[]>,
  stops: Stops,
  patience = FOR_AN_ANSWER,
): Promise<World> {
  const port = await freePort();
  const served = [...zones].map(([name, records]) => ({ name, records }));
  const infrastructure = ['example.net. 60 IN NS ns-1.example.net.', `ns-1.example.net. 60 IN A ${HOST}`];
  const root = { name: '', records: ['. 60 IN NS ns-1.example.net.'] };
  const all = [...served, { name: 'example.net', records: infrastructure }, root];
  const nsd = stops.keep(await startNsd(HOST, port, all));
  const unbound = stops.keep(await startUnbound(Object.fromEntries(all.map(({ name }) => [name, nsd.address]))));
  const findServers = createFindServers({ ...patience, resolvers: [unbound.address], port });
  return { nsd, unbound, dns: createPublicDns({ ...patience, resolvers: [unbound.address], findServers }) };
}

describeWith(['NSD', 'Unbound'], 'NSD, and Unbound, a recursive resolver', () => {
  publicDnsContract('The public DNS at them', async () => {
    const zones = new Map<string, string[]>();
    const stops = createStops();
    let broken = false;
    const put = (name: string, record: string) => {
      const owner = [...zones.keys()].filter((zone) => `.${name}`.endsWith(`.${zone}`));
      const [nearest = ''] = owner.toSorted((a, b) => b.length - a.length);
      zones.get(nearest)?.push(`${name}. 60 IN ${record}`);
    };
    return {
      client: async () => {
        const { nsd, dns } = await startWorld(zones, stops, broken ? FOR_SILENCE : FOR_AN_ANSWER);
        if (broken) await nsd.stop();
        return dns;
      },
      createZone: (name, nameServers) => {
        for (const server of nameServers) put(name, `NS ${server}.`);
        zones.set(
          name,
          nameServers.map((server) => `${name}. 60 IN NS ${server}.`),
        );
      },
      alias: (name, target) => put(name, `CNAME ${target}.`),
      txt: (name, value) => put(name, `TXT "${value}"`),
      caa: (name, flags, tag, value) => put(name, `CAA ${flags} ${tag} "${value}"`),
      address: (name, address) => put(name, `${address.includes(':') ? 'AAAA' : 'A'} ${address}`),
      fail: () => {
        broken = true;
      },
      stop: () => stops.stop(),
    };
  });

  describe('with a challenge’s name that is delegated by itself', () => {
    const name = `_acme-challenge.${ZONE_NAME}`;
    let stops: Stops;
    beforeEach(() => {
      stops = createStops();
    });
    afterEach(() => stops.stop());

    /** The servers of the zone above have no zone of that name. */
    const start = async (patience = FOR_AN_ANSWER) => {
      const delegation = `${name}. 60 IN NS ns-2.example.net.`;
      const parent = stops.keep(
        await startNsd(HOST, await freePort(), [
          { name: ZONE_NAME, records: [APEX, delegation] },
          { name: '', records: ['. 60 IN NS ns-1.example.net.'] },
        ]),
      );
      const child = await startNsd('127.0.0.2', await freePort('127.0.0.2'), [{ name, records: [delegation] }]);
      const unbound = stops.keep(
        await startUnbound({ '': parent.address, [ZONE_NAME]: parent.address, [name]: child.address }),
      );
      const findServers = async () => [{ name: 'ns-1.example.net', endpoints: [parent.address] }];
      return { child, dns: createPublicDns({ ...patience, resolvers: [unbound.address], findServers }) };
    };

    it('the referral is noticed, and the resolver says where it leads', async () => {
      const { child, dns } = await start();
      stops.keep(child);
      expect(await dns.aliasOf(name, ZONE_NAME)).toEqual({ seemsDelegated: true });
      expect(await dns.zoneOf(name)).toEqual({ zoneName: name, nameServers: ['ns-2.example.net'] });
    });

    it('the referral is noticed while nobody answers where it leads', async () => {
      const { child, dns } = await start(FOR_SILENCE);
      await child.stop();
      expect(await dns.aliasOf(name, ZONE_NAME)).toEqual({ seemsDelegated: true });
      expect(await dns.zoneOf(name)).toEqual({ problem: expect.stringContaining(`the name servers of ${name}`) });
    });
  });

  describe('with several zones', () => {
    const stops = createStops();
    let world: World;

    beforeAll(async () => {
      const ns = (name: string) => `${name}. 60 IN NS ns-1.example.net.`;
      world = await startWorld(
        new Map([
          [
            'example.com',
            [
              APEX,
              ns('sub.example.com'),
              'example.com. 60 IN CAA 0 issue "ca.example"',
              'example.com. 60 IN CAA 0 issuewild ";"',
              'www.example.com. 60 IN CNAME www.example.org.',
              '_acme-challenge.a.example.com. 60 IN CNAME _acme-challenge.b.example.com.',
              '_acme-challenge.b.example.com. 60 IN CNAME _acme-challenge.example.org.',
              '_acme-challenge.x.example.com. 60 IN CNAME _acme-challenge.x.example.org.',
            ],
          ],
          ['sub.example.com', [ns('sub.example.com'), 'sub.example.com. 60 IN CAA 128 issue "other.example"']],
          [
            'example.org',
            [
              ns('example.org'),
              'www.example.org. 60 IN CAA 0 issue "third.example; validationmethods=dns-01"',
              '_acme-challenge.x.example.org. 60 IN CNAME _acme-challenge.x.example.com.',
              txt('_acme-challenge.example.org', [VALUE]),
            ],
          ],
        ]),
        stops,
      );
    });
    afterAll(() => stops.stop());

    const follow = (name: string) =>
      followCname(name, true, { dns: world.dns, settings: { cnameTargets: [] } as never });

    it('a chain of CNAME records is followed from zone to zone, and its end is where the value is seen', async () => {
      expect(await follow('_acme-challenge.a.example.com')).toEqual({ recordName: '_acme-challenge.example.org' });
      const port = Number(world.nsd.address.split(':')[1]);
      const findServers = createFindServers({ ...FOR_AN_ANSWER, resolvers: [world.unbound.address], port });
      const lookup = createAuthoritativeTxt({ ...FOR_AN_ANSWER, findServers });
      const record = { recordName: '_acme-challenge.example.org', zoneName: 'example.org' };
      expect(await lookup.look(record)).toEqual([{ server: `ns-1.example.net (${HOST})`, values: [VALUE] }]);
    });

    it('a loop of CNAME records through two zones is noticed', async () => {
      expect(await follow('_acme-challenge.x.example.com')).toEqual({ refused: expect.stringContaining('circle') });
    });

    it('the deeper of two zones is found, whose parent only refers to it', async () => {
      expect(await world.dns.zoneOf('_acme-challenge.www.sub.example.com')).toMatchObject({
        zoneName: 'sub.example.com',
      });
    });

    it.each<[string, string, string | undefined]>([
      ['climbs to the apex', 'a.b.example.com', 'ca.example'],
      ['is refused a wildcard', '*.example.com', 'let no CA issue'],
      ['stops at the nearest records', 'a.sub.example.com', 'other.example'],
      ['reads the records of what an alias leads to', 'www.example.com', 'third.example'],
    ])('the CAA check %s', async (_, name, words) => {
      const session = { directory: async () => ({ meta: { caaIdentities: ['this-ca.example'] } }) };
      const issuer = { accountUrl: 'https://this-ca.example/1', session } as never;
      const { problems } = await checkCaa([name], issuer, { dns: world.dns });
      expect(problems.map(({ sentence }) => sentence).join()).toContain(words);
    });
  });
});
