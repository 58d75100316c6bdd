import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LambdaClient } from '@aws-sdk/client-lambda';
import type { EvercertConfig } from '../../infra/app-config.ts';
import { setEnvironment } from '../environment.ts';
import { type AwsView, lookAtAws } from '../interop/aws-view.ts';
import { startEmulatorDns } from '../interop/emulator-dns.ts';
import { FastClock } from '../interop/fast-clock.ts';
import type { InteropCa } from '../interop/interop-ca.ts';
import { startPebble } from '../interop/start-pebble.ts';
import { createStops } from '../interop/stops.ts';
import { REFUSED } from '../on-aws/aws-place.ts';
import { Acm } from '../sandbox/acm.ts';
import { startAwsServer } from '../sandbox/aws-server.ts';
import { Calls } from '../sandbox/calls.ts';
import { Faults } from '../sandbox/faults.ts';
import { startNameServer } from '../sandbox/name-server.ts';
import { type CdkRun, cdk } from './cdk.ts';
import { emulate } from './emulation.ts';
import { invoke } from './invoke.ts';
import { startMinistack } from './start-ministack.ts';

export const REGION = 'eu-central-1';
const ACCOUNT = '000000000000';
const STACK = 'Evercert';
/** Of the configuration; the emulation makes it Pebble. */
export const ISSUER = 'pebble';
/** One has the name that `test:aws` has refused. */
const ZONES = ['leane.dev', 'leane.example', 'example.com'];

/** What each part may take on a busy machine, seconds; alone it takes a tenth. */
const LONGEST = { bootstrap: 90, deploy: 240, destroy: 120, invoke: 120 } as const;

export type CertificateInput = EvercertConfig['certificates'][number];

/** An account of an emulated AWS into which the CDK CLI deploys, with zones, their name server, and a CA. */
export interface Deployment {
  readonly ca: InteropCa;
  readonly aws: AwsView;
  readonly zoneIds: readonly string[];
  /** For whoever else uses the account: credentials, endpoints, and an app for `cdk deploy` that can be deployed there. */
  readonly environment: Readonly<Record<string, string>>;
  /** `cdk deploy` of `infra/app.ts` with these certificates. Returns the stack's outputs. */
  deploy(certificates: readonly CertificateInput[]): Promise<Readonly<Record<string, string>>>;
  /** `cdk destroy` of what was deployed last. */
  destroy(): Promise<void>;
  /** Invokes a function as `aws lambda invoke` does, and returns what it answered. Throws when it failed. */
  invoke(functionName: string, event: object): Promise<unknown>;
  stop(): Promise<void>;
}

/** Starts everything and runs `cdk bootstrap`. */
export async function startDeployment(): Promise<Deployment> {
  const stops = createStops();
  const { keep, stop } = stops;
  try {
    const folder = mkdtempSync(join(tmpdir(), 'evercert-deploy-'));
    stops.add(() => rmSync(folder, { recursive: true, force: true }));
    const acm = keep(await startAcm());
    const ministack = keep(await startMinistack({ region: REGION, environment: { AWS_ENDPOINT_URL_ACM: acm.url } }));
    stops.add(setEnvironment(ministack.environment));
    const aws = lookAtAws();
    stops.add(() => aws.close());
    const zoneIds = await Promise.all(ZONES.map((zone) => aws.createZone(zone)));
    const dns = keep(startEmulatorDns(ministack.url));
    stops.add(() => expectNone(dns.problems));
    const nameServer = keep(await startNameServer({ route53: dns }));
    const ca = keep(await startPebble({ dnsPort: nameServer.port, authorizationReuse: 100, refusedName: REFUSED }));
    const lambda = new LambdaClient({
      maxAttempts: 1,
      requestHandler: { requestTimeout: LONGEST.invoke * 1_000, throwOnRequestTimeout: true },
    });
    stops.add(() => lambda.destroy());

    const timings: string[] = [];
    stops.add(() => process.stderr.write(`${timings.join(', ')}\n`));
    const environment = { ...ministack.environment, HOME: folder };
    const emulated = { ...environment, ...emulate(folder, ca, nameServer) };
    const run = async (
      command: 'bootstrap' | 'deploy' | 'destroy',
      args: readonly string[],
      options: Partial<CdkRun>,
    ) => {
      const began = Date.now();
      try {
        await cdk([command, ...args], { environment, seconds: LONGEST[command], ...options });
      } catch (error) {
        throw new Error(`${String(error)}; the end of MiniStack's log: ${ministack.output()}`, { cause: error });
      }
      timings.push(`cdk ${command}: ${((Date.now() - began) / 1_000).toFixed(0)} s`);
    };
    const assembly = join(folder, 'assembly');
    const configFile = join(folder, 'evercert.config.mjs');
    // In a folder without cdk.json, so that it doesn't run the app.
    await run('bootstrap', [`aws://${ACCOUNT}/${REGION}`], { folder });
    return {
      ca,
      aws,
      zoneIds,
      environment: emulated,
      deploy: async (certificates) => {
        const issuers = { [ISSUER]: { authority: 'letsencrypt-staging', email: 'ops@leane.dev' } } as const;
        const config: EvercertConfig = { stackName: STACK, region: REGION, issuers, certificates: [...certificates] };
        writeFileSync(configFile, `export const config = ${JSON.stringify(config)};\n`);
        const outputs = join(folder, 'outputs.json');
        const places = ['--output', assembly, '--outputs-file', outputs];
        const args = ['-c', `config=${configFile}`, '--require-approval', 'never', ...places];
        await run('deploy', args, { environment: emulated });
        return (JSON.parse(readFileSync(outputs, 'utf8')) as Record<string, Record<string, string>>)[STACK] ?? {};
      },
      destroy: async () => {
        await run('destroy', ['--app', assembly, '--force'], {});
      },
      invoke: (functionName, event) => invoke(lambda, functionName, event),
      stop,
    };
  } catch (error) {
    await stop().catch(() => undefined);
    throw error;
  }
}

/** The sandbox's ACM, because MiniStack's doesn't read certificates. */
async function startAcm(): Promise<{ readonly url: string; stop(): Promise<void> }> {
  const clock = new FastClock(1);
  const server = await startAwsServer({
    services: [new Acm({ clock })],
    clock,
    calls: new Calls(),
    faults: new Faults(clock),
  });
  return {
    url: server.url,
    stop: async () => {
      await server.stop();
      expectNone(server.bugs);
    },
  };
}

function expectNone(problems: readonly unknown[]): void {
  if (problems.length > 0) throw new AggregateError(problems, problems.map(String).join('; '));
}
