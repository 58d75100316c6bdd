import {
  ChangeResourceRecordSetsCommand,
  CreateHostedZoneCommand,
  GetChangeCommand,
  GetHostedZoneCommand,
  ListHostedZonesByNameCommand,
  ListHostedZonesCommand,
  ListResourceRecordSetsCommand,
  type ResourceRecordSet,
  Route53Client,
} from '@aws-sdk/client-route-53';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type AwsServer, startAwsServer } from './aws-server.ts';
import { Calls } from './calls.ts';
import { Faults } from './faults.ts';
import { Route53 } from './route53.ts';
import { VirtualClock } from './virtual-clock.ts';

const CHALLENGE = '_acme-challenge.example.com';

let clock: VirtualClock;
let route53: Route53;
let server: AwsServer;
let client: Route53Client;

beforeEach(async () => {
  clock = new VirtualClock(Date.UTC(2026, 10, 24));
  route53 = new Route53({ clock, settings: { zoneProcessingMilliseconds: 0 } });
  server = await startAwsServer({ services: [route53], clock, calls: new Calls(), faults: new Faults(clock) });
  client = new Route53Client({
    endpoint: server.url,
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    maxAttempts: 1,
  });
});

afterEach(async () => {
  client.destroy();
  await server.stop();
  clock.close();
  expect(server.bugs).toEqual([]);
});

function txt(...values: string[]): ResourceRecordSet {
  return recordSet(CHALLENGE, 'TXT', ...values.map((value) => `"${value}"`));
}

function recordSet(name: string, type: string, ...values: string[]): ResourceRecordSet {
  return {
    Name: name,
    Type: type as NonNullable<ResourceRecordSet['Type']>,
    TTL: 60,
    ResourceRecords: values.map((Value) => ({ Value })),
  };
}

type Step = readonly ['CREATE' | 'DELETE' | 'UPSERT', ResourceRecordSet];

function change(zoneId: string, ...steps: Step[]) {
  const Changes = steps.map(([Action, ResourceRecordSet]) => ({ Action, ResourceRecordSet }));
  return client.send(new ChangeResourceRecordSetsCommand({ HostedZoneId: zoneId, ChangeBatch: { Changes } }));
}

function challengeValues(zoneId: string): readonly string[] | undefined {
  return route53.records(zoneId).find(({ name, type }) => name === `${CHALLENGE}.` && type === 'TXT')?.values;
}

const invalidBatch = (...messages: string[]) => ({ name: 'InvalidChangeBatch', message: `[${messages.join(', ')}]` });
const statusCode = (httpStatusCode: number) => ({ $metadata: expect.objectContaining({ httpStatusCode }) });

describe('ListHostedZonesByName', () => {
  it('sorts by reversed labels and starts at a name, rather than filter by it', async () => {
    for (const name of ['www.example.com', 'example.net', 'www-a.example.com', 'example.com']) route53.createZone(name);
    const all = await client.send(new ListHostedZonesByNameCommand({}));
    expect(all.HostedZones?.map((zone) => zone.Name)).toEqual([
      'example.com.',
      'www-a.example.com.',
      'www.example.com.',
      'example.net.',
    ]);
    const from = await client.send(new ListHostedZonesByNameCommand({ DNSName: 'www.EXAMPLE.com' }));
    expect(from.HostedZones?.map((zone) => zone.Name)).toEqual(['www.example.com.', 'example.net.']);
    expect(from).toMatchObject({ DNSName: 'www.example.com.', IsTruncated: false, MaxItems: 100 });
  });

  it('returns a hundred zones at most and says where the next page begins', async () => {
    for (let index = 0; index < 101; index += 1) route53.createZone('example.com');
    const page = await client.send(new ListHostedZonesByNameCommand({ DNSName: 'example.com', MaxItems: 500 }));
    expect(page.HostedZones).toHaveLength(100);
    expect(page).toMatchObject({ IsTruncated: true, NextDNSName: 'example.com.', MaxItems: 100 });
    const next = await client.send(
      new ListHostedZonesByNameCommand({ DNSName: page.NextDNSName, HostedZoneId: page.NextHostedZoneId }),
    );
    expect(next.HostedZones?.map((zone) => zone.Id)).toEqual([`/hostedzone/${route53.zones()[100]?.id}`]);
    expect(next.IsTruncated).toBe(false);
  });

  it('lists private zones beside public ones of the same name', async () => {
    route53.createZone('example.com');
    route53.createZone('example.com', { privateZone: true });
    const { HostedZones } = await client.send(new ListHostedZonesByNameCommand({}));
    expect(HostedZones?.map((zone) => zone.Config?.PrivateZone)).toEqual([false, true]);
  });

  it('refuses a zone id without a name', async () => {
    const asked = client.send(new ListHostedZonesByNameCommand({ HostedZoneId: 'Z1' }));
    await expect(asked).rejects.toMatchObject({ name: 'InvalidInput', ...statusCode(400) });
  });
});

