import { createSocket } from 'node:dgram';
import { Resolver } from 'node:dns/promises';
import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type Answer, type DecodedPacket, decode, encode, type Question, type RecordType } from 'dns-packet';
import { type NameServer, startNameServer } from './name-server.ts';
import { freePort } from './ports.ts';
import { Route53 } from './route53.ts';

const clock = { time: 0, now: () => clock.time };
let route53: Route53;
let nameServer: NameServer;
let zoneId: string;

beforeEach(async () => {
  route53 = new Route53({ clock });
  nameServer = await startNameServer({ route53 });
  zoneId = route53.createZone('example.com').id;
});

afterEach(() => nameServer.stop());

function put(name: string, type: string, ...values: string[]): void {
  route53.put(zoneId, { name, type, ttl: 60, values });
}

interface Asked {
  readonly edns?: number;
  readonly class?: Question['class'];
  readonly flags?: number;
}

function query(name: string, type: string, asked: Asked = {}): Buffer {
  const opt = { type: 'OPT', name: '.', udpPayloadSize: asked.edns, flags: 0, options: [] } as unknown as Answer;
  return encode({
    type: 'query',
    id: 4_711,
    flags: asked.flags ?? 0,
    questions: [{ name, type: type as RecordType, class: asked.class ?? 'IN' }],
    additionals: asked.edns === undefined ? [] : [opt],
  });
}

async function overUdp(message: Buffer): Promise<Buffer> {
  const socket = createSocket('udp4');
  try {
    socket.send(message, nameServer.port, nameServer.host);
    const [response] = (await once(socket, 'message')) as [Buffer];
    return response;
  } finally {
    socket.close();
  }
}

/** What dns-packet's types leave out. */
type Response = DecodedPacket & { readonly rcode: string };

async function ask(name: string, type: string, asked: Asked = {}): Promise<Response> {
  return decode(await overUdp(query(name, type, asked))) as Response;
}

/** Sends raw bytes and waits for one framed response. */
async function overTcp(...chunks: readonly Buffer[]): Promise<Buffer> {
  const socket = connect(nameServer.port, nameServer.host);
  try {
    socket.setNoDelay(true);
    for (const chunk of chunks) await new Promise((resolve) => socket.write(chunk, resolve));
    let received = Buffer.alloc(0);
    for await (const chunk of socket) {
      received = Buffer.concat([received, chunk as Buffer]);
      if (received.length >= 2 && received.length >= 2 + received.readUInt16BE(0)) break;
    }
    return received.subarray(2);
  } finally {
    socket.destroy();
  }
}

function framed(message: Buffer): Buffer {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(message.length);
  return Buffer.concat([length, message]);
}

const data = (answers: readonly Answer[] | undefined) =>
  answers?.map((answer) => ('data' in answer ? [answer.name, answer.type, String(answer.data)] : [answer.name]));

/** For servers that answer: no machine stands still for so long. */
const PATIENCE = 5_000;

function resolver(timeout = PATIENCE): Resolver {
  const asking = new Resolver({ timeout, tries: 1 });
  asking.setServers([nameServer.address]);
  return asking;
}

