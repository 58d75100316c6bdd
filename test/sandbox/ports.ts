import { randomInt } from 'node:crypto';
import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server } from 'node:net';

/** As a DNS server listens. */
export interface UdpAndTcp {
  readonly udp: UdpSocket;
  readonly tcp: Server;
}

/** Ports below those that Linux (32768 on) and macOS (49152 on) give to whoever asks for any, or connects. */
const NOT_GIVEN_OUT = { from: 10_000, to: 32_768 };
const MOST_TRIES = 20;

/**
 * UDP and TCP on every host, all on one port: `port`, or a free one when it is 0. What is free for the one may be taken
 * for the other, by any connection of any program: then another port is tried.
 */
export async function listenOnOnePort<const Hosts extends readonly string[]>(
  hosts: Hosts,
  port = 0,
): Promise<{ readonly [Host in keyof Hosts]: UdpAndTcp }> {
  for (let triesLeft = port === 0 ? MOST_TRIES : 1; ; ) {
    triesLeft -= 1;
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
      if (triesLeft === 0) throw error;
    }
  }
}

/** Waits until the TCP connections have ended, which are the caller's to end. */
export async function stopListening({ udp, tcp }: UdpAndTcp): Promise<void> {
  await Promise.all([
    new Promise<void>((resolve) => udp.close(() => resolve())),
    new Promise<void>((resolve) => tcp.close(() => resolve())),
  ]);
}

/**
 * A port of loopback that nobody listens on at this moment, over UDP or TCP, and that nobody gets by chance until a
 * program has been started on it.
 */
export async function freePort(): Promise<number> {
  for (let triesLeft = MOST_TRIES; ; ) {
    triesLeft -= 1;
    try {
      const port = randomInt(NOT_GIVEN_OUT.from, NOT_GIVEN_OUT.to);
      const [listener] = await listenOnOnePort(['127.0.0.1'], port);
      await stopListening(listener);
      return port;
    } catch (error) {
      if (triesLeft === 0) throw error;
    }
  }
}