describe('ListHostedZones', () => {
  it('pages by marker', async () => {
    const [first, second, third] = ['a.example', 'b.example', 'c.example'].map((name) => route53.createZone(name));
    const page = await client.send(new ListHostedZonesCommand({ MaxItems: 2 }));
    expect(page.HostedZones?.map((zone) => zone.Id)).toEqual([first, second].map((zone) => `/hostedzone/${zone?.id}`));
    expect(page).toMatchObject({ IsTruncated: true, NextMarker: third?.id, MaxItems: 2 });
    const next = await client.send(new ListHostedZonesCommand({ Marker: page.NextMarker }));
    expect(next.HostedZones?.map((zone) => zone.Name)).toEqual(['c.example.']);
    expect(next).toMatchObject({ IsTruncated: false, Marker: third?.id });
  });

  it('refuses a page size that is no number', async () => {
    const asked = client.send(new ListHostedZonesCommand({ MaxItems: -1 }));
    await expect(asked).rejects.toMatchObject({ name: 'InvalidInput' });
  });
});

describe('CreateHostedZone and GetHostedZone', () => {
  it('create a public zone with its NS and SOA record sets', async () => {
    const created = await client.send(new CreateHostedZoneCommand({ Name: 'Example.com', CallerReference: '1' }));
    expect(created).toMatchObject({
      HostedZone: { Name: 'example.com.', Config: { PrivateZone: false }, ResourceRecordSetCount: 2 },
      ChangeInfo: { Status: 'PENDING' },
      DelegationSet: { NameServers: ['ns-1.sandbox.example'] },
      ...statusCode(201),
    });
    const id = created.HostedZone?.Id ?? '';
    expect(created.Location).toContain(id.replace('/hostedzone/', ''));
    expect(route53.records(id).map(({ type, ttl }) => [type, ttl])).toEqual([
      ['NS', 172_800],
      ['SOA', 900],
    ]);
    await expect(client.send(new GetHostedZoneCommand({ Id: id }))).resolves.toMatchObject({
      HostedZone: { Id: id, Name: 'example.com.', CallerReference: '1' },
      DelegationSet: { NameServers: ['ns-1.sandbox.example'] },
    });
  });

  it('create a private zone when a VPC is given, which the name servers never serve', async () => {
    const created = await client.send(
      new CreateHostedZoneCommand({
        Name: 'example.com',
        CallerReference: '1',
        VPC: { VPCId: 'vpc-1', VPCRegion: 'eu-central-1' },
        HostedZoneConfig: { Comment: 'inside & out' },
      }),
    );
    expect(created).toMatchObject({
      HostedZone: { Config: { PrivateZone: true, Comment: 'inside & out' } },
      VPC: { VPCId: 'vpc-1', VPCRegion: 'eu-central-1' },
    });
    await clock.advance(30_000);
    expect(route53.served()).toEqual([]);
  });

  it('serve a new public zone once its change has propagated', async () => {
    await client.send(new CreateHostedZoneCommand({ Name: 'example.com', CallerReference: '1' }));
    expect(route53.served()).toEqual([]);
    await clock.advance(30_000);
    expect(route53.served().map((zone) => zone.name)).toEqual(['example.com.', 'com.']);
  });

  it('refuse a caller reference that was used before, and names that are none', async () => {
    await client.send(new CreateHostedZoneCommand({ Name: 'example.com', CallerReference: '1' }));
    const again = client.send(new CreateHostedZoneCommand({ Name: 'example.com', CallerReference: '1' }));
    await expect(again).rejects.toMatchObject({ name: 'HostedZoneAlreadyExists', ...statusCode(409) });
    const bad = client.send(new CreateHostedZoneCommand({ Name: 'example..com', CallerReference: '2' }));
    await expect(bad).rejects.toMatchObject({ name: 'InvalidDomainName', ...statusCode(400) });
  });

  it('know no zone by an id that was never given', async () => {
    await expect(client.send(new GetHostedZoneCommand({ Id: 'Z404' }))).rejects.toMatchObject({
      name: 'NoSuchHostedZone',
      message: 'No hosted zone found with ID: Z404',
      ...statusCode(404),
    });
  });
});

