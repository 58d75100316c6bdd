import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type AwsClients, createAwsClients } from '../../lambdas/aws/clients.ts';
import { createDnsAccounts } from '../../lambdas/aws/dns-accounts.ts';
import { createRoute53Records } from '../../lambdas/aws/route53-records.ts';
import type { ChallengeRecord, ChallengeRecords } from '../../lambdas/renewal/ports/challenge-records.ts';
import { challengeRecordsContract } from '../contracts/challenge-records.contract.ts';
import { emulatedAws, setEnvironment } from '../environment.ts';
import { type AwsServer, startAwsServer } from '../sandbox/aws-server.ts';
import { Calls } from '../sandbox/calls.ts';
import { Faults } from '../sandbox/faults.ts';
import { randomNumbers } from '../sandbox/random-numbers.ts';
import { Route53 } from '../sandbox/route53.ts';
import { Sts } from '../sandbox/sts.ts';
import { VirtualClock } from '../sandbox/virtual-clock.ts';

const NAME = '_acme-challenge.example.com';
const PARTNER = '210987654321';
const ROLE = { roleArn: `arn:aws:iam::${PARTNER}:role/dns`, externalId: 'x-1' };
const THROTTLING = { status: 400, name: 'Throttling', message: 'Rate exceeded' };

/** Route 53 behind its wire, and clients that take their endpoint from the environment, as deployed ones do. */
interface World {
  readonly clock: VirtualClock;
  readonly route53: Route53;
  readonly calls: Calls;
  readonly faults: Faults;
  readonly server: AwsServer;
  client(): ChallengeRecords;
  stop(): Promise<void>;
}

async function startWorld(): Promise<World> {
  const clock = new VirtualClock(Date.UTC(2026, 10, 24));
  const calls = new Calls();
  const faults = new Faults(clock);
  const sts = new Sts({ clock });
  sts.trust(ROLE);
  const route53 = new Route53({ clock, accountOf: (accessKeyId) => sts.accountOf(accessKeyId) });
  const server = await startAwsServer({ services: [route53, sts], clock, calls, faults });
  const restore = setEnvironment(emulatedAws(server.url));
  const random = randomNumbers(53);
  const opened: AwsClients[] = [];
  return {
    clock,
    route53,
    calls,
    faults,
    server,
    client() {
      const clients = createAwsClients({ clock, random });
      opened.push(clients);
      const options = { clock, random, sessionName: 'evercert-test' };
      return createRoute53Records(createDnsAccounts(clients.route53, clients.sts, options), options);
    },
    async stop() {
      for (const clients of opened) clients.destroy();
      await server.stop();
      clock.close();
      restore();
      expect(server.bugs).toEqual([]);
    },
  };
}

function held({ route53 }: World, zoneId: string, recordName: string): readonly string[] {
  const wanted = `${recordName.toLowerCase()}.`;
  return route53.records(zoneId).find(({ name, type }) => name === wanted && type === 'TXT')?.values ?? [];
}

challengeRecordsContract('Route 53', async () => {
  const world = await startWorld();
  return {
    client: () => world.client(),
    createZone: (name, { role, ...options } = {}) =>
      world.route53.createZone(name, { ...options, ...(role ? { account: PARTNER } : {}) }).id,
    deleteZone: (zoneId) => world.route53.deleteZone(zoneId),
    role: ROLE,
    put: (zoneId, name, values, ttl = 300) => world.route53.put(zoneId, { name, type: 'TXT', ttl, values }),
    held: (zoneId, name) => held(world, zoneId, name),
    propagate: () => world.route53.propagateNow(),
    stop: () => world.stop(),
  };
});