describe('answers', () => {
  it('are what node:dns understands: TXT, A, NS, SOA, CNAME, CAA and MX', async () => {
    put('_acme-challenge.example.com', 'TXT', '"one" "two"', '"three"', '"\\"\\\\\\101"');
    put('www.example.com', 'A', '192.0.2.1');
    put('www.example.com', 'AAAA', '2001:db8::1');
    put('alias.example.com', 'CNAME', 'www.example.com.');
    put('example.com', 'CAA', '0 issue "ca.example; validationmethods=dns-01"');
    put('example.com', 'MX', '10 mail.example.com');
    const dns = resolver();
    expect(await dns.resolveTxt('_acme-challenge.example.com')).toEqual([['one', 'two'], ['three'], ['"\\A']]);
    expect(await dns.resolve4('www.example.com')).toEqual(['192.0.2.1']);
    expect(await dns.resolve6('www.example.com')).toEqual(['2001:db8::1']);
    expect(await dns.resolve4('alias.example.com')).toEqual(['192.0.2.1']);
    expect(await dns.resolveCname('alias.example.com')).toEqual(['www.example.com']);
    expect(await dns.resolveNs('example.com')).toEqual(['ns-1.sandbox.example']);
    expect(await dns.resolveSoa('example.com')).toMatchObject({ nsname: 'ns-1.sandbox.example', minttl: 86_400 });
    expect(await dns.resolveCaa('example.com')).toEqual([
      { critical: 0, issue: 'ca.example; validationmethods=dns-01', type: 'CAA' },
    ]);
    expect(await dns.resolveMx('example.com')).toMatchObject([{ exchange: 'mail.example.com', priority: 10 }]);
  });

  it('are authoritative and echo the id, the question, its spelling and RD', async () => {
    put('_acme-challenge.example.com', 'TXT', '"a"');
    const response = await ask('_ACME-challenge.eXample.COM', 'TXT', { flags: 0x100 });
    expect(response).toMatchObject({
      id: 4_711,
      type: 'response',
      rcode: 'NOERROR',
      flag_aa: true,
      flag_rd: true,
      flag_ra: false,
      questions: [{ name: '_ACME-challenge.eXample.COM', type: 'TXT', class: 'IN' }],
    });
    expect(data(response.answers)).toEqual([['_ACME-challenge.eXample.COM', 'TXT', 'a']]);
  });

  it('follow Route 53 only when a change has propagated', async () => {
    const dns = resolver();
    const missing = dns.resolveTxt('_acme-challenge.example.com');
    await expect(missing).rejects.toMatchObject({ code: 'ENOTFOUND' });
    route53.overwrite(zoneId, { name: '_acme-challenge.example.com', type: 'TXT', ttl: 60, values: ['"a"'] });
    await expect(dns.resolveTxt('_acme-challenge.example.com')).rejects.toMatchObject({ code: 'ENOTFOUND' });
    clock.time += 30_000;
    expect(await dns.resolveTxt('_acme-challenge.example.com')).toEqual([['a']]);
  });

  it('tell a name that does not exist from one without such records, with the SOA record in both', async () => {
    put('a.b.example.com', 'TXT', '"a"');
    const soa = [['example.com', 'SOA', expect.anything()]];
    const absent = await ask('c.example.com', 'TXT');
    expect([absent.rcode, absent.flag_aa, absent.answers, data(absent.authorities)]).toEqual([
      'NXDOMAIN',
      true,
      [],
      soa,
    ]);
    // Cached no longer than the lower of the record's TTL and its minimum.
    expect(absent.authorities?.[0]).toMatchObject({ ttl: 900 });
    for (const name of ['a.b.example.com', 'b.example.com']) {
      const empty = await ask(name, 'A');
      expect([empty.rcode, empty.flag_aa, empty.answers, data(empty.authorities)]).toEqual(['NOERROR', true, [], soa]);
    }
  });

  it('are refused outside the public zones', async () => {
    route53.createZone('internal.example', { privateZone: true });
    for (const name of ['example.org', '.', 'internal.example']) {
      const response = await ask(name, 'NS');
      expect([name, response.rcode, response.flag_aa]).toEqual([name, 'REFUSED', false]);
    }
  });

  it('say below the top-level domains of the zones that nothing else exists', async () => {
    expect(await ask('notexample.com', 'NS')).toMatchObject({ rcode: 'NXDOMAIN' });
    route53.delegate('example.com', undefined);
    expect(await ask('example.com', 'NS')).toMatchObject({ rcode: 'NXDOMAIN' });
    expect((await ask('com', 'NS')).answers).toHaveLength(1);
  });

  it('come from the one of two zones that the name is delegated to', async () => {
    const second = route53.createZone('example.com', { nameServers: ['ns-9.other.example'] });
    expect(JSON.stringify((await ask('example.com', 'NS')).answers)).toContain('ns-1.sandbox.example');
    route53.delegate('example.com', second.id);
    expect(JSON.stringify((await ask('example.com', 'NS')).answers)).toContain('ns-9.other.example');
    expect(JSON.stringify((await ask('ns-9.other.example', 'A')).answers)).toContain('127.0.0.1');
  });

  it('give the servers of a zone that the world does not ask an address of their own', async () => {
    const { id } = route53.createZone('example.com', { nameServers: ['ns-9.other.example'] });
    route53.delegate('example.com', zoneId);
    expect(await resolver().resolve4('ns-9.other.example')).toEqual(['127.0.0.9']);
    route53.delegate('example.com', id);
    expect(await resolver().resolve4('ns-9.other.example')).toEqual(['127.0.0.1']);
  });

  it('know where the name servers themselves are', async () => {
    expect(await resolver().resolve4('ns-1.sandbox.example')).toEqual(['127.0.0.1']);
    const response = await ask('ns-1.sandbox.example', 'AAAA');
    expect([response.rcode, response.answers]).toEqual(['NOERROR', []]);
    expect(data((await ask('example.com', 'NS')).additionals)).toEqual([['ns-1.sandbox.example', 'A', '127.0.0.1']]);
  });
});

