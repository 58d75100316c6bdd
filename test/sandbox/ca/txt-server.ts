import { type Answer, decode, encode, streamDecode, streamEncode, TRUNCATED_RESPONSE } from 'dns-packet';
import { listenOnOnePort, stopListening } from '../ports.ts';
import type { Resolver } from './txt-query.ts';

/** A name server with nothing but TXT and CNAME records, for tests of the CA alone. */
export interface TxtServer extends Resolver {
  /** By lower-case name; each value is one record, given as its character strings. A name not in it is NXDOMAIN. */
  readonly records: Map<string, readonly (readonly string[])[]>;
  readonly aliases: Map<string, string>;
  /** What was asked, in order: `udp _acme-challenge.example.net`. */
  readonly asked: string[];
  /** `silent` drops queries; the others answer all queries like that. */
  mode: 'normal' | 'silent' | 'servfail' | 'truncate';
  stop(): Promise<void>;
}

const NXDOMAIN = 3;
const SERVFAIL = 2;

/** Answers over UDP and TCP on one port of loopback. Follows no aliases: the querier has to. */
export async function startTxtServer(): Promise<TxtServer> {
  const host = '127.0.0.1';
  const [listener] = await listenOnOnePort([host]);
  const { udp, tcp } = listener;
  const server: TxtServer = {
    host,
    port: udp.address().port,
    records: new Map(),
    aliases: new Map(),
    asked: [],
    mode: 'normal',
    stop: () => stopListening(listener),
  };
  udp.on('message', (message, peer) => {
    const query = decode(message);
    const name = query.questions?.[0]?.name ?? '';
    server.asked.push(`udp ${name}`);
    if (server.mode === 'silent') return;
    const truncated = server.mode === 'truncate';
    const answer = truncated ? { flags: TRUNCATED_RESPONSE, answers: [] } : answerTo(server, name);
    udp.send(
      encode({ type: 'response', id: query.id, questions: query.questions, ...answer }),
      peer.port,
      peer.address,
    );
  });
  tcp.on('connection', (socket) => {
    socket.on('error', () => socket.destroy());
    socket.once('data', (data) => {
      const query = streamDecode(data);
      const name = query.questions?.[0]?.name ?? '';
      server.asked.push(`tcp ${name}`);
      socket.end(
        streamEncode({ type: 'response', id: query.id, questions: query.questions, ...answerTo(server, name) }),
      );
    });
  });
  return server;
}

function answerTo({ mode, records, aliases }: TxtServer, name: string): { flags: number; answers: Answer[] } {
  if (mode === 'servfail') return { flags: SERVFAIL, answers: [] };
  const alias = aliases.get(name);
  if (alias !== undefined) return { flags: 0, answers: [{ type: 'CNAME', name, ttl: 10, data: alias }] };
  const values = records.get(name.toLowerCase());
  return {
    flags: values ? 0 : NXDOMAIN,
    answers: (values ?? []).map((data) => ({ type: 'TXT', name, ttl: 10, data: [...data] })),
  };
}