describe('Route 53', () => {
  let world: World;
  let records: ChallengeRecords;
  let zoneId: string;

  beforeEach(async () => {
    world = await startWorld();
    records = world.client();
    zoneId = world.route53.createZone('example.com').id;
    world.calls.reset();
  });
  afterEach(() => world.stop());

  const wanted = (values: readonly string[], recordName = NAME): ChallengeRecord => ({
    recordName,
    zoneId,
    zoneName: 'example.com',
    values,
  });
  const heldNow = (recordName = NAME) => held(world, zoneId, recordName).toSorted();
  const put = (values: readonly string[], ttl = 300, name = NAME) =>
    world.route53.put(zoneId, { name, type: 'TXT', ttl, values });
  const requests = () => world.calls.by('route53');

  describe('asks for no more than it needs:', () => {
    beforeEach(() => {
      world.route53.settings.zoneProcessingMilliseconds = 0;
    });

    it('one list of zones for all names and questions of a run', async () => {
      await Promise.all([records.locate(NAME), records.locate('_acme-challenge.www.example.com')]);
      await records.locate(NAME);
      expect(requests()).toEqual({ ListHostedZones: 1 });
    });

    it('one look at a zone that is given, and no list', async () => {
      await records.locate('_acme-challenge.www.example.com', { hostedZoneId: zoneId });
      await records.locate(NAME, { hostedZoneId: zoneId });
      expect(requests()).toEqual({ GetHostedZone: 1 });
    });

    it('one session for each role, and another one before its credentials end', async () => {
      world.route53.createZone('partner.example', { account: PARTNER });
      const names = ['_acme-challenge.partner.example', '_acme-challenge.www.partner.example'];
      await Promise.all(names.map((name) => records.locate(name, { role: ROLE })));
      expect(world.calls.by('sts')).toEqual({ AssumeRole: 1 });
      await world.clock.advance(56 * 60_000);
      await Promise.all(names.map((name) => records.locate(name, { role: ROLE })));
      expect(world.calls.by('sts')).toEqual({ AssumeRole: 2 });
    });

    it('nothing when there is nothing to do', async () => {
      await records.present([]);
      await records.remove([]);
      expect(requests()).toEqual({});
    });

    it('one request to present, one to remove what was presented', async () => {
      const values = [wanted(['a', 'b']), wanted(['c'], '_acme-challenge.www.example.com')];
      const presented = await records.present(values);
      expect(requests()).toEqual({ ChangeResourceRecordSets: 1 });
      await records.remove(values, presented);
      expect(requests()).toEqual({ ChangeResourceRecordSets: 2 });
      expect(heldNow()).toEqual([]);
    });

    it('one request to remove what nobody else has touched, even when it is not known what was presented', async () => {
      await records.present([wanted(['a', 'b'])]);
      world.calls.reset();
      await records.remove([wanted(['b', 'a'])]);
      expect(requests()).toEqual({ ChangeResourceRecordSets: 1 });
      expect(heldNow()).toEqual([]);
    });

    it("two changes and one look where another client's value is", async () => {
      put(['"foreign"']);
      const presented = await records.present([wanted(['a'])]);
      expect(requests()).toEqual({ ChangeResourceRecordSets: 2, ListResourceRecordSets: 1 });
      world.calls.reset();
      await records.remove([wanted(['a'])], presented);
      expect(requests()).toEqual({ ChangeResourceRecordSets: 1 });
      expect(heldNow()).toEqual(['"foreign"']);
    });

    it("one change and one look to find that nothing of ours is among other clients' values", async () => {
      put(['"foreign"']);
      await records.remove([wanted(['a'])]);
      expect(requests()).toEqual({ ChangeResourceRecordSets: 1, ListResourceRecordSets: 1 });
      expect(heldNow()).toEqual(['"foreign"']);
    });

    it('a look at those of a hundred names that conflict', async () => {
      const names = Array.from({ length: 100 }, (_, index) => `_acme-challenge.www-${index}.example.com`);
      put(['"foreign"'], 300, names[42]);
      await records.present(names.map((recordName) => wanted(['a', 'b'], recordName)));
      expect(requests()).toEqual({ ChangeResourceRecordSets: 2, ListResourceRecordSets: 1 });
      expect(heldNow(names[42])).toEqual(['"a"', '"b"', '"foreign"']);
      expect(heldNow(names[99])).toEqual(['"a"', '"b"']);
    });

    it('nothing for a record that is none of a challenge', async () => {
      const foreign = wanted(['a'], 'example.com');
      await expect(records.locate('example.com')).rejects.toMatchObject({ code: 'unexpected' });
      await expect(records.present([wanted(['a']), foreign])).rejects.toMatchObject({ code: 'unexpected' });
      await expect(records.remove([wanted(['a']), foreign])).rejects.toMatchObject({ code: 'unexpected' });
      await expect(records.present([wanted(['"a"'])])).rejects.toMatchObject({ code: 'unexpected' });
      expect(requests()).toEqual({});
    });
  });

  describe('locate', () => {
    it('finds a zone on the third page', async () => {
      for (let index = 0; index < 249; index += 1) world.route53.createZone(`zone-${index}.example.net`);
      const located = await records.locate('_acme-challenge.www.zone-248.example.net');
      expect(located.zoneName).toBe('zone-248.example.net');
      expect(requests()).toEqual({ ListHostedZones: 3 });
    });

    it('asks again after it has failed', async () => {
      world.faults.add({
        operation: 'route53:ListHostedZones',
        times: 1,
        error: { status: 403, name: 'AccessDenied', message: 'not authorized to perform: route53:ListHostedZones' },
      });
      await expect(records.locate(NAME)).rejects.toMatchObject({ code: 'access-denied' });
      expect(await records.locate(NAME)).toMatchObject({ zoneId });
    });
  });

  describe('present', () => {
    it('keeps the TTL that another client has chosen', async () => {
      put(['"foreign"'], 86_400);
      await records.present([wanted(['a'])]);
      expect(world.route53.records(zoneId).find(({ type }) => type === 'TXT')).toMatchObject({ ttl: 86_400 });
    });

    it('uses a low TTL for a record of its own', async () => {
      await records.present([wanted(['a'])]);
      expect(world.route53.records(zoneId).find(({ type }) => type === 'TXT')).toMatchObject({ ttl: 10 });
    });

    it('keeps values that come between its looks and its changes, five times in a row', async () => {
      put(['"foreign 1"']);
      let changes = 0;
      world.faults.add({
        operation: 'route53:ChangeResourceRecordSets',
        when: () => {
          changes += 1;
          if (changes > 1 && changes <= 6) put([...heldNow(), `"foreign ${changes}"`]);
          return false;
        },
      });
      await records.present([wanted(['a'])]);
      expect(changes).toBe(7);
      expect(heldNow()).toEqual(['"a"', ...[1, 2, 3, 4, 5, 6].map((number) => `"foreign ${number}"`)]);
    });

    it('starts again when the record that conflicted has gone', async () => {
      put(['"foreign"']);
      let changes = 0;
      world.faults.add({
        operation: 'route53:ChangeResourceRecordSets',
        when: () => {
          changes += 1;
          if (changes === 2) world.route53.erase(zoneId, NAME, 'TXT');
          return false;
        },
      });
      await records.present([wanted(['a'])]);
      expect(heldNow()).toEqual(['"a"']);
    });

    it('gives up, in words, on a client that always comes first', async () => {
      let foreign = 0;
      world.faults.add({
        operation: 'route53:ChangeResourceRecordSets',
        when: () => {
          foreign += 1;
          put([`"foreign ${foreign}"`]);
          return false;
        },
      });
      await expect(records.present([wanted(['a'])])).rejects.toMatchObject({
        code: 'dns-change-refused',
        message: expect.stringMatching(
          /_acme-challenge\.example\.com in zone example\.com .*Other clients keep writing/,
        ),
      });
      expect(requests()['ChangeResourceRecordSets']).toBeLessThan(30);
    });

    it('says what to do about a CNAME at the name', async () => {
      world.route53.put(zoneId, { name: NAME, type: 'CNAME', ttl: 60, values: ['x.acme.example.net'] });
      await expect(records.present([wanted(['a'])])).rejects.toMatchObject({
        code: 'dns-change-refused',
        message: expect.stringMatching(
          /_acme-challenge\.example\.com in zone example\.com .* CNAME record to x\.acme\.example\.net.*followCname/,
        ),
      });
    });

    it('says what to do about a record with a routing policy', async () => {
      const weighted = {
        name: NAME,
        type: 'TXT',
        ttl: 60,
        values: ['"x"'],
        setIdentifier: 'blue',
        routing: { Weight: '1' },
      };
      world.route53.put(zoneId, weighted);
      await expect(records.present([wanted(['a'])])).rejects.toMatchObject({
        code: 'dns-change-refused',
        message: expect.stringMatching(/_acme-challenge\.example\.com .*routing policy \(set identifier "blue"\)/),
      });
      await records.remove([wanted(['a'])]);
      expect(heldNow()).toEqual(['"x"']);
    });

    it('says which traffic policy instance keeps the record', async () => {
      const routing = { TrafficPolicyInstanceId: 'f9d3e0b3' };
      world.route53.put(zoneId, { name: NAME, type: 'TXT', ttl: 60, values: ['"x"'], routing });
      await expect(records.present([wanted(['a'])])).rejects.toMatchObject({
        code: 'dns-change-refused',
        message: expect.stringContaining('a TXT record that traffic policy instance f9d3e0b3 keeps'),
      });
      expect(heldNow()).toEqual(['"x"']);
    });

    it("does not take another name's records for an obstacle", async () => {
      put(['"foreign"']);
      world.route53.put(zoneId, { name: `a.${NAME}`, type: 'CNAME', ttl: 60, values: ['example.net'] });
      world.route53.put(zoneId, { name: NAME, type: 'A', ttl: 60, values: ['192.0.2.1'] });
      await records.present([wanted(['a'])]);
      expect(heldNow()).toEqual(['"a"', '"foreign"']);
    });

    it("repeats Route 53's words when it refuses for another reason, and does not insist", async () => {
      const message = `[The resource record set '${NAME}.' of type 'TXT' is protected: ask the DNS team]`;
      world.faults.add({
        operation: 'route53:ChangeResourceRecordSets',
        error: { status: 400, name: 'InvalidChangeBatch', message },
      });
      await expect(records.present([wanted(['a'])])).rejects.toMatchObject({
        code: 'dns-change-refused',
        message: expect.stringContaining('ask the DNS team'),
        details: { aws: { name: 'InvalidChangeBatch' } },
      });
      expect(requests()['ChangeResourceRecordSets']).toBe(2);
    });

    it('uses as many batches as it takes', async () => {
      const names = Array.from({ length: 20 }, (_, index) => `_acme-challenge.www-${index}.example.com`);
      const values = Array.from({ length: 40 }, (_, index) => `${'x'.repeat(43)}${index}`);
      const presented = await records.present(names.map((recordName) => wanted(values, recordName)));
      expect(presented).toHaveLength(2);
      expect(names.map((recordName) => heldNow(recordName).length)).toEqual(names.map(() => 40));
      await records.remove(
        names.map((recordName) => wanted(values, recordName)),
        presented,
      );
      expect(names.flatMap((recordName) => heldNow(recordName))).toEqual([]);
    });

    it('waits for what it does elsewhere before it fails, so that cleaning up finds everything', async () => {
      const otherId = world.route53.createZone('example.org').id;
      const other = {
        recordName: '_acme-challenge.example.org',
        zoneId: otherId,
        zoneName: 'example.org',
        values: ['b'],
      };
      const gone = { ...wanted(['a']), zoneId: 'ZGONE' };
      await expect(records.present([gone, other])).rejects.toMatchObject({
        details: { aws: { name: 'NoSuchHostedZone' } },
      });
      expect(held(world, otherId, other.recordName)).toEqual(['"b"']);
    });
  });

  describe('an answer that was lost', () => {
    it.each([
      ['before', 'drop'],
      ['after', 'drop'],
      ['after', '500'],
    ] as const)('does no harm to present (%s the effect, %s)', async (phase, how) => {
      put(['"foreign"']);
      world.faults.add({
        operation: 'route53:ChangeResourceRecordSets',
        phase,
        times: 3,
        ...(how === 'drop' ? { drop: true } : { error: { status: 500, name: 'InternalFailure', message: 'sorry' } }),
      });
      const [presented] = await records.present([wanted(['a', 'b'])]);
      expect(heldNow()).toEqual(['"a"', '"b"', '"foreign"']);
      world.route53.propagateNow();
      expect(await records.inSync({ changeId: presented?.changeId ?? '' })).toBe(true);
    });

    it('gives a change to wait for when the record was created and nobody heard of it', async () => {
      world.faults.add({ operation: 'route53:ChangeResourceRecordSets', phase: 'after', times: 1, drop: true });
      const [presented] = await records.present([wanted(['a'])]);
      expect(await records.inSync({ changeId: presented?.changeId ?? '' })).toBe(false);
      expect(heldNow()).toEqual(['"a"']);
    });

    it('does no harm to remove', async () => {
      const presented = await records.present([wanted(['a'])]);
      world.faults.add({ operation: 'route53:ChangeResourceRecordSets', phase: 'after', times: 1, drop: true });
      await records.remove([wanted(['a'])], presented);
      expect(heldNow()).toEqual([]);
    });
  });

  describe('throttling slows it down, no more:', () => {
    it.each<[string, () => Promise<unknown>]>([
      ['ListHostedZones', () => records.locate(NAME)],
      ['ChangeResourceRecordSets', () => records.present([wanted(['a'])])],
      [
        'GetChange',
        async () => records.inSync({ changeId: (await records.present([wanted(['a'])]))[0]?.changeId ?? '' }),
      ],
      [
        'ListResourceRecordSets',
        () => {
          put(['"foreign"']);
          return records.present([wanted(['a'])]);
        },
      ],
    ])('%s', async (operation, act) => {
      world.faults.add({ operation: `route53:${operation}`, times: 6, error: THROTTLING });
      const before = world.clock.now();
      await world.clock.run(act);
      expect(world.clock.now()).toBeGreaterThan(before);
    });

    it('a zone that still works on an earlier change', async () => {
      world.route53.settings.zoneProcessingMilliseconds = 2_000;
      await world.clock.run(async () => {
        await records.present([wanted(['a'])]);
        await records.present([wanted(['b'], '_acme-challenge.www.example.com')]);
        await records.remove([wanted(['a'])]);
      });
      expect([heldNow(), heldNow('_acme-challenge.www.example.com')]).toEqual([[], ['"b"']]);
    });

    it('ten clients and a zone that is slow', async () => {
      world.route53.settings.zoneProcessingMilliseconds = 1_000;
      const clients = Array.from({ length: 10 }, (_, index) => ({
        records: world.client(),
        record: wanted([`v${index}`]),
      }));
      await Promise.all(clients.map(({ records: own, record }) => world.clock.run(() => own.present([record]))));
      expect(heldNow()).toEqual(clients.map(({ record }) => `"${record.values}"`));
      await Promise.all(clients.map(({ records: own, record }) => world.clock.run(() => own.remove([record]))));
      expect(heldNow()).toEqual([]);
    });
  });

  describe('remove', () => {
    it('has nothing to remove from a zone that is gone', async () => {
      const presented = await records.present([wanted(['a'])]);
      world.route53.deleteZone(zoneId);
      await records.remove([wanted(['a'])], presented);
      await records.remove([{ ...wanted(['a']), zoneId: 'Z0000000000000000000' }]);
    });

    it('reports a refusal that is not about what is there', async () => {
      await records.present([wanted(['a'])]);
      world.faults.add({
        operation: 'route53:ChangeResourceRecordSets',
        error: { status: 400, name: 'InvalidChangeBatch', message: '[it is protected]' },
      });
      await expect(records.remove([wanted(['a'])])).rejects.toMatchObject({
        code: 'dns-change-refused',
        message: expect.stringContaining('it is protected'),
      });
    });

    it('removes from the other zones when one refuses', async () => {
      const otherId = world.route53.createZone('example.org').id;
      const other = {
        recordName: '_acme-challenge.example.org',
        zoneId: otherId,
        zoneName: 'example.org',
        values: ['b'],
      };
      await records.present([wanted(['a']), other]);
      world.faults.add({
        operation: 'route53:ChangeResourceRecordSets',
        times: 1,
        error: { status: 403, name: 'AccessDenied', message: 'no' },
      });
      await expect(records.remove([wanted(['a']), other])).rejects.toMatchObject({ code: 'access-denied' });
      expect([heldNow(), held(world, otherId, other.recordName)].filter(({ length }) => length > 0)).toHaveLength(1);
    });
  });
});
