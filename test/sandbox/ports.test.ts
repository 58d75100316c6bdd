import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { expect, it } from '@jest/globals';
import { freePort, listenOnOnePort, stopListening } from './ports.ts';

const HOST = '127.0.0.1';

it('UDP and TCP are on one port, which is nobody else’s', async () => {
  const listeners = await Promise.all(Array.from({ length: 50 }, () => listenOnOnePort([HOST])));
  const ports = listeners.map(([{ udp, tcp }]) => [udp.address().port, (tcp.address() as AddressInfo).port]);
  await Promise.all(listeners.map(([listener]) => stopListening(listener)));
  expect(ports.map(([udp]) => udp)).toEqual(ports.map(([, tcp]) => tcp));
  expect(new Set(ports.map(([udp]) => udp)).size).toBe(ports.length);
});

it('a port that somebody has over UDP alone is refused, and then free over TCP', async () => {
  const port = await freePort();
  const other = createSocket('udp4').bind(port, HOST);
  await once(other, 'listening');
  await expect(listenOnOnePort([HOST], port)).rejects.toMatchObject({ code: 'EADDRINUSE', port });
  await new Promise<void>((resolve) => other.close(() => resolve()));
  const [listener] = await listenOnOnePort([HOST], port);
  await stopListening(listener);
});

it('a host without any free port is given up in the end', async () => {
  // RFC 5737: nobody has this address.
  await expect(listenOnOnePort([HOST, '192.0.2.1'])).rejects.toMatchObject({ code: 'EADDRNOTAVAIL' });
});
