import { Resolver } from 'node:dns/promises';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startServerProcess } from './server-process.ts';

/** A zone as NSD has it. */
export interface NsdZone {
  /** Without a trailing dot; empty for the root. */
  readonly name: string;
  /** Lines of a zone file (RFC 1035, section 5) beside the SOA record; none when it comes from a primary server. */
  readonly records?: readonly string[];
  /** `address@port`: whence it is transferred. Without that and without records NSD knows the zone and has no data. */
  readonly primary?: string;
  /** `address@port`: who is told of changes, and may transfer the zone. */
  readonly secondary?: string;
}

export interface Nsd {
  /** `address:port` */
  readonly address: string;
  /** Replaces a zone's records. NSD has them as soon as it has reloaded the file, which nobody announces. */
  replace(zoneName: string, records: readonly string[]): void;
  stop(): Promise<void>;
}

/** Starts NSD (https://nsd.docs.nlnetlabs.nl), an authoritative server, on one loopback address over UDP and TCP. */
export async function startNsd(host: string, port: number, zones: readonly NsdZone[]): Promise<Nsd> {
  const folder = mkdtempSync(join(tmpdir(), 'evercert-nsd-'));
  let serial = 1;
  const write = ({ name, records = [] }: NsdZone) => {
    const soa = `${name}. 300 IN SOA ns-1.example.net. hostmaster.example.net. ${serial} 7200 900 1209600 60`;
    writeFileSync(join(folder, fileOf(name)), `${[soa, ...records].join('\n')}\n`);
  };
  for (const zone of zones) if (zone.records) write(zone);
  const configuration = join(folder, 'nsd.conf');
  writeFileSync(configuration, configure(folder, host, port, zones));
  const command = process.env['INTEROP_NSD'] ?? 'nsd';
  const probe = new Resolver({ timeout: 500, tries: 1 });
  probe.setServers([`${host}:${port}`]);
  const server = await startServerProcess([command, '-d', '-c', configuration], {
    // Any answer is one: REFUSED comes from a server without the zone.
    isReady: () =>
      probe.resolveSoa(zones[0]?.name || '.').catch((error: { code?: string }) => {
        if (error.code === 'ECONNREFUSED' || error.code === 'ETIMEOUT') throw error;
      }),
  });
  return {
    address: `${host}:${port}`,
    replace: (zoneName, records) => {
      serial += 1;
      write({ name: zoneName, records });
      process.kill(Number(readFileSync(join(folder, 'nsd.pid'), 'utf8')), 'SIGHUP');
    },
    stop: async () => {
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function configure(folder: string, host: string, port: number, zones: readonly NsdZone[]): string {
  const lines = [
    'server:',
    `  ip-address: ${host}@${port}`,
    // It keeps who it is and where it is: nothing is to be given up on loopback.
    '  username: ""',
    '  chroot: ""',
    `  zonesdir: "${folder}"`,
    '  database: ""',
    `  zonelistfile: "${folder}/zone.list"`,
    `  xfrdfile: "${folder}/xfrd.state"`,
    `  xfrdir: "${folder}"`,
    `  pidfile: "${folder}/nsd.pid"`,
    '  zonefiles-check: yes',
    'remote-control:',
    '  control-enable: no',
    ...zones.flatMap(({ name, primary, secondary }) => [
      'zone:',
      `  name: "${name}."`,
      `  zonefile: "${fileOf(name)}"`,
      ...(primary ? [`  request-xfr: AXFR ${primary} NOKEY`, '  allow-notify: 127.0.0.0/8 NOKEY'] : []),
      ...(secondary ? [`  notify: ${secondary} NOKEY`, '  provide-xfr: 127.0.0.0/8 NOKEY'] : []),
    ]),
  ];
  return `${lines.join('\n')}\n`;
}

function fileOf(zoneName: string): string {
  return `${zoneName || 'root'}.zone`;
}
