import { createSocket } from 'node:dgram';
import type { Socket as TcpSocket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { decode, encode } from 'dns-packet';
import { propagation } from '../../lambdas/core/propagation.ts';
import { createFindServers } from '../../lambdas/dns/authoritative-servers.ts';
import { createAuthoritativeTxt } from '../../lambdas/dns/authoritative-txt.ts';
import { createPublicDns } from '../../lambdas/dns/public-dns.ts';
import { FOR_AN_ANSWER, FOR_SILENCE } from '../dns/patience.ts';
import { startNameServer } from '../sandbox/name-server.ts';
import { listenOnOnePort, stopListening, type UdpAndTcp } from '../sandbox/ports.ts';
import { recordSetKey } from '../sandbox/route53-change-batch.ts';

/** The TC bit: the rest is to be had over TCP. */
const TRUNCATED = 0x0200;
/** The most that one string of a TXT record has. */
const TEXT = 'x'.repeat(255);
const MOST_RECORDS = 60;
const RECORD = { recordName: '_acme-challenge.example.com', zoneName: 'example.com' };

/** With its length in front, as over TCP. */
function framed(message: Buffer): Buffer {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(message.length);
  return Buffer.concat([length, message]);
}

describe('A hostile DNS server', () => {
  let server: UdpAndTcp;
  let answer: (query: Buffer) => readonly Buffer[];
  beforeEach(async () => {
    [server] = await listenOnOnePort(['127.0.0.1']);
    const { udp } = server;
    udp.on('message', (query, { port, address }) => {
      for (const message of answer(query)) udp.send(message, port, address);
    });
  });
  afterEach(() => stopListening(server));

  const look = (patience = FOR_AN_ANSWER) => {
    const endpoints = [`127.0.0.1:${server.udp.address().port}`];
    return createAuthoritativeTxt({ ...patience, findServers: async () => [{ name: 'ns', endpoints }] }).look(RECORD);
  };
  const txt = (
    query: Buffer,
    changes: { readonly id?: number; readonly name?: string; readonly ttl?: number } = {},
    data = ['a', 'b'],
  ) => {
    const { id = 0, questions = [] } = decode(query);
    const name = changes.name ?? RECORD.recordName;
    const { ttl = 60 } = changes;
    const asked = changes.name === undefined ? questions : [{ type: 'TXT' as const, name }];
    return encode({
      type: 'response',
      id: changes.id ?? id,
      questions: asked,
      answers: [{ type: 'TXT', name, ttl, data }],
    });
  };

  it('that forges ids and questions before the true answer is not believed (RFC 5452, section 9.1)', async () => {
    answer = (query) => [
      txt(query, { id: ((decode(query).id ?? 0) + 1) % 65_536 }, ['forged']),
      txt(query, { name: 'other.example' }, ['forged']),
      txt(query),
    ];
    expect((await look())[0]?.values).toEqual(['ab']);
  });

  it.each([
    // CVE-2000-0333 and its kin: a name that points at itself.
    [
      'a compression loop',
      (query: Buffer) => Buffer.concat([txt(query).subarray(0, 12), Buffer.from('c00c00100001', 'hex')]),
    ],
    ['half a header', (query: Buffer) => query.subarray(0, 6)],
    ['a truncated message', (query: Buffer) => txt(query).subarray(0, -3)],
    [
      'more records than there are',
      (query: Buffer) => Buffer.concat([txt(query).subarray(0, 6), Buffer.from('ffff', 'hex'), txt(query).subarray(8)]),
    ],
    ['its own question back', (query: Buffer) => query],
    ['noise', (query: Buffer) => Buffer.concat([query.subarray(0, 2), Buffer.alloc(500, 0xff)])],
  ])('is reported as one without an answer: %s', async (_what, broken) => {
    answer = (query) => [broken(query)];
    const [seen] = await look(FOR_SILENCE);
    expect(seen?.values).toBeUndefined();
    expect(seen?.problem).toMatch(/^(timed out|malformed response|FORMERR|connection refused|SERVFAIL|lame: .*)$/);
  });

  it.each([0, 2 ** 31 - 1, 2 ** 32 - 1])('may say any time to live: %i', async (ttl) => {
    answer = (query) => [txt(query, { ttl })];
    expect((await look())[0]?.values).toEqual(['ab']);
  });

  it.each(['issue', 'critical', 'type', '__proto__', 'constructor', '1'])(
    'may call a CAA property anything, and its flags are a number: %s',
    async (tag) => {
      answer = (query) => {
        const { id = 0, questions = [] } = decode(query);
        const name = questions[0]?.name ?? '';
        // The encoder takes any tag; its type knows three.
        const data = { flags: 0, tag: tag as 'issue', value: '200' };
        // Whoever answers for names that do not exist is not believed at all.
        const answers = name.endsWith('.invalid') ? [] : [{ type: 'CAA' as const, name, data }];
        return [encode({ type: 'response', id, questions, answers })];
      };
      const resolvers = [`127.0.0.1:${server.udp.address().port}`];
      const dns = createPublicDns({ resolvers, findServers: async () => [], ...FOR_AN_ANSWER });
      expect(await dns.caaAt('example.com')).toMatchObject({ records: [{ flags: 0 }] });
    },
  );

  it('that answers from another port than the one that was asked is not believed (RFC 5452, section 9.1)', async () => {
    const other = createSocket('udp4');
    server.udp.on('message', (query, { port, address }) => other.send(txt(query, {}, ['forged']), port, address));
    answer = () => [];
    expect(await look(FOR_SILENCE)).toMatchObject([{ values: undefined, problem: 'timed out' }]);
    await new Promise<void>((resolve) => other.close(() => resolve()));
  });

  describe('that asks to come again over TCP', () => {
    let say: (query: Buffer, connection: TcpSocket) => void;
    const open = new Set<TcpSocket>();
    beforeEach(() => {
      answer = (query) => [encode({ ...decode(query), type: 'response', flags: TRUNCATED })];
      server.tcp.on('connection', (connection) => {
        open.add(connection.on('error', () => undefined));
        connection.once('data', (query) => say(query.subarray(2), connection));
      });
    });
    afterEach(() => {
      for (const connection of open) connection.destroy();
    });

    it('may send all that fits into a message, of which little is shown', async () => {
      say = (query, connection) => connection.write(framed(most(query)));
      const answers = await look();
      expect(answers[0]?.values).toHaveLength(MOST_RECORDS);
      const { kind, found } = propagation(answers, ['ours']);
      expect(kind).toBe('waiting');
      expect(found.length).toBeLessThan(1_000);
      expect(propagation(answers, [TEXT.repeat(4)]).kind).toBe('visible');
    });

    it.each<[string, (query: Buffer, connection: TcpSocket) => void]>([
      ['hangs up', (_, connection) => connection.end()],
      ['is silent', () => undefined],
      ['stops in the middle', (query, connection) => connection.write(framed(most(query)).subarray(0, 30_000))],
      ['announces a message of no bytes', (_, connection) => connection.write(Buffer.from([0, 0]))],
      [
        'answers with another id',
        (query, connection) => connection.write(framed(txt(query, { id: ((decode(query).id ?? 0) + 1) % 65_536 }))),
      ],
      [
        'truncates again',
        (query, connection) =>
          connection.write(framed(encode({ ...decode(query), type: 'response', flags: TRUNCATED }))),
      ],
    ])('and then %s is reported as one without an answer', async (_what, does) => {
      say = does;
      expect((await look(FOR_SILENCE))[0]?.values).toBeUndefined();
    });

    /** Records of a kilobyte each, as many as the length of a message over TCP allows (RFC 1035, section 4.2.2). */
    const most = (query: Buffer) =>
      encode({
        ...decode(query),
        type: 'response',
        answers: Array.from({ length: MOST_RECORDS }, () => ({
          type: 'TXT' as const,
          name: RECORD.recordName,
          data: Array.from({ length: 4 }, () => TEXT),
        })),
      });
  });

  it('that names two hundred servers makes us ask 32', async () => {
    const names = Array.from({ length: 200 }, (_, n) => `ns-${n}.example.net`);
    const set = { name: 'example.com.', type: 'NS', ttl: 60, values: names.map((name) => `${name}.`) };
    const records = new Map([[recordSetKey(set), set]]);
    const many = await startNameServer({
      route53: { settings: { nameServers: names }, served: () => [{ name: 'example.com.', records }] },
    });
    const found = await createFindServers({ ...FOR_AN_ANSWER, resolvers: [many.address], port: 53 })('example.com');
    expect(found).toHaveLength(32);
    expect(many.queries.filter(({ type }) => type === 'A')).toHaveLength(32);
    await many.stop();
  });
});