describe('a CNAME record', () => {
  it('answers for every type and is followed within the zones', async () => {
    const other = route53.createZone('example.net').id;
    route53.put(other, { name: 'target.example.net', type: 'TXT', ttl: 60, values: ['"a"'] });
    put('_acme-challenge.example.com', 'CNAME', 'middle.example.com');
    put('middle.example.com', 'CNAME', 'target.example.net.');
    const response = await ask('_acme-challenge.example.com', 'TXT');
    expect(data(response.answers)).toEqual([
      ['_acme-challenge.example.com', 'CNAME', 'middle.example.com'],
      ['middle.example.com', 'CNAME', 'target.example.net'],
      ['target.example.net', 'TXT', 'a'],
    ]);
    const itself = await ask('_acme-challenge.example.com', 'CNAME');
    expect(data(itself.answers)).toEqual([['_acme-challenge.example.com', 'CNAME', 'middle.example.com']]);
  });

  it('is all that is answered when it leads out of the zones', async () => {
    put('_acme-challenge.example.com', 'CNAME', 'target.example.org');
    const response = await ask('_acme-challenge.example.com', 'TXT');
    expect([response.rcode, response.flag_aa]).toEqual(['NOERROR', true]);
    expect(data(response.answers)).toEqual([['_acme-challenge.example.com', 'CNAME', 'target.example.org']]);
  });

  it('gives NXDOMAIN with the chain when its target does not exist', async () => {
    put('_acme-challenge.example.com', 'CNAME', 'gone.example.com');
    const response = await ask('_acme-challenge.example.com', 'TXT');
    expect([response.rcode, response.answers?.length]).toEqual(['NXDOMAIN', 1]);
  });

  it('is followed once around a loop', async () => {
    put('a.example.com', 'CNAME', 'b.example.com');
    put('b.example.com', 'CNAME', 'A.example.com');
    const response = await ask('a.example.com', 'TXT');
    expect([response.rcode, response.answers?.length]).toEqual(['NOERROR', 2]);
  });
});

describe('a wildcard', () => {
  beforeEach(() => put('*.example.com', 'TXT', '"wild"'));

  it('answers for names that do not exist, under their own name', async () => {
    expect(data((await ask('a.b.example.com', 'TXT')).answers)).toEqual([['a.b.example.com', 'TXT', 'wild']]);
    expect(data((await ask('*.example.com', 'TXT')).answers)).toEqual([['*.example.com', 'TXT', 'wild']]);
    const otherType = await ask('a.example.com', 'A');
    expect([otherType.rcode, otherType.answers]).toEqual(['NOERROR', []]);
  });

  it('does not answer at or below names that exist', async () => {
    put('www.example.com', 'A', '192.0.2.1');
    expect(await ask('www.example.com', 'TXT')).toMatchObject({ rcode: 'NOERROR', answers: [] });
    expect(await ask('_acme-challenge.www.example.com', 'TXT')).toMatchObject({ rcode: 'NXDOMAIN', answers: [] });
  });

  it('may be a CNAME record', async () => {
    put('*.dev.example.com', 'CNAME', 'lb.example.org');
    expect(data((await ask('_acme-challenge.dev.example.com', 'TXT')).answers)).toEqual([
      ['_acme-challenge.dev.example.com', 'CNAME', 'lb.example.org'],
    ]);
  });
});

describe('a delegation', () => {
  it('is a referral with glue, without authority', async () => {
    put('sub.example.com', 'NS', 'ns.sub.example.com.', 'ns-1.sandbox.example.', 'ns.example.org.');
    put('ns.sub.example.com', 'A', '192.0.2.53');
    for (const name of ['sub.example.com', '_acme-challenge.sub.example.com']) {
      const response = await ask(name, 'TXT');
      expect([response.rcode, response.flag_aa, response.answers]).toEqual(['NOERROR', false, []]);
      expect(data(response.authorities)).toEqual([
        ['sub.example.com', 'NS', 'ns.sub.example.com'],
        ['sub.example.com', 'NS', 'ns-1.sandbox.example'],
        ['sub.example.com', 'NS', 'ns.example.org'],
      ]);
      expect(data(response.additionals)).toEqual([
        ['ns.sub.example.com', 'A', '192.0.2.53'],
        ['ns-1.sandbox.example', 'A', '127.0.0.1'],
      ]);
    }
  });

  it('does not matter when the delegated zone is hosted here too', async () => {
    put('sub.example.com', 'NS', 'ns.example.org.');
    const sub = route53.createZone('sub.example.com').id;
    route53.put(sub, { name: '_acme-challenge.sub.example.com', type: 'TXT', ttl: 60, values: ['"a"'] });
    const response = await ask('_acme-challenge.sub.example.com', 'TXT');
    expect([response.flag_aa, data(response.answers)]).toEqual([
      true,
      [['_acme-challenge.sub.example.com', 'TXT', 'a']],
    ]);
  });
});

