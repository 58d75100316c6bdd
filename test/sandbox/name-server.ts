import type { Socket } from 'node:net';
import { type Answer, AUTHORITATIVE_ANSWER, type DecodedPacket, decode, encode, TRUNCATED_RESPONSE } from 'dns-packet';
import type { Calls } from './calls.ts';
import type { Faults } from './faults.ts';
import { answerQuestion, type DnsAnswer, type ServedZone } from './name-server-answer.ts';
import { listenOnOnePort, stopListening } from './ports.ts';
import { normalizeName } from './route53-names.ts';

/**
 * `silent` takes queries and never answers; `refuse` and `servfail` answer everything with that response code; `forge`
 * says that there is one TXT value at every name, which nobody has written. Whoever uses a name server may switch at any time.
 */
export type NameServerBehaviour = 'normal' | 'silent' | 'refuse' | 'servfail' | 'forge';

export interface NameServerQuery {
  /** As it was asked, without a trailing dot. */
  readonly name: string;
  readonly type: string;
  readonly transport: 'udp' | 'tcp';
  /** The index in `servers`. */
  readonly server: number;
}

export interface NameServer {
  /** The first server's. */
  readonly host: string;
  /** UDP and TCP, and of all servers. */
  readonly port: number;
  /** `host:port`, as `Resolver.setServers` of node:dns takes it. */
  readonly address: string;
  /** One for each host. */
  readonly servers: readonly { readonly host: string; behaviour: NameServerBehaviour }[];
  /** The first server's; setting it sets all. */
  behaviour: NameServerBehaviour;
  /** Every query that was understood, answered or not; tests may empty it. */
  readonly queries: NameServerQuery[];
  stop(): Promise<void>;
}

/** The data that the servers answer from; `Route53` is one. */
export interface NameServerData {
  readonly settings: { readonly nameServers: readonly string[] };
  served(server: number): readonly ServedZone[];
  /** Of zones that have name servers of their own; all of them are at the first host. */
  nameServers?(): readonly string[];
  /** Of these, the ones with another address, at which nobody answers. */
  nameServersElsewhere?(): readonly string[];
}

const ELSEWHERE = '127.0.0.9';

/**
 * Starts authoritative name servers over UDP and TCP for the public zones of `route53`, as far as changes have
 * propagated. They also know the addresses of the zones' own name servers, so that one of them can stand in for a
 * resolver while somebody looks for a zone's servers. They don't recurse, and answer REFUSED outside their zones.
 *
 * There is one server for each of `hosts`. With a single host all of the zones' name servers are that one; with more
 * there must be as many as `settings.nameServers`, because the n-th name gets the n-th host's address. Linux has all of
 * 127.0.0.0/8 on the loopback interface, macOS only 127.0.0.1.
 */
export async function startNameServer(options: {
  readonly route53: NameServerData;
  readonly hosts?: readonly string[];
  /** Any free one when left out. */
  readonly port?: number;
  /** Watches the queries, `dns:TXT` and so on by type, and does to the answers what the faults say. */
  readonly calls?: Calls;
  readonly faults?: Faults;
}): Promise<NameServer> {
  const { route53, hosts = ['127.0.0.1'], port, calls, faults } = options;
  const names = route53.settings.nameServers;
  if (hosts.length > 1 && hosts.length !== names.length) {
    throw new Error(`${hosts.length} hosts can't be ${names.length} name servers: ${names.join(', ')}`);
  }
  const queries: NameServerQuery[] = [];
  const servers = hosts.map((host) => ({ host, behaviour: 'normal' as NameServerBehaviour }));
  const listeners = await listenOnOnePort(hosts, port === undefined ? undefined : [port]);
  const connections = new Set<Socket>();
  listeners.forEach(({ udp, tcp }, index) => {
    const respond = (message: Buffer, transport: 'udp' | 'tcp') => {
      const ours = addressesOf([...route53.settings.nameServers, ...(route53.nameServers?.() ?? [])], hosts);
      const others = (route53.nameServersElsewhere?.() ?? []).map((name) => [normalizeName(name), ELSEWHERE] as const);
      const own = new Map([...ours, ...others]);
      const answer = (question: { name: string; type: string }) => {
        queries.push({ name: question.name.replace(/\.$/, ''), type: question.type, transport, server: index });
        const behaviour = servers[index]?.behaviour;
        if (behaviour === 'silent') return undefined;
        if (behaviour === 'refuse') return 'REFUSED';
        if (behaviour === 'servfail') return 'SERVFAIL';
        if (behaviour === 'forge' && question.type === 'TXT') return forged(question.name);
        return answerQuestion(question, route53.served(index), own);
      };
      return respondTo(message, transport, answer);
    };
    udp.on('message', async (message, client) => {
      const operation = `dns:${typeAsked(message)}`;
      calls?.count(operation);
      const before = await faults?.at('before', operation, message);
      if (before && !('repeat' in before)) return;
      const response = respond(message, 'udp');
      if ((await faults?.at('after', operation, message)) || !response) return;
      udp.send(response, client.port, client.address);
      if (before) udp.send(response, client.port, client.address);
    });
    tcp.on('connection', (connection) => {
      connections.add(connection);
      connection.on('close', () => connections.delete(connection));
      serveConnection(connection, (message) => respond(message, 'tcp'));
    });
  });
  const [first] = servers;
  const boundPort = listeners[0]?.udp.address().port;
  if (!first || boundPort === undefined) throw new Error('A name server needs at least one host.');
  return {
    host: first.host,
    port: boundPort,
    address: `${first.host}:${boundPort}`,
    servers,
    get behaviour() {
      return first.behaviour;
    },
    set behaviour(behaviour) {
      for (const server of servers) server.behaviour = behaviour;
    },
    queries,
    stop: async () => {
      for (const connection of connections) connection.destroy();
      await Promise.all(listeners.map(stopListening));
    },
  };
}