describe('ListResourceRecordSets', () => {
  const list = async (
    zoneId: string,
    from: Partial<ConstructorParameters<typeof ListResourceRecordSetsCommand>[0]>,
  ) => {
    const page = await client.send(new ListResourceRecordSetsCommand({ HostedZoneId: zoneId, ...from }));
    return { ...page, sets: page.ResourceRecordSets?.map(({ Name, Type }) => `${Name} ${Type}`) };
  };

  it('sorts by reversed labels with the trailing dot, then by type, and starts at a name and type', async () => {
    const { id } = route53.createZone('example.com');
    for (const name of ['www', 'a.www', 'www-a', '*', 'mail']) {
      route53.put(id, { name: `${name}.example.com`, type: 'TXT', ttl: 60, values: ['"x"'] });
    }
    route53.put(id, { name: 'mail.example.com', type: 'A', ttl: 60, values: ['192.0.2.1'] });
    const inOrder = [
      'example.com. NS',
      'example.com. SOA',
      '\\052.example.com. TXT',
      'mail.example.com. A',
      'mail.example.com. TXT',
      'www-a.example.com. TXT',
      'www.example.com. TXT',
      'a.www.example.com. TXT',
    ];
    expect((await list(id, {})).sets).toEqual(inOrder);
    expect((await list(id, { StartRecordName: '*.example.com' })).sets).toEqual(inOrder.slice(2));
    expect((await list(id, { StartRecordName: 'MAIL.example.com.', StartRecordType: 'TXT' })).sets).toEqual(
      inOrder.slice(4),
    );
    // The type only decides among record sets with the very name.
    expect((await list(id, { StartRecordName: 'n.example.com', StartRecordType: 'TXT' })).sets).toEqual(
      inOrder.slice(5),
    );
  });

  it('returns what MaxItems allows and says where the next page begins', async () => {
    const { id } = route53.createZone('example.com');
    const page = await list(id, { MaxItems: 1 });
    expect(page).toMatchObject({
      sets: ['example.com. NS'],
      IsTruncated: true,
      NextRecordName: 'example.com.',
      NextRecordType: 'SOA',
      MaxItems: 1,
    });
    const next = await list(id, { StartRecordName: page.NextRecordName, StartRecordType: page.NextRecordType });
    expect(next).toMatchObject({ sets: ['example.com. SOA'], IsTruncated: false, MaxItems: 300 });
  });

  it('returns three hundred record sets at most', async () => {
    const { id } = route53.createZone('example.com');
    for (let index = 0; index < 300; index += 1) {
      route53.put(id, { name: `n${index}.example.com`, type: 'TXT', ttl: 60, values: ['"x"'] });
    }
    const page = await list(id, { MaxItems: 1_000 });
    expect(page).toMatchObject({ IsTruncated: true, MaxItems: 300 });
    expect(page.sets).toHaveLength(300);
  });

  it('refuses a type without a name and an identifier without a type', async () => {
    const { id } = route53.createZone('example.com');
    await expect(list(id, { StartRecordType: 'TXT' })).rejects.toMatchObject({ name: 'InvalidInput' });
    const identifierAlone = list(id, { StartRecordName: 'example.com', StartRecordIdentifier: 'a' });
    await expect(identifierAlone).rejects.toMatchObject({ name: 'InvalidInput' });
  });

  it('returns what is PENDING', async () => {
    const { id } = route53.createZone('example.com');
    await change(id, ['CREATE', txt('a')]);
    expect((await list(id, { StartRecordName: CHALLENGE, MaxItems: 1 })).ResourceRecordSets).toEqual([
      { ...txt('a'), Name: `${CHALLENGE}.` },
    ]);
  });

  it('keeps and returns routing', async () => {
    const { id } = route53.createZone('example.com');
    const weighted = { ...txt('a'), Name: `${CHALLENGE}.`, SetIdentifier: 'blue', Weight: 10 };
    await change(id, ['CREATE', weighted]);
    const page = await list(id, { StartRecordName: CHALLENGE });
    expect(page.ResourceRecordSets).toEqual([weighted]);
  });
});

