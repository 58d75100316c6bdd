import { randomInt } from 'node:crypto';
import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server } from 'node:net';

/** As a DNS server listens. */
export interface UdpAndTcp {
  readonly udp: UdpSocket;
  readonly tcp: Server;
}

/** As `listen` and `bind` take it: any port that is free. */
const ANY = 0;
const MOST_TRIES = 20;
/** What is free for TCP may be taken for UDP, by a socket of any program. */
const ANY_FREE: readonly number[] = Array(MOST_TRIES).fill(ANY);
/** Ports below those that Linux (32768 on) and macOS (49152 on) give to who asks for any, or connects. */
const NOT_GIVEN_OUT = { from: 10_000, to: 32_768 };

/** UDP and TCP on every host, all on the first of `ports` that is free for all of them. Throws why the last one is not. */
export async function listenOnOnePort<const Hosts extends readonly string[]>(
  hosts: Hosts,
  ports: readonly number[] = ANY_FREE,
): Promise<{ readonly [Host in keyof Hosts]: UdpAndTcp }> {
  const [port = ANY, ...others] = ports;
  const listeners: UdpAndTcp[] = [];
  try {
    let chosen = port;
    for (const host of hosts) {
      const listener = { udp: createSocket('udp4'), tcp: createServer() };
      listeners.push(listener);
      listener.tcp.listen(chosen, host);
      await once(listener.tcp, 'listening');
      chosen = (listener.tcp.address() as AddressInfo).port;
      listener.udp.bind(chosen, host);
      await once(listener.udp, 'listening');
      // ICMP answers to responses that a client no longer waits for.
      listener.udp.on('error', () => undefined);
    }
    return listeners as { readonly [Host in keyof Hosts]: UdpAndTcp };
  } catch (error) {
    await Promise.all(listeners.map(stopListening));
    if (others.length === 0) throw error;
    return listenOnOnePort(hosts, others);
  }
}

/** Waits until the TCP connections have ended, which are the caller's to end. */
export async function stopListening({ udp, tcp }: UdpAndTcp): Promise<void> {
  await Promise.all([
    new Promise<void>((resolve) => udp.close(() => resolve())),
    new Promise<void>((resolve) => tcp.close(() => resolve())),
  ]);
}

/** One that was chosen may be in use a moment later. */
const everChosen = new Set<number>();

/**
 * A port that nobody listens on at this moment, over UDP or TCP: for a program that is told its port, or for nobody. No socket gets
 * it unasked, and no other caller in this process; one in another process may draw the same.
 */
export async function freePort(host = '127.0.0.1'): Promise<number> {
  const ports = Array.from({ length: MOST_TRIES }, () => randomInt(NOT_GIVEN_OUT.from, NOT_GIVEN_OUT.to));
  const [listener] = await listenOnOnePort(
    [host],
    ports.filter((port) => !everChosen.has(port)),
  );
  const { port } = listener.udp.address();
  await stopListening(listener);
  everChosen.add(port);
  return port;
}
