import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createTransport } from '../../lambdas/acme/transport.ts';
import { createCloudFormationAnswers } from '../../lambdas/aws/cloudformation-answers.ts';
import { waitingClock } from '../acme/waiting-clock.ts';
import { HOSTILE_ANSWERS } from './corpus/http-answers.ts';
import { kindOf, typed } from './typed.ts';

/** Bodies end at a megabyte; what sockets hold in between comes on top. */
const MOST_BYTES_TAKEN = 16 * 1024 * 1024;
/** Milliseconds: for what comes, however busy the machine is, and for what never ends. */
const PATIENCE = 10_000;
const DEADLINE = 500;

/** A server that writes bytes, whatever was asked. */
describe('A hostile HTTP server', () => {
  let server: Server;
  let url: string;
  let write: (socket: Socket) => void;
  let requests: number;
  let written: number;
  const sockets = new Set<Socket>();

  beforeEach(async () => {
    requests = 0;
    written = 0;
    server = createServer((socket) => {
      sockets.add(socket);
      socket.on('error', () => socket.destroy());
      socket.on('close', () => {
        sockets.delete(socket);
        written += socket.bytesWritten;
      });
      socket.on('data', () => {
        requests += 1;
        if (requests === 1 || socket.bytesRead > 0) write(socket);
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}/x`;
  });
  afterEach(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });

  const ask = (timeOutMilliseconds = PATIENCE) => {
    const rules = { home: url, allowHttp: true, allowPrivateAddresses: true };
    return typed(() => createTransport(rules, timeOutMilliseconds)('GET', url));
  };

  it.each(HOSTILE_ANSWERS)('$what', async ({ bytes, ends = true, code }) => {
    write = (socket) => {
      socket.write(bytes);
      if (ends) socket.end();
    };
    const outcome = await ask();
    expect(kindOf(outcome)).toBe(code);
    expect(requests).toBeLessThanOrEqual(1);
  });

  it.each([
    ['a body without an end', 'HTTP/1.1 200 OK\r\n\r\n', 'x'.repeat(65_536)],
    [
      'chunks without an end',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n',
      `10000\r\n${'x'.repeat(65_536)}\r\n`,
    ],
    ['headers without an end', 'HTTP/1.1 200 OK\r\n', `x: ${'y'.repeat(1_000)}\r\n`],
    ['a header without an end', 'HTTP/1.1 200 OK\r\nx: ', 'y'.repeat(65_536)],
    // CVE-2024-22019: extensions of chunks.
    ['a chunk extension without an end', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;', 'y'.repeat(65_536)],
  ])('is hung up on after a bounded number of bytes: %s', async (_what, first, again) => {
    write = (socket) => {
      socket.write(first);
      const more = () => {
        while (!socket.destroyed && socket.write(again));
        if (!socket.destroyed) socket.once('drain', more);
      };
      more();
    };
    expect(['ca-misbehaved', 'ca-unreachable']).toContain(kindOf(await ask()));
    while (sockets.size > 0) await new Promise((resolve) => setImmediate(resolve));
    expect(written).toBeLessThan(MOST_BYTES_TAKEN);
  });

  it.each([
    // Slowloris from the other side: never idle, and never done. Found here: what had come by then was believed.
    ['a byte now and then', 'HTTP/1.1 200 OK\r\n\r\n', 'x'],
    // RFC 9110, section 15.2: any number of interim answers may precede the final one.
    ['interim answers now and then', '', 'HTTP/1.1 103 Early Hints\r\n\r\n'],
  ])('is given up on at the deadline: %s', async (_what, first, again) => {
    write = (socket) => {
      socket.write(first);
      const drip = setInterval(() => (socket.destroyed ? clearInterval(drip) : socket.write(again)), 10);
    };
    expect(kindOf(await ask(DEADLINE))).toBe('ca-unreachable');
    const answers = createCloudFormationAnswers({
      clock: waitingClock(),
      allowHttp: true,
      timeOutMilliseconds: first === '' ? DEADLINE : PATIENCE,
    });
    // The status of the answer is all that it needs.
    expect(kindOf(await typed(() => answers.send(url, '{}')))).toBe(first === '' ? 'aws-unavailable' : 'a value');
  });

  it('gets no bomb unpacked: what is compressed stays bytes that are no JSON', async () => {
    const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024, '{'));
    write = (socket) =>
      socket.end(
        Buffer.concat([
          Buffer.from(`HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: ${bomb.length}\r\n\r\n`),
          bomb,
        ]),
      );
    const outcome = await ask();
    expect('value' in outcome && typeof outcome.value.data).toBe('string');
    expect('value' in outcome && String(outcome.value.data).length).toBeLessThanOrEqual(bomb.length);
  });
});
