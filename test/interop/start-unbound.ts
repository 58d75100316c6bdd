import { Resolver } from 'node:dns/promises';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../sandbox/ports.ts';
import { startServerProcess } from './server-process.ts';

export interface Unbound {
  /** `address:port` */
  readonly address: string;
  stop(): Promise<void>;
}

/**
 * Starts Unbound (https://unbound.docs.nlnetlabs.nl), a recursive resolver, on loopback. `stubs` says for each zone where
 * its servers are, `address:port`, because delegations lead to port 53 only.
 */
export async function startUnbound(stubs: Readonly<Record<string, string>>): Promise<Unbound> {
  const folder = mkdtempSync(join(tmpdir(), 'evercert-unbound-'));
  const address = `127.0.0.1:${await freePort()}`;
  const configuration = join(folder, 'unbound.conf');
  const lines = [
    'server:',
    `  interface: ${address.replace(':', '@')}`,
    '  username: ""',
    '  chroot: ""',
    `  directory: "${folder}"`,
    `  pidfile: "${folder}/unbound.pid"`,
    '  use-syslog: no',
    '  do-daemonize: no',
    '  do-ip6: no',
    '  do-not-query-localhost: no',
    // Nothing here is signed.
    '  module-config: "iterator"',
    'remote-control:',
    '  control-enable: no',
    ...Object.entries(stubs).flatMap(([name, endpoint]) => [
      'stub-zone:',
      `  name: "${name}."`,
      `  stub-addr: ${endpoint.replace(':', '@')}`,
    ]),
  ];
  writeFileSync(configuration, `${lines.join('\n')}\n`);
  const probe = new Resolver({ timeout: 500, tries: 1 });
  probe.setServers([address]);
  const server = await startServerProcess([process.env['INTEROP_UNBOUND'] ?? 'unbound', '-d', '-c', configuration], {
    isReady: () => probe.resolve4('localhost'),
  });
  return {
    address,
    stop: async () => {
      await server.stop();
      rmSync(folder, { recursive: true });
    },
  };
}
