import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CertificateSpecInput, parseCertificateSpec } from '../../lambdas/core/certificate-spec.ts';
import type { IssuerSettingsInput } from '../../lambdas/core/issuer-settings.ts';
import type { RenewOutcome, ScanResult } from '../../lambdas/core/outcome.ts';
import { parseSettings, settingsToEnvironment } from '../../lambdas/core/settings.ts';
import { createRenew, renewalPorts } from '../../lambdas/handlers/renew.ts';
import { createScan } from '../../lambdas/handlers/scan.ts';
import { writeSpec } from '../../lambdas/renewal/certificate/write-spec.ts';
import { configureIssuer } from '../../lambdas/renewal/issuer/configure-issuer.ts';
import type { Clock } from '../../lambdas/renewal/ports/clock.ts';
import { startRun } from '../../lambdas/renewal/run.ts';
import { emulatedAws, setEnvironment } from '../environment.ts';
import { startAwsServer } from '../sandbox/aws-server.ts';
import { Calls } from '../sandbox/calls.ts';
import { Faults } from '../sandbox/faults.ts';
import { type Invocation, LambdaService } from '../sandbox/lambda.ts';
import { type NameServerData, startNameServer } from '../sandbox/name-server.ts';
import { writePrivateCa } from '../sandbox/private-cas.ts';
import type { VirtualClock } from '../sandbox/virtual-clock.ts';
import { type AwsView, lookAtAws } from './aws-view.ts';
import { FastClock } from './fast-clock.ts';
import type { InteropAws } from './interop-aws.ts';
import type { InteropCa } from './interop-ca.ts';
import { createStops } from './stops.ts';

/**
 * Nobody gets a certificate for this name. It is not below a name that is ordered elsewhere, because Pebble 2.10.1 panics
 * over an ordered name that ends in the same labels as a longer blocked one (db/memorystore.go, IsDomainBlocked).
 */
export const REFUSED_NAME = 'refused.example';

/** How the parts of one combination are started. */
export interface Combination {
  readonly startAws: (clock: VirtualClock) => Promise<InteropAws>;
  readonly startCa: (options: {
    readonly clock: VirtualClock;
    readonly dnsPort: number;
    readonly refusedName: string;
  }) => Promise<InteropCa>;
}

/** Evercert's handlers between a CA and an AWS, each of them the sandbox's or somebody else's. */
export interface World {
  readonly ca: InteropCa;
  readonly aws: AwsView;
  /** Names at which the CA's view of DNS has no TXT record, while the zone's own servers have it. */
  readonly hiddenFromCa: Set<string>;
  /** Everything that the handlers have logged, returned and thrown. */
  readonly heard: readonly unknown[];
  readonly invocations: readonly Invocation[];
  /** Invokes `renew` by hand; its failure is thrown as it was. */
  renew(event: unknown, requestId?: string): Promise<RenewOutcome>;
  /** Invokes `scan`, so much later than now, and waits until every renewal that it started has ended. */
  scan(event?: unknown, later?: number): Promise<ScanResult>;
  register(name: string, spec: CertificateSpecInput): Promise<void>;
  /** Changes the issuer's settings, as a deployment does. */
  configure(changes: Partial<IssuerSettingsInput>): Promise<void>;
  /** Stops everything, also what could not be started completely. Throws when the sandbox's own parts have bugs. */
  stop(): Promise<void>;
}

