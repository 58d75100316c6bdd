import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { AssumedRole } from '../../lambdas/core/dns-role.ts';
import type { ChallengeRecord, ChallengeRecords } from '../../lambdas/renewal/ports/challenge-records.ts';

/** Hosted zones, and clients of them. */
export interface ChallengeRecordsWorld {
  /** A client of its own, as another run would have. */
  client(): ChallengeRecords;
  /** Returns the new zone's id. */
  createZone(
    name: string,
    options?: { readonly privateZone?: boolean; readonly nameServers?: readonly string[]; readonly role?: AssumedRole },
  ): string;
  deleteZone(zoneId: string): void;
  /** A role of another account that may be assumed. */
  readonly role: AssumedRole;
  /** Another client's record set; `values` are quoted. */
  put(zoneId: string, recordName: string, values: readonly string[], ttl?: number): void;
  /** The values that are at a name, quoted. */
  held(zoneId: string, recordName: string): readonly string[];
  /** Lets all changes arrive at all servers. */
  propagate(): void;
  stop(): Promise<void>;
}

const NAME = '_acme-challenge.example.com';
const FOREIGN = '"somebody else\'s \\"value\\"" "in two strings"';

/** What every `ChallengeRecords` promises. In a new world, changes take time to arrive. */
export function challengeRecordsContract(name: string, start: () => Promise<ChallengeRecordsWorld>): void {
  describe(`${name} keeps the contract of ChallengeRecords`, () => {
    let world: ChallengeRecordsWorld;
    let records: ChallengeRecords;
    let zoneId: string;

    beforeEach(async () => {
      world = await start();
      records = world.client();
      zoneId = world.createZone('example.com');
    });
    afterEach(() => world.stop());

    const wanted = (values: readonly string[], recordName = NAME): ChallengeRecord => ({
      recordName,
      zoneId,
      zoneName: 'example.com',
      values,
    });
    const held = (recordName = NAME) => world.held(zoneId, recordName).toSorted();

    describe('locate', () => {
      it('finds the zone with the longest matching suffix', async () => {
        const sub = world.createZone('sub.example.com');
        const other = world.createZone('example.org');
        const places = [
          { recordName: '_acme-challenge.www.sub.example.com', zoneId: sub, zoneName: 'sub.example.com' },
          { recordName: NAME, zoneId, zoneName: 'example.com' },
          { recordName: '_acme-challenge.a.b.example.org', zoneId: other, zoneName: 'example.org' },
          { recordName: '_acme-challenge.sub.example.com', zoneId: sub, zoneName: 'sub.example.com' },
        ];
        const located = await Promise.all(places.map(({ recordName }) => records.locate(recordName)));
        expect(located).toEqual(places);
      });

      it('matches whole labels', async () => {
        await expect(records.locate('_acme-challenge.notexample.com')).rejects.toMatchObject({
          code: 'no-hosted-zone',
        });
      });

      it('takes no private zone', async () => {
        world.createZone('sub.example.com', { privateZone: true });
        world.createZone('example.com', { privateZone: true });
        expect(await records.locate('_acme-challenge.sub.example.com')).toMatchObject({ zoneId });
      });

      it('takes the zone that is asked for', async () => {
        const second = world.createZone('example.com');
        world.createZone('sub.example.com');
        const located = await records.locate('_acme-challenge.sub.example.com', { hostedZoneId: second });
        expect(located).toMatchObject({ zoneId: second, zoneName: 'example.com' });
      });

      it.each([
        ['does not exist', () => 'Z0000000000000000000'],
        ['is private', () => world.createZone('example.com', { privateZone: true })],
        ['does not cover the name', () => world.createZone('example.org')],
      ])('refuses a zone that %s', async (_, create) => {
        const hostedZoneId = create();
        await expect(records.locate(NAME, { hostedZoneId })).rejects.toMatchObject({
          code: 'no-hosted-zone',
          message: expect.stringContaining(hostedZoneId),
        });
      });

      it('names the record and the zones that exist when none covers it', async () => {
        const failure = await records.locate('_acme-challenge.example.net').catch((error: unknown) => error);
        expect(failure).toMatchObject({ name: 'RenewalFailure', code: 'no-hosted-zone' });
        expect(String(failure)).toContain('_acme-challenge.example.net');
        expect(String(failure)).toContain('example.com');
      });

      it('asks which zone is meant when two public zones have the name', async () => {
        const second = world.createZone('example.com');
        const failure = await records.locate(NAME).catch((error: unknown) => error);
        expect(failure).toMatchObject({ code: 'no-hosted-zone' });
        for (const part of [zoneId, second, 'dns.hostedZoneId']) expect(String(failure)).toContain(part);
      });

      it('takes the one of several public zones whose servers are asked', async () => {
        const second = world.createZone('example.com', { nameServers: ['ns-9.example.org'] });
        const asked: string[] = [];
        const liveServers = async (zoneName: string, known: readonly string[]) => {
          asked.push(zoneName);
          return known.filter((name) => name === 'ns-9.example.org');
        };
        expect(await records.locate(NAME, { liveServers })).toMatchObject({ zoneId: second });
        expect(asked).toEqual(['example.com']);
      });

      it.each([
        ['nobody knows who is asked', undefined],
        ['others are asked', ['ns1.provider.example']],
      ])('refuses several public zones with all ids when %s', async (_, live) => {
        const second = world.createZone('example.com', { nameServers: ['ns-9.example.org'] });
        const failure = await records.locate(NAME, { liveServers: async () => live }).catch((error: unknown) => error);
        expect(failure).toMatchObject({ code: 'no-hosted-zone' });
        for (const part of [zoneId, second]) expect(String(failure)).toContain(part);
      });

      it('changes nothing', async () => {
        await records.locate(NAME);
        expect(held()).toEqual([]);
      });
    });

    describe('present', () => {
      it('adds all values', async () => {
        const www = '_acme-challenge.www.example.com';
        await records.present([wanted(['a', 'b']), wanted(['c'], www)]);
        expect(held()).toEqual(['"a"', '"b"']);
        expect(held(www)).toEqual(['"c"']);
      });

      it('makes one change in each zone, whatever the number of names', async () => {
        const orgId = world.createZone('example.org');
        const names = Array.from({ length: 100 }, (_, index) => `_acme-challenge.www-${index}.example.com`);
        const presented = await records.present([
          ...names.map((recordName) => wanted(['a', 'b'], recordName)),
          { recordName: '_acme-challenge.example.org', zoneId: orgId, zoneName: 'example.org', values: ['c'] },
        ]);
        expect(presented.map((change) => change.zoneId).toSorted()).toEqual([zoneId, orgId].toSorted());
        expect(names.flatMap((recordName) => held(recordName))).toHaveLength(200);
      });

      it('says what it left behind', async () => {
        world.put(zoneId, NAME, [FOREIGN], 120);
        const [presented] = await records.present([wanted(['a'])]);
        const [recordSet, ...others] = presented?.recordSets ?? [];
        expect(others).toEqual([]);
        expect({ ...recordSet, values: recordSet?.values.toSorted() }).toEqual({
          recordName: NAME,
          ttl: 120,
          values: ['"a"', FOREIGN].toSorted(),
        });
      });

      it('returns before the change has arrived, and inSync says when it has', async () => {
        const [presented] = await records.present([wanted(['a'])]);
        const changeId = presented?.changeId ?? '';
        expect(await records.inSync({ changeId })).toBe(false);
        world.propagate();
        expect(await records.inSync({ changeId })).toBe(true);
      });

      it('works for values that are there already, and gives a change to wait for', async () => {
        await records.present([wanted(['a', 'b'])]);
        world.propagate();
        const [again] = await records.present([wanted(['b', 'a'])]);
        expect(await records.inSync({ changeId: again?.changeId ?? '' })).toBe(false);
        expect(held()).toEqual(['"a"', '"b"']);
      });

      it("keeps other clients' values", async () => {
        world.put(zoneId, NAME, ['"1"', FOREIGN]);
        await records.present([wanted(['a'])]);
        expect(held()).toEqual(['"1"', '"a"', FOREIGN].toSorted());
      });

      it('takes names in any spelling', async () => {
        world.put(zoneId, NAME, [FOREIGN]);
        await records.present([wanted(['a'], '_ACME-Challenge.Example.COM.')]);
        expect(held()).toEqual(['"a"', FOREIGN].toSorted());
      });

      it.each(['example.com', '_acme-challenge', 'x_acme-challenge.example.com', '_dmarc.example.com'])(
        'writes nothing when a record is none of a challenge: %s',
        async (recordName) => {
          await expect(records.present([wanted(['a']), wanted(['a'], recordName)])).rejects.toMatchObject({
            code: 'unexpected',
          });
          expect(held()).toEqual([]);
        },
      );
    });

    describe('remove', () => {
      it('removes what was presented', async () => {
        const www = wanted(['c'], '_acme-challenge.www.example.com');
        const presented = await records.present([wanted(['a', 'b']), www]);
        await records.remove([wanted(['a', 'b']), www], presented);
        expect([...held(), ...held(www.recordName)]).toEqual([]);
      });

      it('works without knowing what was presented', async () => {
        await records.present([wanted(['a', 'b'])]);
        await world.client().remove([wanted(['b', 'a'])]);
        expect(held()).toEqual([]);
      });

      it('removes what several records of one name say', async () => {
        await records.present([wanted(['a']), wanted(['b'])]);
        await records.remove([wanted(['a']), wanted(['b'])]);
        expect(held()).toEqual([]);
      });

      it("keeps other clients' values", async () => {
        world.put(zoneId, NAME, [FOREIGN]);
        const presented = await records.present([wanted(['a', 'b'])]);
        await records.remove([wanted(['a', 'b'])], presented);
        expect(held()).toEqual([FOREIGN]);
      });

      it('keeps values that other clients have added meanwhile', async () => {
        const presented = await records.present([wanted(['a'])]);
        world.put(zoneId, NAME, ['"a"', FOREIGN]);
        await records.remove([wanted(['a'])], presented);
        expect(held()).toEqual([FOREIGN]);
      });

      it('takes no offence at values that are gone', async () => {
        const presented = await records.present([wanted(['a', 'b'])]);
        world.put(zoneId, NAME, ['"b"', FOREIGN]);
        await records.remove([wanted(['a', 'b'])], presented);
        await records.remove([wanted(['a', 'b'])], presented);
        await records.remove([wanted(['a', 'b'])]);
        await records.remove([wanted(['x'], '_acme-challenge.www.example.com')]);
        expect(held()).toEqual([FOREIGN]);
      });

      it('removes nothing when a record is none of a challenge', async () => {
        await records.present([wanted(['a'])]);
        await expect(records.remove([wanted(['a']), wanted(['a'], 'example.com')])).rejects.toMatchObject({
          code: 'unexpected',
        });
        expect(held()).toEqual(['"a"']);
      });
    });

    it('tells the name servers of a zone', async () => {
      const second = world.createZone('example.org', { nameServers: ['ns-8.example.org', 'NS-9.example.org.'] });
      const servers = await records.nameServers({ zoneId: second });
      expect(servers.toSorted()).toEqual(['ns-8.example.org', 'ns-9.example.org']);
    });

    it('says that a zone is gone, and takes no offence when it removes', async () => {
      world.deleteZone(zoneId);
      await expect(records.present([wanted(['a'])])).rejects.toMatchObject({ code: 'no-hosted-zone', retry: 'later' });
      await records.remove([wanted(['a'])]);
    });

    describe('in another account', () => {
      it('finds, writes, follows and removes with its role', async () => {
        const { role } = world;
        const other = world.createZone('partner.example', { role });
        const recordName = '_acme-challenge.partner.example';
        const zone = await records.locate(recordName, { role });
        expect(zone).toEqual({ recordName, zoneId: other, zoneName: 'partner.example', role });
        const presented = await records.present([{ ...zone, values: ['a'] }]);
        expect(presented).toMatchObject([{ zoneId: other, role }]);
        expect(world.held(other, recordName)).toEqual(['"a"']);
        world.propagate();
        expect(await records.inSync({ changeId: presented[0]?.changeId ?? '', role })).toBe(true);
        await records.remove([{ ...zone, values: ['a'] }], presented);
        expect(world.held(other, recordName)).toEqual([]);
      });

      it('finds none of our own zones, and none of it without the role', async () => {
        world.createZone('partner.example', { role: world.role });
        const nowhere = { code: 'no-hosted-zone' };
        await expect(records.locate(NAME, { role: world.role })).rejects.toMatchObject(nowhere);
        await expect(records.locate('_acme-challenge.partner.example')).rejects.toMatchObject(nowhere);
      });

      it.each(['present', 'locate', 'nameServers', 'inSync'] as const)(
        'names account and role when %s may not enter',
        async (operation) => {
          const role = { roleArn: 'arn:aws:iam::999999999999:role/closed' };
          const calls = {
            present: () => records.present([{ ...wanted(['a']), role }]),
            locate: () => records.locate(NAME, { role }),
            nameServers: () => records.nameServers({ zoneId, role }),
            inSync: () => records.inSync({ changeId: 'C1', role }),
          };
          const failure = await calls[operation]().catch((error: unknown) => error);
          expect(failure).toMatchObject({ code: 'dns-role-refused' });
          for (const part of ['999999999999', role.roleArn]) expect(String(failure)).toContain(part);
        },
      );
    });

    it('loses no value of ten clients that write one record at the same time', async () => {
      world.put(zoneId, NAME, [FOREIGN]);
      const clients = Array.from({ length: 10 }, (_, index) => ({ records: world.client(), values: [`v${index}`] }));
      const presented = await Promise.all(clients.map((client) => client.records.present([wanted(client.values)])));
      expect(held()).toEqual([FOREIGN, ...clients.map(({ values }) => `"${values}"`)].toSorted());
      await Promise.all(
        clients.map((client, index) => client.records.remove([wanted(client.values)], presented[index])),
      );
      expect(held()).toEqual([FOREIGN]);
    });
  });
}
