import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FastClock } from '../../interop/fast-clock.ts';
import { runProgram } from '../../interop/second-opinion.ts';
import { createStops } from '../../interop/stops.ts';
import { startAwsServer } from '../../sandbox/aws-server.ts';
import { startCa } from '../../sandbox/ca/ca.ts';
import { Calls } from '../../sandbox/calls.ts';
import { Faults } from '../../sandbox/faults.ts';
import { startNameServer } from '../../sandbox/name-server.ts';
import { Route53 } from '../../sandbox/route53.ts';
import { type Figures, figuresOf } from './figures.ts';
import type { Peer } from './peer.ts';
import { REQUEST_LATENCY, type Task } from './task.ts';

/**
 * A peer obtains the task's certificates as its users have it do: one command after another, from no account on, and then
 * renews them. The CA, the name server and Route 53 are the sandbox's, on real time.
 */
export async function oneAfterAnother(peer: Peer, task: Task, note: (measured: Figures) => void): Promise<void> {
  const { keep, add, stop } = createStops();
  try {
    const clock = new FastClock(1);
    const calls = new Calls();
    const faults = new Faults(clock);
    const route53 = new Route53({ clock, settings: { propagationMilliseconds: task.propagationMilliseconds } });
    for (const zone of task.zones) route53.createZone(zone);
    const aws = keep(await startAwsServer({ services: [route53], clock, calls, faults }));
    const nameServer = keep(await startNameServer({ route53 }));
    const resolver = { host: nameServer.host, port: nameServer.port };
    const settings = { requestLatencyMilliseconds: REQUEST_LATENCY, authorizationReuse: false };
    const ca = keep(await startCa({ clock, calls, faults, resolver, settings }));
    const folder = mkdtempSync(join(tmpdir(), 'evercert-peer-'));
    add(() => rmSync(folder, { recursive: true }));
    const caBundleFile = join(folder, 'ca-bundle.pem');
    writeFileSync(caBundleFile, ca.httpsRoot);
    const world = {
      directoryUrl: ca.directoryUrl,
      caBundleFile,
      route53Url: aws.url,
      resolver: nameServer.address,
      folder,
    };
    const environment = {
      AWS_REGION: 'us-east-1',
      AWS_DEFAULT_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: 'AKIAPEER',
      AWS_SECRET_ACCESS_KEY: 'peer',
      AWS_ENDPOINT_URL_ROUTE_53: aws.url,
      ...peer.environment(world),
    };
    for (const round of task.rounds) {
      const issuedBefore = ca.finalizedOrders().length;
      const repeated: string[] = [];
      calls.reset();
      const began = performance.now();
      for (const domainNames of task.certificates) {
        const order = { domainNames, world };
        const [program, ...args] = round === 'renewal' ? peer.renewal(order) : peer.command(order);
        await runProgram(program, args, environment).catch((error: unknown) => {
          // As whoever runs it does: once more. certbot gives up when Route 53 is busy with its own change before.
          repeated.push(String(error));
          return runProgram(program, args, environment);
        });
      }
      const seconds = (performance.now() - began) / 1_000;
      const bugs = [...aws.bugs, ...ca.bugs];
      if (bugs.length > 0) throw new AggregateError(bugs, 'The sandbox has bugs.');
      const issued = ca.finalizedOrders().length - issuedBefore;
      note(figuresOf({ name: peer.name, round, seconds, calls, repeated: repeated.length, issued, task }));
    }
  } finally {
    await stop();
  }
}