export async function startWorld(combination: Combination): Promise<World> {
  const stops = createStops();
  const { keep, stop } = stops;
  try {
    stops.add(setEnvironment(emulatedAws()));
    const clock = new FastClock();
    const aws = keep(await combination.startAws(clock));
    stops.add(() => expectNone(aws.bugs(), 'AWS'));
    const lambda = new LambdaService({ clock });
    const lambdaServer = keep(
      await startAwsServer({ services: [lambda], clock, calls: new Calls(), faults: new Faults(clock) }),
    );
    stops.add(() => expectNone(lambdaServer.bugs, 'Lambda'));
    const nameServer = keep(await startNameServer({ route53: aws.dns }));
    const hiddenFromCa = new Set<string>();
    const caNameServer = keep(await startNameServer({ route53: hiding(aws.dns, hiddenFromCa) }));
    const ca = keep(await combination.startCa({ clock, dnsPort: caNameServer.port, refusedName: REFUSED_NAME }));
    const privateCaFolder = mkdtempSync(join(tmpdir(), 'evercert-'));
    stops.add(() => rmSync(privateCaFolder, { recursive: true }));
    writePrivateCa(privateCaFolder, 'ca', issuerSettings(ca));

    const settings = parseSettings({
      dnsResolvers: [nameServer.address],
      authoritativePort: nameServer.port,
      privateCaFolder,
      // Of the fast clock: six minutes.
      leaseMinutes: 60,
    });
    stops.add(setEnvironment({ AWS_ENDPOINT_URL: aws.url, AWS_ENDPOINT_URL_LAMBDA: lambdaServer.url }));

    const heard: unknown[] = [];
    const hear = async <T>(work: Promise<T>): Promise<T> => {
      const [outcome] = await Promise.allSettled([work]);
      heard.push(outcome);
      return work;
    };
    const write = (message: string, fields: Readonly<Record<string, unknown>> = {}) => {
      heard.push({ message, fields });
    };
    const log = { info: write, warn: write, error: write };
    const surroundings = (at: Clock) => ({
      environment: settingsToEnvironment(settings),
      clock: at,
      log,
      print: write,
    });
    const renew = createRenew(surroundings(clock));
    lambda.register(settings.renewFunction, (event, context) => hear(renew(event, context)));

    let invocations = 0;
    const byHand = () => `by-hand-${++invocations}`;
    const ports = renewalPorts(settings, { clock, log });
    if (ca.binding) {
      const value = JSON.stringify(ca.binding);
      await ports.vault.create({ name: BINDING, description: '', value, token: randomUUID(), tags: {} });
    }
    const configure = async (changes: Partial<IssuerSettingsInput> = {}) => {
      const run = startRun(ports, settings, byHand());
      // What it returns holds the account's key and goes nowhere.
      await hear(configureIssuer('ca', { ...issuerSettings(ca), ...changes }, run).then(() => undefined));
    };
    await configure();
    const view = lookAtAws();
    stops.add(() => view.close());
    return {
      ca,
      aws: view,
      hiddenFromCa,
      heard,
      invocations: lambda.invocations,
      renew: (event, requestId = byHand()) => hear(renew(event, { awsRequestId: requestId })),
      scan: async (event = {}, later = 0) => {
        const result = await hear(createScan(surroundings(ahead(clock, later)))(event, { awsRequestId: randomUUID() }));
        await lambda.idle();
        return result;
      },
      configure,
      register: async (name, spec) => {
        await writeSpec(name, parseCertificateSpec(spec), ports, settings);
      },
      stop,
    };
  } catch (error) {
    await stop().catch(() => undefined);
    throw error;
  }
}

function issuerSettings(ca: InteropCa): IssuerSettingsInput {
  return {
    directoryUrl: ca.directoryUrl,
    email: 'ops@leane.dev',
    trust: 'bundle',
    caBundle: ca.httpsRoot + ca.roots.join(''),
    allowPrivateAddresses: true,
    ...(ca.binding ? { externalAccountBinding: { secret: BINDING } } : {}),
  };
}

/** The secret with the CA's external account binding. */
const BINDING = 'ca-binding';

function expectNone(bugs: readonly unknown[], where: string): void {
  if (bugs.length > 0)
    throw new AggregateError(bugs, `${where} of the sandbox has bugs: ${bugs.map(String).join('; ')}`);
}

function ahead(clock: Clock, milliseconds: number): Clock {
  return { now: () => clock.now() + milliseconds, sleep: (time) => clock.sleep(time) };
}

function hiding(data: NameServerData, hidden: ReadonlySet<string>): NameServerData {
  return {
    settings: data.settings,
    served: (server) =>
      data.served(server).map(({ name, records }) => ({
        name,
        records: new Map(
          [...records].filter(([, { name: owner, type }]) => type !== 'TXT' || !hidden.has(owner.replace(/\.$/, ''))),
        ),
      })),
  };
}