function forged(name: string): DnsAnswer {
  const answers = [{ name, type: 'TXT' as const, ttl: 60, data: ['made up'] }];
  return { rcode: 'NOERROR', authoritative: true, answers, authorities: [], additionals: [] };
}

function typeAsked(message: Buffer): string {
  try {
    return decode(message).questions?.[0]?.type ?? 'nothing';
  } catch {
    return 'nothing';
  }
}

function addressesOf(nameServers: readonly string[], hosts: readonly string[]): ReadonlyMap<string, string> {
  const distinct = [...new Set(nameServers.map(normalizeName))];
  return new Map(distinct.map((name, index) => [name, hosts[index % hosts.length] ?? '']));
}

type Answering = (question: { name: string; type: string }) => DnsAnswer | 'REFUSED' | 'SERVFAIL' | undefined;

const RESPONSE_CODES = { NOERROR: 0, FORMERR: 1, SERVFAIL: 2, NXDOMAIN: 3, NOTIMP: 4, REFUSED: 5 } as const;
/** Without EDNS (RFC 1035, section 2.3.4), and the most that this server sends with it. */
const UDP_PAYLOAD = { least: 512, most: 4_096 } as const;
const OPCODE_AND_RD = 0x7900;

/** The response to one message; `undefined` when there is none to give. */
function respondTo(message: Buffer, transport: 'udp' | 'tcp', answering: Answering): Buffer | undefined {
  // Too short for an id, or a response itself: answering could make two servers talk for ever.
  if (message.length < 12 || message.readUInt8(2) & 0x80) return undefined;
  let query: DecodedPacket;
  try {
    query = decode(message);
  } catch {
    return encodeResponse({ id: message.readUInt16BE(0), flags: 0 }, 'FORMERR');
  }
  const header = { id: query.id ?? 0, flags: (query.flags ?? 0) & OPCODE_AND_RD };
  const [question, ...more] = query.questions ?? [];
  if ((header.flags & 0x7800) !== 0) return encodeResponse(header, 'NOTIMP');
  // Bytes that are no text would not survive the codec.
  if (!question || more.length > 0 || !/^[ -~]+$/.test(question.name)) return encodeResponse(header, 'FORMERR');
  const edns = query.additionals?.find((record) => record.type === 'OPT');
  const context = { ...header, question, edns: edns !== undefined };
  if (question.class !== undefined && question.class !== 'IN') return encodeResponse(context, 'REFUSED');
  const answer = answering(question);
  if (answer === undefined) return undefined;
  if (typeof answer === 'string') return encodeResponse(context, answer);
  const authoritative = answer.authoritative ? AUTHORITATIVE_ANSWER : 0;
  const response = encodeResponse({ ...context, flags: context.flags | authoritative }, answer.rcode, answer);
  const room = Math.min(Math.max(edns?.udpPayloadSize ?? 0, UDP_PAYLOAD.least), UDP_PAYLOAD.most);
  if (transport === 'tcp' || response.length <= room) return response;
  return encodeResponse({ ...context, flags: context.flags | authoritative | TRUNCATED_RESPONSE }, answer.rcode);
}

function encodeResponse(
  context: {
    readonly id: number;
    readonly flags: number;
    readonly question?: NonNullable<DecodedPacket['questions']>[number];
    readonly edns?: boolean;
  },
  rcode: keyof typeof RESPONSE_CODES,
  sections: Partial<Pick<DnsAnswer, 'answers' | 'authorities' | 'additionals'>> = {},
): Buffer {
  const opt: Answer = { type: 'OPT', name: '.', udpPayloadSize: UDP_PAYLOAD.most, flags: 0, options: [] } as never;
  return encode({
    type: 'response',
    id: context.id,
    flags: context.flags | RESPONSE_CODES[rcode],
    questions: context.question ? [context.question] : [],
    answers: [...(sections.answers ?? [])],
    authorities: [...(sections.authorities ?? [])],
    additionals: [...(sections.additionals ?? []), ...(context.edns ? [opt] : [])],
  });
}

/** Messages over TCP have their length in front (RFC 1035, section 4.2.2); one connection may carry many. */
function serveConnection(connection: Socket, respond: (message: Buffer) => Buffer | undefined): void {
  let received = Buffer.alloc(0);
  // A client that goes away is no concern of the server's.
  connection.on('error', () => connection.destroy());
  connection.on('data', (chunk) => {
    received = Buffer.concat([received, chunk]);
    while (received.length >= 2 && received.length >= 2 + received.readUInt16BE(0)) {
      const end = 2 + received.readUInt16BE(0);
      const response = respond(received.subarray(2, end));
      received = received.subarray(end);
      if (!response) continue;
      const length = Buffer.alloc(2);
      length.writeUInt16BE(response.length);
      connection.write(Buffer.concat([length, response]));
    }
  });
}
