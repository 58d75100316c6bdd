import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { PublicDns } from '../../lambdas/renewal/ports/public-dns.ts';

/** The public DNS, as far as a test writes it; the zone `example.com` is there with `ns-1.example.net`. */
export interface PublicDnsWorld {
  /** Of the world as it is written at this moment. */
  client(): PublicDns | Promise<PublicDns>;
  createZone(name: string, nameServers: readonly string[]): void;
  /** `*.` in front of a name makes a wildcard. */
  alias(name: string, target: string): void;
  txt(name: string, value: string): void;
  caa(name: string, flags: number, tag: string, value: string): void;
  address(name: string, address: string): void;
  /** From now on nobody answers of any use. */
  fail(): void;
  stop(): Promise<void>;
}

const NAME = '_acme-challenge.www.example.com';

/** What every `PublicDns` promises. */
export function publicDnsContract(name: string, start: () => Promise<PublicDnsWorld>): void {
  describe(`${name} keeps the contract of PublicDns`, () => {
    let world: PublicDnsWorld;

    beforeEach(async () => {
      world = await start();
      world.createZone('example.com', ['ns-1.example.net']);
    });
    afterEach(() => world.stop());

    it('finds the zone at a name or above it', async () => {
      world.createZone('sub.example.com', ['ns-2.example.net']);
      const dns = await world.client();
      const example = { zoneName: 'example.com', nameServers: ['ns-1.example.net'] };
      expect(await dns.zoneOf('example.com')).toEqual(example);
      expect(await dns.zoneOf('a.b.example.com')).toEqual(example);
      expect(await dns.zoneOf('A.SUB.example.com')).toMatchObject({ zoneName: 'sub.example.com' });
    });

    it('takes the servers of an alias’s target for none of its own', async () => {
      world.createZone('cdn.example.org', ['ns-9.example.net']);
      world.alias('www.example.com', 'cdn.example.org');
      expect(await (await world.client()).zoneOf('www.example.com')).toMatchObject({ zoneName: 'example.com' });
    });

    it('tells where an alias leads, and that there is none', async () => {
      expect(await (await world.client()).aliasOf(NAME, 'example.com')).toEqual({});
      world.alias(NAME, 'target.example.org');
      expect(await (await world.client()).aliasOf(NAME, 'example.com')).toEqual({
        target: 'target.example.org',
        synthesized: false,
      });
    });

    it('tells an alias of its own from a wildcard’s', async () => {
      world.alias('*.www.example.com', 'lb.example.org');
      expect(await (await world.client()).aliasOf(NAME, 'example.com')).toEqual({
        target: 'lb.example.org',
        synthesized: true,
      });
    });

    it('tells that a name is a zone of its own, of which the servers can then be asked', async () => {
      world.createZone(NAME, ['ns-3.example.net']);
      const dns = await world.client();
      expect(await dns.aliasOf(NAME, 'example.com')).toEqual({ seemsDelegated: true });
      expect(await dns.zoneOf(NAME)).toEqual({ zoneName: NAME, nameServers: ['ns-3.example.net'] });
    });

    it('takes a name that has another record, or only names below it, for no zone', async () => {
      world.txt(NAME, 'of another client');
      world.txt(`below.${NAME.replace('www', 'dev')}`, 'of another client');
      const dns = await world.client();
      expect(await dns.aliasOf(NAME, 'example.com')).toEqual({});
      expect(await dns.aliasOf(NAME.replace('www', 'dev'), 'example.com')).toEqual({});
    });

    it('reads CAA records of one name and not of those above', async () => {
      world.caa('example.com', 0, 'issue', 'ca.example; validationmethods=dns-01');
      const dns = await world.client();
      const records = [{ flags: 0, tag: 'issue', value: 'ca.example; validationmethods=dns-01' }];
      expect(await dns.caaAt('example.com')).toEqual({ records });
      expect(await dns.caaAt('www.example.com')).toEqual({ records: [] });
    });

    it.each(['192.0.2.7', '2001:db8::7'])('finds the address of a name server: %s', async (address) => {
      world.address('ns1.example.com', address);
      const dns = await world.client();
      expect(await dns.addressesOf('ns1.example.com')).toEqual({ addresses: [address] });
      expect(await dns.addressesOf('ns2.example.com')).toEqual({ addresses: [] });
    });

    it('says why it knows nothing, and does not throw', async () => {
      world.fail();
      const dns = await world.client();
      const answers = [
        await dns.zoneOf('example.com'),
        await dns.addressesOf('ns-1.example.com'),
        await dns.aliasOf(NAME, 'example.com'),
        await dns.caaAt('example.com'),
      ];
      expect(answers).toEqual(Array(4).fill({ problem: expect.stringMatching(/\w/) }));
    });
  });
}