describe('ChangeResourceRecordSets', () => {
  let zoneId: string;

  beforeEach(() => {
    zoneId = route53.createZone('example.com').id;
  });

  it('creates, overwrites and deletes', async () => {
    const created = await change(zoneId, ['CREATE', txt('a')]);
    expect(created.ChangeInfo).toEqual({
      Id: expect.stringMatching(/^\/change\/C\w+$/),
      Status: 'PENDING',
      SubmittedAt: new Date(clock.now()),
    });
    await change(zoneId, ['UPSERT', txt('b')]);
    expect(challengeValues(zoneId)).toEqual(['"b"']);
    await change(zoneId, ['DELETE', txt('b')]);
    expect(challengeValues(zoneId)).toBeUndefined();
  });

  it('does not create over an existing record set', async () => {
    await change(zoneId, ['CREATE', txt('a')]);
    await expect(change(zoneId, ['CREATE', txt('b')])).rejects.toMatchObject({
      ...invalidBatch(`Tried to create resource record set [name='${CHALLENGE}.', type='TXT'] but it already exists`),
      ...statusCode(400),
    });
    expect(challengeValues(zoneId)).toEqual(['"a"']);
  });

  it('tells record sets with different identifiers apart', async () => {
    const weighted = (SetIdentifier: string) => ({ ...txt('a'), SetIdentifier, Weight: 1 });
    await change(zoneId, ['CREATE', weighted('blue')], ['CREATE', weighted('green')]);
    await expect(change(zoneId, ['CREATE', weighted('green')])).rejects.toMatchObject(
      invalidBatch(
        `Tried to create resource record set [name='${CHALLENGE}.', type='TXT', set-identifier='green'] but it already exists`,
      ),
    );
    await expect(change(zoneId, ['CREATE', txt('b')])).rejects.toMatchObject(
      invalidBatch(
        `RRSet with DNS name ${CHALLENGE}., type TXT cannot be created as other RRSets exist with the same name and type.`,
      ),
    );
  });

  it('deletes exactly what it is shown, in any order of the values', async () => {
    const problem = (words: string) =>
      invalidBatch(`Tried to delete resource record set [name='${CHALLENGE}.', type='TXT'] but ${words}`);
    await expect(change(zoneId, ['DELETE', txt('a')])).rejects.toMatchObject(problem('it was not found'));
    await change(zoneId, ['CREATE', txt('a', 'b')]);
    for (const stale of [txt('a'), txt('a', 'b', 'c'), { ...txt('a', 'b'), TTL: 61 }]) {
      await expect(change(zoneId, ['DELETE', stale])).rejects.toMatchObject(
        problem('the values provided do not match the current values'),
      );
    }
    await change(zoneId, ['DELETE', txt('b', 'a')]);
    expect(challengeValues(zoneId)).toBeUndefined();
  });

  it('compares and swaps: DELETE and CREATE of one record set in a batch', async () => {
    await change(zoneId, ['CREATE', txt('a')]);
    await change(zoneId, ['DELETE', txt('a')], ['CREATE', txt('a', 'b')]);
    expect(challengeValues(zoneId)).toEqual(['"a"', '"b"']);
    await expect(change(zoneId, ['DELETE', txt('a')], ['CREATE', txt('c')])).rejects.toMatchObject({
      name: 'InvalidChangeBatch',
    });
    expect(challengeValues(zoneId)).toEqual(['"a"', '"b"']);
  });

  it('makes all changes of a batch or none, and reports every problem', async () => {
    await change(zoneId, ['CREATE', txt('a')]);
    const other = recordSet('b.example.com', 'TXT', '"b"');
    const missing = recordSet('c.example.com', 'TXT', '"c"');
    await expect(change(zoneId, ['CREATE', other], ['CREATE', txt('b')], ['DELETE', missing])).rejects.toMatchObject(
      invalidBatch(
        `Tried to create resource record set [name='${CHALLENGE}.', type='TXT'] but it already exists`,
        "Tried to delete resource record set [name='c.example.com.', type='TXT'] but it was not found",
      ),
    );
    expect(route53.records(zoneId).map((set) => set.type)).toEqual(['NS', 'SOA', 'TXT']);
  });

  it('refuses two changes to one record set that are no replacement', async () => {
    const problem = invalidBatch(
      `The request contains an invalid set of changes for a resource record set 'TXT ${CHALLENGE}.'`,
    );
    await expect(change(zoneId, ['CREATE', txt('a')], ['CREATE', txt('b')])).rejects.toMatchObject(problem);
    await expect(change(zoneId, ['UPSERT', txt('a')], ['UPSERT', txt('a')])).rejects.toMatchObject(problem);
    await change(zoneId, ['CREATE', txt('a')]);
    await expect(change(zoneId, ['DELETE', txt('a')], ['DELETE', txt('a')])).rejects.toMatchObject(problem);
  });

  it('accepts only names within the zone', async () => {
    await expect(change(zoneId, ['CREATE', recordSet('notexample.com', 'TXT', '"a"')])).rejects.toMatchObject(
      invalidBatch('RRSet with DNS name notexample.com. is not permitted in zone example.com.'),
    );
  });

  it('accepts only names that DNS can carry', async () => {
    await expect(change(zoneId, ['CREATE', recordSet('a..example.com', 'TXT', '"a"')])).rejects.toMatchObject(
      invalidBatch("FATAL problem: DomainLabelEmpty (Domain label is empty) encountered with 'a..example.com.'"),
    );
    const long = `${'a'.repeat(64)}.example.com.`;
    await expect(change(zoneId, ['CREATE', recordSet(long, 'TXT', '"a"')])).rejects.toMatchObject(
      invalidBatch(`FATAL problem: DomainLabelTooLong (Domain label is too long) encountered with '${long}'`),
    );
  });

  it('normalises names to lower case, a trailing dot and octal escapes', async () => {
    await change(zoneId, ['CREATE', recordSet('*.DEV.Example.com', 'TXT', '"a"')]);
    expect(route53.records(zoneId).map((set) => set.name)).toContain('\\052.dev.example.com.');
    await expect(change(zoneId, ['CREATE', recordSet('\\052.dev.example.com.', 'TXT', '"a"')])).rejects.toMatchObject({
      name: 'InvalidChangeBatch',
    });
  });

  it('keeps a CNAME record alone at its name', async () => {
    await expect(change(zoneId, ['CREATE', recordSet('example.com', 'CNAME', 'a.net')])).rejects.toMatchObject(
      invalidBatch('RRSet of type CNAME with DNS name example.com. is not permitted at apex in zone example.com.'),
    );
    await change(zoneId, ['CREATE', txt('a')]);
    const alias = recordSet(CHALLENGE, 'CNAME', 'a.net');
    await expect(change(zoneId, ['CREATE', alias])).rejects.toMatchObject(
      invalidBatch(
        `RRSet of type CNAME with DNS name ${CHALLENGE}. is not permitted as it conflicts with other records with the same DNS name in zone example.com.`,
      ),
    );
    await change(zoneId, ['DELETE', txt('a')], ['CREATE', alias]);
    await expect(change(zoneId, ['UPSERT', txt('a')])).rejects.toMatchObject(
      invalidBatch(
        `RRSet of type TXT with DNS name ${CHALLENGE}. is not permitted because a conflicting RRSet of type  CNAME with the same DNS name already exists in zone example.com.`,
      ),
    );
  });

  it('takes TXT values as quoted strings of 255 bytes at most', async () => {
    const invalid = (value: string, problem: string) =>
      invalidBatch(`Invalid Resource Record: 'FATAL problem: ${problem} encountered with '${value}''`);
    const unquoted = 'InvalidCharacterString (Value should be enclosed in quotation marks)';
    for (const value of ['bare', '"open', '""a""', '"a"b', "'a'"]) {
      await expect(change(zoneId, ['CREATE', recordSet(CHALLENGE, 'TXT', value)])).rejects.toMatchObject(
        invalid(value, unquoted),
      );
    }
    const long = `"${'ä'.repeat(128)}"`;
    await expect(change(zoneId, ['CREATE', recordSet(CHALLENGE, 'TXT', long)])).rejects.toMatchObject(
      invalid(long, 'CharacterStringTooLong (Value is too long)'),
    );
    const fine = [`"${'a'.repeat(255)}" "b"`, '"say \\"hello\\""', `"${'\\344'.repeat(255)}"`, '""', '"<&>"'];
    await change(zoneId, ['CREATE', recordSet(CHALLENGE, 'TXT', ...fine)]);
    expect(challengeValues(zoneId)).toEqual(fine);
  });

  it('refuses A and AAAA values that are no addresses', async () => {
    await expect(change(zoneId, ['CREATE', recordSet('a.example.com', 'A', 'b.net')])).rejects.toMatchObject({
      message: expect.stringContaining('ARRDATAIllegalIPv4Address (Value is not a valid IPv4 address)'),
    });
    await expect(change(zoneId, ['CREATE', recordSet('a.example.com', 'AAAA', '::g')])).rejects.toMatchObject({
      message: expect.stringContaining('AAAARRDATAIllegalIPv6Address (Value is not a valid IPv6 address)'),
    });
    await expect(change(zoneId, ['DELETE', recordSet('a.example.com', 'A', 'b.net')])).rejects.toMatchObject(
      invalidBatch(
        "Tried to delete resource record set [name='a.example.com.', type='A'] but the rdata provided is invalid",
      ),
    );
  });

  it('refuses a value that is twice in a record set', async () => {
    await expect(change(zoneId, ['CREATE', txt('a', 'b', 'a')])).rejects.toMatchObject(
      invalidBatch(`Duplicate Resource Record: '"a"'`),
    );
  });

  it('keeps the SOA and NS record sets of the zone itself', async () => {
    const own = (type: string): ResourceRecordSet => {
      const found = route53.records(zoneId).find((set) => set.type === type);
      return { ...recordSet('example.com', type, ...(found?.values ?? [])), TTL: found?.ttl };
    };
    await expect(change(zoneId, ['DELETE', own('NS')], ['DELETE', own('SOA')])).rejects.toMatchObject(
      invalidBatch(
        'A HostedZone must contain at least one NS record for the zone itself.',
        'A HostedZone must contain exactly one SOA record.',
      ),
    );
  });

  it('refuses the whole batch for a name and type that is protected, whether it has record sets or not', async () => {
    route53.protect(zoneId, CHALLENGE, 'TXT', 'ask the DNS team');
    const free = recordSet('free.example.com', 'TXT', '"x"');
    for (const action of ['CREATE', 'UPSERT', 'DELETE'] as const) {
      await expect(change(zoneId, ['CREATE', free], [action, txt('x')])).rejects.toMatchObject(
        invalidBatch(`Resource record set [name='${CHALLENGE}.', type='TXT'] is protected: ask the DNS team`),
      );
    }
    await change(zoneId, ['CREATE', recordSet(CHALLENGE, 'A', '192.0.2.1')], ['CREATE', free]);
  });

  it('takes 1,000 records in a request, where those of an UPSERT count twice', async () => {
    const records = (count: number, from = 0) =>
      Array.from({ length: count / 100 }, (_, set) =>
        recordSet(`n${from + set}.example.com`, 'TXT', ...Array.from({ length: 100 }, (_, index) => `"${index}"`)),
      );
    const tooMany = invalidBatch('Number of records limit of 1000 exceeded.');
    await change(zoneId, ...records(1_000).map((set): Step => ['CREATE', set]));
    await expect(
      change(zoneId, ['CREATE', txt('a')], ...records(1_000, 10).map((set): Step => ['CREATE', set])),
    ).rejects.toMatchObject(tooMany);
    await change(zoneId, ...records(500).map((set): Step => ['UPSERT', set]));
    await expect(
      change(zoneId, ['UPSERT', txt('a')], ...records(500).map((set): Step => ['UPSERT', set])),
    ).rejects.toMatchObject(tooMany);
  });

  it('takes 32,000 characters of values in a request, where those of an UPSERT count twice', async () => {
    // 160 values of 200 characters, quotation marks included.
    const values = Array.from({ length: 160 }, (_, index) => index.toString().padStart(198, '0'));
    await change(zoneId, ['CREATE', txt(...values)]);
    const tooMuch = invalidBatch('RDATA character limit of 32000 exceeded.');
    await expect(change(zoneId, ['UPSERT', txt(...values)])).rejects.toMatchObject(tooMuch);
    await expect(change(zoneId, ['DELETE', txt(...values)], ['CREATE', txt('a')])).rejects.toMatchObject(tooMuch);
  });

  it('takes 400 records in a record set', async () => {
    const values = Array.from({ length: 401 }, (_, index) => String(index));
    await change(zoneId, ['CREATE', txt(...values.slice(1))]);
    await expect(
      change(zoneId, ['CREATE', recordSet('a.example.com', 'TXT', ...values.map((v) => `"${v}"`))]),
    ).rejects.toMatchObject(invalidBatch('Cannot have more than 400 records in a RRSet.'));
  });

  it('refuses changes that are incomplete or no changes at all as InvalidInput', async () => {
    const { TTL, ...withoutTtl } = txt('a');
    await expect(change(zoneId, ['DELETE', withoutTtl])).rejects.toMatchObject({
      name: 'InvalidInput',
      message: `Invalid request: Expected exactly one of [AliasTarget, all of [TTL, and ResourceRecords], or TrafficPolicyInstanceId], but found none in Change with [Action=DELETE, Name=${CHALLENGE}, Type=TXT, SetIdentifier=null]`,
    });
    const noRecords = change(zoneId, ['CREATE', { ...txt(), ResourceRecords: [] }]);
    await expect(noRecords).rejects.toMatchObject({ name: 'InvalidInput' });
    await expect(change(zoneId)).rejects.toMatchObject({ name: 'InvalidInput' });
    const noType = change(zoneId, ['CREATE', recordSet(CHALLENGE, 'TEXT', '"a"')]);
    await expect(noType).rejects.toMatchObject({ name: 'InvalidInput' });
    const noAction = change(zoneId, ['REPLACE' as 'CREATE', txt('a')]);
    await expect(noAction).rejects.toMatchObject({ name: 'InvalidInput' });
    await expect(change(zoneId, ['CREATE', { ...txt('a'), TTL: 2 ** 31 }])).rejects.toMatchObject({
      name: 'InvalidInput',
    });
    expect(TTL).toBe(60);
  });

  it('refuses a body that is no such request as MalformedInput', async () => {
    const request = {
      method: 'POST',
      path: `/2013-04-01/hostedzone/${zoneId}/rrset/`,
      query: new URLSearchParams(),
      headers: {},
      region: 'us-east-1',
      accessKeyId: 'test',
    };
    for (const body of ['', '<ChangeBatch/>', '<ChangeResourceRecordSetsRequest>', '{}']) {
      const answer = route53.answer('ChangeResourceRecordSets', { ...request, body });
      await expect(answer).rejects.toMatchObject({ status: 400, errorName: 'MalformedInput' });
    }
  });

  it("reads numeric character references, as Go's SDK writes quotation marks", async () => {
    const set = `<Name>${CHALLENGE}</Name><Type>TXT</Type><TTL>60</TTL><ResourceRecords><ResourceRecord><Value>&#34;a&#x26;b&#34;</Value></ResourceRecord></ResourceRecords>`;
    const changes = `<Changes><Change><Action>CREATE</Action><ResourceRecordSet>${set}</ResourceRecordSet></Change></Changes>`;
    await route53.answer('ChangeResourceRecordSets', {
      method: 'POST',
      path: `/2013-04-01/hostedzone/${zoneId}/rrset/`,
      query: new URLSearchParams(),
      headers: {},
      region: 'us-east-1',
      accessKeyId: 'test',
      body: `<ChangeResourceRecordSetsRequest><ChangeBatch>${changes}</ChangeBatch></ChangeResourceRecordSetsRequest>`,
    });
    expect(challengeValues(zoneId)).toEqual(['"a&b"']);
  });

  it('knows no zone by an id that was never given', async () => {
    await expect(change('Z404', ['CREATE', txt('a')])).rejects.toMatchObject({ name: 'NoSuchHostedZone' });
  });

  it('refuses another change while the zone processes one, and no other zone', async () => {
    route53.settings.zoneProcessingMilliseconds = 200;
    const other = route53.createZone('example.net').id;
    await change(zoneId, ['CREATE', txt('a')]);
    await clock.advance(199);
    await expect(change(zoneId, ['UPSERT', txt('b')])).rejects.toMatchObject({
      name: 'PriorRequestNotComplete',
      message: 'The request was rejected because Route 53 was still processing a prior request.',
      ...statusCode(400),
    });
    await change(other, ['CREATE', recordSet('a.example.net', 'TXT', '"a"')]);
    await clock.advance(1);
    await change(zoneId, ['UPSERT', txt('b')]);
  });
});

