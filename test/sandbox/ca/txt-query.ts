import { createSocket } from 'node:dgram';
import { connect } from 'node:net';
import {
  type Answer,
  type DecodedPacket,
  decode,
  encode,
  RECURSION_DESIRED,
  streamDecode,
  streamEncode,
} from 'dns-packet';

/** The resolver that the CA asks. */
export interface Resolver {
  readonly host: string;
  readonly port: number;
}

/** No TXT records could be had. The message is Boulder's (`bdns/problem.go`). */
export class DnsProblem extends Error {
  override readonly name = 'DnsProblem';
}

/** Real milliseconds; the resolver is on loopback. */
const TIMEOUT = 1_000;
const ATTEMPTS = 2;
const MOST_ALIASES = 8;

const EXPLANATIONS: Readonly<Record<string, string>> = {
  NXDOMAIN: ' - check that a DNS record exists for this domain',
  SERVFAIL: " - the domain's nameservers may be malfunctioning",
};

/**
 * Asks the resolver for the TXT records of a name: each time anew, over UDP, over TCP when the answer is truncated
 * (RFC 1035, section 4.2), through CNAMEs. Each record's character strings are joined. Throws `DnsProblem`.
 */
export async function queryTxt(resolver: Resolver, name: string): Promise<string[]> {
  let target = name;
  for (let aliases = 0; aliases <= MOST_ALIASES; aliases += 1) {
    const answer = await ask(resolver, target, name);
    const rcode = (answer as { rcode?: string }).rcode ?? 'NOERROR';
    const before = target;
    const answers = answer.answers ?? [];
    for (let alias = aliasOf(answers, target); alias !== undefined; alias = aliasOf(answers, target)) {
      target = alias;
      aliases += 1;
      if (aliases > MOST_ALIASES) break;
    }
    const values = textsOf(answers, target);
    if (values.length > 0) return values;
    if (rcode !== 'NOERROR') {
      throw new DnsProblem(`DNS problem: ${rcode} looking up TXT for ${name}${EXPLANATIONS[rcode] ?? ''}`);
    }
    if (target === before) return [];
  }
  throw new DnsProblem(`DNS problem: SERVFAIL looking up TXT for ${name}${EXPLANATIONS['SERVFAIL']}`);
}

function aliasOf(answers: readonly Answer[], name: string): string | undefined {
  for (const answer of answers) if (answer.type === 'CNAME' && sameName(answer.name, name)) return answer.data;
  return undefined;
}

function textsOf(answers: readonly Answer[], name: string): string[] {
  const texts: string[] = [];
  for (const answer of answers) {
    if (answer.type !== 'TXT' || !sameName(answer.name, name)) continue;
    const strings = Array.isArray(answer.data) ? answer.data : [answer.data];
    texts.push(strings.map((string) => (typeof string === 'string' ? string : string.toString())).join(''));
  }
  return texts;
}

function sameName(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}

async function ask(resolver: Resolver, target: string, name: string): Promise<DecodedPacket> {
  let failure = new DnsProblem(`DNS problem: query timed out looking up TXT for ${name}`);
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const query = {
      type: 'query' as const,
      id: Math.floor(Math.random() * 0x1_00_00),
      flags: RECURSION_DESIRED,
      questions: [{ type: 'TXT' as const, name: target }],
    };
    try {
      const answer = await overUdp(resolver, query);
      return answer.flag_tc ? await overTcp(resolver, query) : answer;
    } catch (error) {
      if (!(error instanceof TimedOut)) {
        failure = new DnsProblem(`DNS problem: networking error looking up TXT for ${name}`, { cause: error });
      }
    }
  }
  throw failure;
}

type Query = Parameters<typeof encode>[0] & { readonly id: number };

class TimedOut extends Error {}

function overUdp(resolver: Resolver, query: Query): Promise<DecodedPacket> {
  const socket = createSocket('udp4');
  return new Promise<DecodedPacket>((resolve, reject) => {
    const timer = setTimeout(() => reject(new TimedOut()), TIMEOUT);
    const end = (settle: () => void) => {
      clearTimeout(timer);
      settle();
    };
    socket.on('error', (error) => end(() => reject(error)));
    socket.on('message', (message) => {
      const answer = decode(message);
      if (answer.id === query.id) end(() => resolve(answer));
    });
    // A connected socket hears of a closed port at once, instead of running into the time-out.
    socket.connect(resolver.port, resolver.host, () => socket.send(encode(query)));
  }).finally(() => socket.close());
}

function overTcp(resolver: Resolver, query: Query): Promise<DecodedPacket> {
  const socket = connect({ host: resolver.host, port: resolver.port, timeout: TIMEOUT });
  return new Promise<DecodedPacket>((resolve, reject) => {
    let received = Buffer.alloc(0);
    socket.on('timeout', () => reject(new TimedOut()));
    socket.on('error', reject);
    socket.on('close', () => reject(new Error('The resolver closed the connection without an answer.')));
    socket.on('data', (data) => {
      received = Buffer.concat([received, data]);
      if (received.length < 2 || received.length < 2 + received.readUInt16BE(0)) return;
      resolve(streamDecode(received) as DecodedPacket);
    });
    socket.on('connect', () => socket.write(streamEncode(query)));
  }).finally(() => socket.destroy());
}