describe('the transports', () => {
  const long = () => Array.from({ length: 8 }, (_, index) => `"${String(index).repeat(100)}"`);

  it('share a port', async () => {
    put('a.example.com', 'TXT', '"a"');
    const udp = await overUdp(query('a.example.com', 'TXT'));
    const tcp = await overTcp(framed(query('a.example.com', 'TXT')));
    expect(tcp).toEqual(udp);
    expect(nameServer.queries).toEqual([
      { name: 'a.example.com', type: 'TXT', transport: 'udp', server: 0 },
      { name: 'a.example.com', type: 'TXT', transport: 'tcp', server: 0 },
    ]);
  });

  it('truncate over UDP what exceeds 512 bytes, or the size that EDNS allows', async () => {
    put('a.example.com', 'TXT', ...long());
    expect(await ask('a.example.com', 'TXT')).toMatchObject({ flag_tc: true, flag_aa: true, answers: [] });
    expect(await ask('a.example.com', 'TXT', { edns: 600 })).toMatchObject({ flag_tc: true, answers: [] });
    const whole = await ask('a.example.com', 'TXT', { edns: 1_232 });
    expect([whole.flag_tc, whole.answers?.length]).toEqual([false, 8]);
  });

  it('give everything over TCP, where a resolver goes by itself', async () => {
    put('a.example.com', 'TXT', ...long(), ...long().map((value) => value.replace('"', '"x')));
    expect(await resolver().resolveTxt('a.example.com')).toHaveLength(16);
    const whole = decode(await overTcp(framed(query('a.example.com', 'TXT'))));
    expect([whole.flag_tc, whole.answers?.length]).toEqual([false, 16]);
  });

  it('answer EDNS with EDNS, and only then', async () => {
    const opt = (response: DecodedPacket) => response.additionals?.filter((record) => record.type === 'OPT');
    expect(opt(await ask('example.com', 'SOA', { edns: 1_232 }))).toMatchObject([{ udpPayloadSize: 4_096 }]);
    expect(opt(await ask('example.com', 'SOA'))).toEqual([]);
  });

  it('put together a TCP query that arrives in pieces', async () => {
    const message = framed(query('example.com', 'SOA'));
    const response = decode(await overTcp(message.subarray(0, 1), message.subarray(1, 9), message.subarray(9)));
    expect(response.answers).toHaveLength(1);
  });
});

describe('what is no proper query', () => {
  it('gets FORMERR, NOTIMP or REFUSED', async () => {
    const garbage = Buffer.concat([query('example.com', 'SOA').subarray(0, 12), Buffer.alloc(40, 0xff)]);
    expect(decode(await overUdp(garbage))).toMatchObject({ id: 4_711, rcode: 'FORMERR' });
    const noQuestion = encode({ type: 'query', id: 1, questions: [] });
    expect(decode(await overUdp(noQuestion))).toMatchObject({ id: 1, rcode: 'FORMERR' });
    const notText = query('example.com', 'SOA');
    notText.writeUInt8(0xff, 13);
    expect(decode(await overUdp(notText))).toMatchObject({ rcode: 'FORMERR' });
    expect(await ask('example.com', 'SOA', { flags: 0x2800 })).toMatchObject({ rcode: 'NOTIMP' });
    expect(await ask('example.com', 'SOA', { class: 'CH' })).toMatchObject({ rcode: 'REFUSED' });
  });

  it('gets nothing when it is a response itself', async () => {
    const socket = createSocket('udp4');
    const response = encode({ type: 'response', id: 1, questions: [{ name: 'example.com', type: 'SOA' }] });
    for (const message of [response, query('example.com', 'SOA')]) {
      await new Promise((resolve) => socket.send(message, nameServer.port, nameServer.host, resolve));
    }
    const [first] = (await once(socket, 'message')) as [Buffer];
    socket.close();
    expect(decode(first).id).toBe(4_711);
    expect(nameServer.queries).toHaveLength(1);
  });

  it('does not keep the server from answering the next one', async () => {
    const socket = createSocket('udp4');
    const complete = query('example.com', 'SOA', { edns: 1_232 });
    for (let length = 0; length < complete.length; length += 1) {
      await new Promise((resolve) =>
        socket.send(complete.subarray(0, length), nameServer.port, nameServer.host, resolve),
      );
    }
    socket.close();
    const cut = connect(nameServer.port, nameServer.host);
    await once(cut, 'connect');
    cut.write(Buffer.from([0xff, 0xff, 0x00]));
    cut.resetAndDestroy();
    expect(await ask('example.com', 'SOA')).toMatchObject({ rcode: 'NOERROR' });
  });
});

