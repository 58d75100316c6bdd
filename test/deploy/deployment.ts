import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
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
import { type Template, withoutWhatMinistackLacks } from './without-what-ministack-lacks.ts';

export const REGION = 'eu-central-1';
const ACCOUNT = '000000000000';
const STACK = 'Evercert';
const ZONES = ['leane.dev', 'leane.example'];

/** An account of an emulated AWS into which the CDK CLI deploys, with zones, their name server, and a CA. */
export interface Deployment {
  readonly ca: InteropCa;
  readonly aws: AwsView;
  readonly zoneIds: readonly string[];
  /** `cdk deploy` of `infra/app.ts` with these certificates. Returns the stack's outputs. */
  deploy(certificates: EvercertConfig['certificates']): Promise<Readonly<Record<string, string>>>;
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
    const ca = keep(
      await startPebble({ dnsPort: nameServer.port, authorizationReuse: 100, refusedName: 'refused.example' }),
    );
    const lambda = new LambdaClient({ requestHandler: { requestTimeout: 0 } });
    stops.add(() => lambda.destroy());

    const environment = { ...ministack.environment, HOME: folder };
    const settings = { region: REGION, execution: 'direct', ...issuerAt(ca), ...nameServersAt(nameServer) } as const;
    const configFile = join(folder, 'evercert.config.mjs');
    const context = ['-c', `config=${configFile}`];
    const assembly = join(folder, 'assembly');
    const configure = (certificates: EvercertConfig['certificates']) => {
      const config: EvercertConfig = { ...settings, stackName: STACK, certificates };
      writeFileSync(configFile, `export const config = ${JSON.stringify(config)};\n`);
    };
    configure([]);
    await cdk(['bootstrap', `aws://${ACCOUNT}/${REGION}`, ...context], environment);
    return {
      ca,
      aws,
      zoneIds,
      deploy: async (certificates) => {
        configure(certificates);
        await cdk(['synth', '--quiet', '--output', assembly, ...context], environment);
        const templateFile = join(assembly, `${STACK}.template.json`);
        const template = JSON.parse(readFileSync(templateFile, 'utf8')) as Template;
        writeFileSync(templateFile, JSON.stringify(withoutWhatMinistackLacks(template)));
        const outputs = join(folder, 'outputs.json');
        await cdk(['deploy', '--app', assembly, '--require-approval', 'never', '--outputs-file', outputs], environment);
        return (JSON.parse(readFileSync(outputs, 'utf8')) as Record<string, Record<string, string>>)[STACK] ?? {};
      },
      destroy: async () => {
        await cdk(['destroy', '--app', assembly, '--force'], environment);
      },
      invoke: async (functionName, event) => {
        const command = new InvokeCommand({ FunctionName: functionName, Payload: JSON.stringify(event) });
        const { Payload, FunctionError } = await lambda.send(command);
        const text = Buffer.from(Payload ?? []).toString();
        if (FunctionError !== undefined) throw new Error(`${functionName} failed (${FunctionError}): ${text}`);
        return JSON.parse(text);
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