describe('GetChange', () => {
  it('turns from PENDING to INSYNC when the name servers have the change, with many on their way', async () => {
    const { id } = route53.createZone('example.com');
    const status = async (Id: string | undefined) =>
      (await client.send(new GetChangeCommand({ Id }))).ChangeInfo?.Status;
    const first = (await change(id, ['CREATE', txt('a')])).ChangeInfo?.Id;
    await clock.advance(10_000);
    const second = (await change(id, ['UPSERT', txt('b')])).ChangeInfo?.Id;
    const values = () => route53.propagated(id).find((set) => set.type === 'TXT')?.values;
    expect([await status(first), await status(second), values()]).toEqual(['PENDING', 'PENDING', undefined]);
    await clock.advance(20_000);
    expect([await status(first), await status(second), values()]).toEqual(['INSYNC', 'PENDING', ['"a"']]);
    await clock.advance(10_000);
    expect([await status(first), await status(second), values()]).toEqual(['INSYNC', 'INSYNC', ['"b"']]);
  });

  it('returns the comment and the time of the change', async () => {
    const { id } = route53.createZone('example.com');
    const ChangeBatch = { Comment: 'evercert', Changes: [{ Action: 'CREATE' as const, ResourceRecordSet: txt('a') }] };
    const changed = await client.send(new ChangeResourceRecordSetsCommand({ HostedZoneId: id, ChangeBatch }));
    const submittedAt = new Date(clock.now());
    await clock.advance(1_000);
    const { ChangeInfo } = await client.send(new GetChangeCommand({ Id: changed.ChangeInfo?.Id }));
    expect(ChangeInfo).toMatchObject({ Comment: 'evercert', SubmittedAt: submittedAt });
  });

  it('knows no change by an id that was never given', async () => {
    await expect(client.send(new GetChangeCommand({ Id: 'C404' }))).rejects.toMatchObject({
      name: 'NoSuchChange',
      message: 'Could not find resource with ID: C404',
      ...statusCode(404),
    });
  });
});