describe('the controls', () => {
  it('make a server refuse, fail, lie or fall silent, over both transports', async () => {
    nameServer.behaviour = 'refuse';
    expect(await ask('example.com', 'SOA')).toMatchObject({ rcode: 'REFUSED', answers: [] });
    nameServer.behaviour = 'servfail';
    expect(await ask('example.com', 'SOA')).toMatchObject({ rcode: 'SERVFAIL', answers: [] });
    const tcp = decode(await overTcp(framed(query('example.com', 'SOA')))) as Response;
    expect(tcp.rcode).toBe('SERVFAIL');
    nameServer.behaviour = 'forge';
    expect(await resolver().resolveTxt('nobody-wrote-this.example.com')).toEqual([['made up']]);
    nameServer.behaviour = 'silent';
    await expect(resolver(200).resolveSoa('example.com')).rejects.toMatchObject({ code: 'ETIMEOUT' });
    nameServer.behaviour = 'normal';
    expect(await ask('example.com', 'SOA')).toMatchObject({ rcode: 'NOERROR' });
    // Unanswered ones too; how often a resolver asks again is its own affair.
    expect(nameServer.queries.length).toBeGreaterThanOrEqual(5);
  });

  it('free the port on stop, with connections open', async () => {
    await nameServer.stop();
    const port = await freePort();
    const first = await startNameServer({ route53, port });
    const connection = connect(port, first.host);
    await once(connection, 'connect');
    const closed = once(connection, 'close');
    await first.stop();
    await closed;
    nameServer = await startNameServer({ route53, port });
    expect(nameServer.port).toBe(port);
  });

  it('say when the port is taken', async () => {
    await expect(startNameServer({ route53, port: nameServer.port })).rejects.toMatchObject({ code: 'EADDRINUSE' });
  });
});

describe('several servers', () => {
  it('need a host for each name', async () => {
    const started = startNameServer({ route53, hosts: ['127.0.0.1', '127.0.0.2'] });
    await expect(started).rejects.toThrow("2 hosts can't be 1 name servers: ns-1.sandbox.example.");
  });

  // The loopback addresses beyond the first exist on Linux alone.
  if (process.platform !== 'linux') return;

  it('share a port on different addresses, and lag and fail one by one', async () => {
    await nameServer.stop();
    route53 = new Route53({
      clock,
      settings: {
        nameServers: ['ns-1.sandbox.example.', 'ns-2.sandbox.example.'],
        serverLagMilliseconds: [0, 60_000],
      },
    });
    nameServer = await startNameServer({ route53, hosts: ['127.0.0.1', '127.0.0.2'] });
    zoneId = route53.createZone('example.com').id;
    route53.overwrite(zoneId, { name: 'a.example.com', type: 'TXT', ttl: 60, values: ['"a"'] });
    clock.time += 30_000;
    const at = (host: string) => {
      const asking = new Resolver({ timeout: PATIENCE, tries: 1 });
      asking.setServers([`${host}:${nameServer.port}`]);
      return asking;
    };
    expect(await at('127.0.0.1').resolve4('ns-2.sandbox.example')).toEqual(['127.0.0.2']);
    expect(await at('127.0.0.1').resolveTxt('a.example.com')).toEqual([['a']]);
    await expect(at('127.0.0.2').resolveTxt('a.example.com')).rejects.toMatchObject({ code: 'ENOTFOUND' });
    const [, second] = nameServer.servers;
    if (second) second.behaviour = 'servfail';
    await expect(at('127.0.0.2').resolveTxt('a.example.com')).rejects.toMatchObject({ code: 'ESERVFAIL' });
    expect(await at('127.0.0.1').resolveTxt('a.example.com')).toEqual([['a']]);
    expect(nameServer.queries.filter(({ type }) => type === 'TXT').map(({ server }) => server)).toEqual([0, 1, 1, 0]);
  });
});
