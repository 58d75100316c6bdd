import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import type { EvercertConfig } from '../../infra/app-config.ts';
import { type AwsView, lookAtAws } from '../interop/aws-view.ts';
import { startEmulatorDns } from '../interop/emulator-dns.ts';
import { setEnvironment } from '../interop/environment.ts';
import { FastClock } from '../interop/fast-clock.ts';
import type { InteropCa } from '../interop/interop-ca.ts';
import { startPebble } from '../interop/start-pebble.ts';
import { createStops } from '../interop/stops.ts';
import { Acm } from '../sandbox/acm.ts';
import { startAwsServer } from '../sandbox/aws-server.ts';
import { Calls } from '../sandbox/calls.ts';
import { Faults } from '../sandbox/faults.ts';
import { startNameServer } from '../sandbox/name-server.ts';
import { cdk } from './cdk.ts';
import { startMinistack } from './start-ministack.ts';
import { type CertificateInput, createSynthesis } from './synthesis.ts';

export const REGION = 'eu-central-1';
const ACCOUNT = '000000000000';
const STACK = 'Evercert';
const REFUSED = 'refused.example';
const ZONES = ['leane.dev', 'leane.example', REFUSED];

/** What each part may take on a busy machine, seconds; alone it takes a tenth. */
const LONGEST = { bootstrap: 90, synth: 90, deploy: 180, destroy: 120, invoke: 120 } as const;

/** An account of an emulated AWS into which the CDK CLI deploys, with zones, their name server, and a CA. */
export interface Deployment {
  readonly ca: InteropCa;
  readonly aws: AwsView;
  readonly zoneIds: readonly string[];
  /** A name with a zone that the CA issues nothing for. */
  readonly refusedName: string;
  /** `cdk deploy` of `infra/app.ts` with these certificates. Returns the stack's outputs. */
  deploy(certificates: readonly CertificateInput[]): Promise<Readonly<Record<string, string>>>;
  /** Begins what a later `deploy` of the same certificates needs. */
  prepare(certificates: readonly CertificateInput[]): void;
  /** `cdk destroy` of what was deployed last. */
  destroy(): Promise<void>;
  /** Invokes a function as `aws lambda invoke` does, and returns what it answered. Throws when it failed. */
  invoke(functionName: string, event: object): Promise<unknown>;
  /** Invokes asynchronously. */
  start(functionName: string, event: object): Promise<void>;
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
    const run = async (
      command: 'bootstrap' | 'synth' | 'deploy' | 'destroy',
      args: readonly string[],
      cwd?: string,
    ) => {
      const began = Date.now();
      try {
        const options = { environment, seconds: LONGEST[command], ...(cwd === undefined ? {} : { folder: cwd }) };
        await cdk([command, ...args], options);
      } catch (error) {
        throw new Error(`${String(error)}; the end of MiniStack's log: ${ministack.output()}`, { cause: error });
      }
      timings.push(`cdk ${command}: ${((Date.now() - began) / 1_000).toFixed(0)} s`);
    };
    const synthesize = createSynthesis({
      folder,
      stackName: STACK,
      settings: { region: REGION, execution: 'direct', ...issuerAt(ca), ...nameServersAt(nameServer) },
      synth: (args) => run('synth', args),
    });
    let assembly = '';
    // In a folder without cdk.json, so that it doesn't run the app.
    await run('bootstrap', [`aws://${ACCOUNT}/${REGION}`], folder);
    return {
      ca,
      aws,
      zoneIds,
      refusedName: REFUSED,
      prepare: (certificates) => {
        // Its failure is the deployment's.
        synthesize(certificates).catch(() => undefined);
      },
      deploy: async (certificates) => {
        assembly = await synthesize(certificates);
        const outputs = join(folder, 'outputs.json');
        await run('deploy', ['--app', assembly, '--require-approval', 'never', '--outputs-file', outputs]);
        return (JSON.parse(readFileSync(outputs, 'utf8')) as Record<string, Record<string, string>>)[STACK] ?? {};
      },
      destroy: async () => {
        await run('destroy', ['--app', assembly, '--force']);
      },
      invoke: async (functionName, event) => {
        const command = new InvokeCommand({ FunctionName: functionName, Payload: JSON.stringify(event) });
        const { Payload, FunctionError } = await lambda.send(command);
        const text = Buffer.from(Payload ?? []).toString();
        if (FunctionError !== undefined) throw new Error(`${functionName} failed (${FunctionError}): ${text}`);
        return JSON.parse(text);
      },
      start: async (functionName, event) => {
        const Payload = JSON.stringify(event);
        await lambda.send(new InvokeCommand({ FunctionName: functionName, InvocationType: 'Event', Payload }));
      },
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

function issuerAt(ca: InteropCa): Pick<EvercertConfig, 'issuers'> {
  return {
    issuers: {
      pebble: {
        directoryUrl: ca.directoryUrl,
        email: 'ops@leane.dev',
        trust: 'bundle',
        caBundle: ca.httpsRoot + ca.roots.join(''),
        allowPrivateAddresses: true,
      },
    },
  };
}

function nameServersAt({ address, port }: { readonly address: string; readonly port: number }) {
  return { dnsResolvers: [address], authoritativePort: port };
}

function expectNone(problems: readonly unknown[]): void {
  if (problems.length > 0) throw new AggregateError(problems, problems.map(String).join('; '));
}