describe('throttling', () => {
  const throttled = { name: 'Throttling', message: 'Rate exceeded', ...statusCode(400) };
  const ask = (count: number) =>
    Promise.allSettled(Array.from({ length: count }, () => client.send(new ListHostedZonesCommand({}))));
  const fulfilled = (results: readonly PromiseSettledResult<unknown>[]) =>
    results.filter(({ status }) => status === 'fulfilled').length;

  it('lets fifty requests of an account pass at once and ten more each second', async () => {
    const { id } = route53.createZone('example.com');
    expect(fulfilled(await ask(51))).toBe(50);
    await expect(client.send(new GetHostedZoneCommand({ Id: id }))).rejects.toMatchObject(throttled);
    await clock.advance(1_000);
    expect(fulfilled(await ask(11))).toBe(10);
  });

  it('gives each action a bucket of its own: forty of CreateHostedZone, two more each second', async () => {
    let reference = 0;
    const create = () => {
      reference += 1;
      return client.send(new CreateHostedZoneCommand({ Name: 'example.com', CallerReference: String(reference) }));
    };
    expect(fulfilled(await Promise.allSettled(Array.from({ length: 41 }, create)))).toBe(40);
    await clock.advance(1_000);
    expect(fulfilled(await Promise.allSettled(Array.from({ length: 3 }, create)))).toBe(2);
  });

  it('takes a token for CREATE and DELETE and two for UPSERT out of 1,500, refilled by a hundred a second', async () => {
    const { id } = route53.createZone('example.com');
    const steps = (action: Step[0], count: number) =>
      Array.from({ length: count }, (_, index): Step => [action, recordSet(`n${index}.example.com`, 'TXT', '"a"')]);
    await change(id, ...steps('CREATE', 500));
    await change(id, ...steps('UPSERT', 450));
    await expect(change(id, ...steps('DELETE', 101))).rejects.toMatchObject(throttled);
    await change(id, ...steps('DELETE', 100));
    await expect(change(id, ...steps('CREATE', 1))).rejects.toMatchObject(throttled);
    await clock.advance(20);
    await change(id, ...steps('UPSERT', 1));
  });

  it('can be reset and switched off', async () => {
    await ask(50);
    route53.resetThrottling();
    expect(fulfilled(await ask(50))).toBe(50);
    route53.settings.throttling = false;
    expect(fulfilled(await ask(50))).toBe(50);
  });
});

