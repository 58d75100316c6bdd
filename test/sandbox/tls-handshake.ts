import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { connect, createServer } from 'node:tls';

/**
 * Serves a pair on loopback and connects to it as a TLS client that trusts `roots` alone and expects `serverName`.
 * Returns why the client refuses, or `undefined` when it accepts.
 */
export async function handshake(
  pair: { readonly fullchain: string; readonly privateKey: string },
  serverName: string,
  roots: readonly string[],
): Promise<string | undefined> {
  const server = createServer({ cert: pair.fullchain, key: pair.privateKey });
  // A client that refuses hangs up in the middle of the handshake.
  server.on('tlsClientError', () => undefined);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const socket = connect({ host: '127.0.0.1', port, servername: serverName, ca: [...roots] });
  try {
    await once(socket, 'secureConnect');
    return undefined;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? String(error);
  } finally {
    socket.destroy();
    server.close();
  }
}
