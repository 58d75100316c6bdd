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

it('a port that somebody has over UDP alone is refused, and the next one is taken', async () => {
  const [taken, free] = [await freePort(), await freePort()];
  const other = createSocket('udp4').bind(taken, HOST);
  await once(other, 'listening');
  await expect(listenOnOnePort([HOST], [taken])).rejects.toMatchObject({ code: 'EADDRINUSE', port: taken });
  const [listener] = await listenOnOnePort([HOST], [taken, free]);
  expect(listener.udp.address().port).toBe(free);
  await stopListening(listener);
  await new Promise<void>((resolve) => other.close(() => resolve()));
  // What was refused has let go of it over TCP.
  const [later] = await listenOnOnePort([HOST], [taken]);
  await stopListening(later);
});

it('a host that is not ours is refused in the end', async () => {
  // RFC 5737: nobody has this address.
  await expect(listenOnOnePort([HOST, '192.0.2.1'])).rejects.toMatchObject({ code: 'EADDRNOTAVAIL' });
});