describe('what name servers have', () => {
  const challenge = (...values: string[]) => ({ name: CHALLENGE, type: 'TXT', ttl: 60, values });
  const seen = (zoneId: string, server = 0) =>
    route53.propagated(zoneId, server).find((set) => set.type === 'TXT')?.values;

  it('is put and erased at once by a test, also over changes that are on their way', async () => {
    const { id } = route53.createZone('example.com');
    await change(id, ['CREATE', txt('a')]);
    route53.put(id, challenge('"b"'));
    expect([seen(id), challengeValues(id)]).toEqual([['"b"'], ['"b"']]);
    await clock.advance(30_000);
    expect(seen(id)).toEqual(['"b"']);
    route53.erase(id, CHALLENGE, 'TXT');
    expect([seen(id), challengeValues(id)]).toEqual([undefined, undefined]);
  });

  it('is only put there as Route 53 would take it', () => {
    const { id } = route53.createZone('example.com');
    expect(() => route53.put(id, challenge('unquoted'))).toThrow('InvalidCharacterString');
  });

  it("follows another client's overwrite after the delay", async () => {
    const { id } = route53.createZone('example.com');
    route53.put(id, challenge('"a"'));
    route53.overwrite(id, challenge('"theirs"'));
    expect([seen(id), challengeValues(id)]).toEqual([['"a"'], ['"theirs"']]);
    await clock.advance(30_000);
    expect(seen(id)).toEqual(['"theirs"']);
  });

  it('comes later on a server that lags, and never on one that is stuck', async () => {
    const { id } = route53.createZone('example.com');
    route53.settings.serverLagMilliseconds = [0, 5_000, Number.POSITIVE_INFINITY];
    await change(id, ['CREATE', txt('a')]);
    await clock.advance(30_000);
    expect([seen(id, 0), seen(id, 1), seen(id, 2)]).toEqual([['"a"'], undefined, undefined]);
    await clock.advance(5_000);
    expect([seen(id, 0), seen(id, 1), seen(id, 2)]).toEqual([['"a"'], ['"a"'], undefined]);
    route53.settings.serverLagMilliseconds = [];
    expect(seen(id, 2)).toEqual(['"a"']);
  });

  it('can be held back for ever and let go by hand', async () => {
    const { id } = route53.createZone('example.com');
    route53.settings.propagationMilliseconds = Number.POSITIVE_INFINITY;
    const { ChangeInfo } = await change(id, ['CREATE', txt('a')]);
    await clock.advance(86_400_000);
    expect(seen(id)).toBeUndefined();
    route53.propagateNow();
    expect(seen(id)).toEqual(['"a"']);
    await expect(client.send(new GetChangeCommand({ Id: ChangeInfo?.Id }))).resolves.toMatchObject({
      ChangeInfo: { Status: 'INSYNC' },
    });
  });
});
