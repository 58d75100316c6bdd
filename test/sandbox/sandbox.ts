import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CertificateSpecInput, parseCertificateSpec } from '../../lambdas/core/certificate-spec.ts';
import type { IssuerSettingsInput } from '../../lambdas/core/issuer-settings.ts';
import type { RenewOutcome, ScanResult } from '../../lambdas/core/outcome.ts';
import { parseSettings, type SettingsInput, settingsToEnvironment } from '../../lambdas/core/settings.ts';
import { parseStoredFailure } from '../../lambdas/core/stored-failure.ts';
import { createDurableRenew, createRenew, renewalPorts, type Surroundings } from '../../lambdas/handlers/renew.ts';
import { createScan } from '../../lambdas/handlers/scan.ts';
import { configureIssuer } from '../../lambdas/renewal/issuer.ts';
import type { OpenIssuer } from '../../lambdas/renewal/open-issuer.ts';
import type { Log } from '../../lambdas/renewal/ports/log.ts';
import type { Steps } from '../../lambdas/renewal/ports/steps.ts';
import { startRun } from '../../lambdas/renewal/run.ts';
import { writeSpec } from '../../lambdas/renewal/write-spec.ts';
import { Acm } from './acm.ts';
import { startAwsServer } from './aws-server.ts';
import { type SandboxCa, startCa } from './ca/ca.ts';
import { Calls } from './calls.ts';
import type { ErrorObject } from './durable-updates.ts';
import { Faults } from './faults.ts';
import { LambdaService } from './lambda.ts';
import type { LambdaHandler } from './lambda-handler.ts';
import { type NameServer, startNameServer } from './name-server.ts';
import { observedSteps, type StepEvent } from './observed-steps.ts';
import { Route53 } from './route53.ts';
import { SecretsManager } from './secrets-manager.ts';
import { VirtualClock } from './virtual-clock.ts';

const REGION = 'eu-central-1';
const DURABLE = { executionTimeoutSeconds: 86_400, retentionDays: 14 };

/** How `renew` is deployed: everything in one invocation, or as a durable function. */
export type Execution = 'direct' | 'durable';

export interface SandboxOptions {
  /** Where virtual time begins; now, when left out. */
  readonly now?: number | Date;
  /** `direct` when left out. */
  readonly execution?: Execution;
  /** Whether each resume of a durable execution is in a process that knows nothing of the last one. */
  readonly coldStarts?: boolean;
  /** Public hosted zones that exist from the start. */
  readonly zones?: readonly string[];
  readonly settings?: SettingsInput;
  /** Follows the steps of every renewal. */
  readonly onStep?: (step: StepEvent) => void;
  /** Follows the log as it is written. */
  readonly onLog?: (entry: LogEntry) => void;
  /** What renewals work with; evercert's own adapters when left out. */
  readonly ports?: typeof renewalPorts;
}

export interface LogEntry {
  readonly level: 'info' | 'warn' | 'error';
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** A CA, DNS and AWS on loopback, with evercert's functions deployed into it, on one virtual clock. */
export interface Sandbox {
  readonly clock: VirtualClock;
  readonly calls: Calls;
  readonly faults: Faults;
  readonly ca: SandboxCa;
  readonly route53: Route53;
  readonly nameServer: NameServer;
  readonly secretsManager: SecretsManager;
  readonly acm: Acm;
  readonly lambda: LambdaService;
  readonly log: readonly LogEntry[];
  /** What the functions are deployed with. */
  readonly environment: Readonly<Record<string, string>>;
  /** Invokes `scan` and waits until every renewal that it started has ended. */
  scan(event?: unknown): Promise<ScanResult>;
  /** Invokes `renew` by hand and waits for its result; its failure is thrown as it was. */
  renew(event: unknown): Promise<RenewOutcome>;
  /** Registers a managed certificate without issuing it: the next scan does. */
  register(name: string, spec: CertificateSpecInput): Promise<void>;
  /** Deploys an issuer; the sandbox's own CA when no settings are given. */
  deployIssuer(name?: string, settings?: IssuerSettingsInput): Promise<OpenIssuer>;
  /** What makes evercert trust the sandbox's CA. */
  issuerSettings(): IssuerSettingsInput;
  /** What went wrong in the sandbox itself; empty, or the test proves nothing. */
  bugs(): readonly unknown[];
  stop(): Promise<void>;
}

export async function startSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  const { execution = 'direct', onStep, ports } = options;
  const clock = new VirtualClock(options.now ?? Date.now());
  const calls = new Calls();
  const faults = new Faults(clock);
  const route53 = new Route53({ clock });
  for (const zone of options.zones ?? []) route53.createZone(zone);
  const secretsManager = new SecretsManager({ clock });
  const acm = new Acm({ clock });
  const lambda = new LambdaService({ clock });
  const nameServer = await startNameServer({ route53, calls, faults });
  const resolver = { host: '127.0.0.1', port: nameServer.port };
  // The CA looks from elsewhere: what it asks is not counted, and what befalls our queries doesn't befall its own.
  const caNameServer = await startNameServer({ route53 });
  const ca = await startCa({ clock, calls, faults, resolver: { host: '127.0.0.1', port: caNameServer.port } });
  const aws = await startAwsServer({ services: [route53, secretsManager, acm, lambda], clock, calls, faults });
  const folder = mkdtempSync(join(tmpdir(), 'evercert-'));
  const caBundleFile = join(folder, 'ca-bundle.pem');
  writeFileSync(caBundleFile, ca.httpsRoot);

  const settings = parseSettings({
    defaultIssuer: 'sandbox',
    dnsResolvers: [`${resolver.host}:${resolver.port}`],
    authoritativePort: resolver.port,
    caBundleFile,
    execution,
    ...(execution === 'durable' ? { renewFunction: 'evercert-renew:live' } : {}),
    ...options.settings,
  });
  const environment = settingsToEnvironment(settings);
  const restore = setEnvironment({
    AWS_ENDPOINT_URL: aws.url,
    AWS_REGION: REGION,
    AWS_ACCESS_KEY_ID: 'AKIASANDBOX',
    AWS_SECRET_ACCESS_KEY: 'sandbox',
  });

  const log: LogEntry[] = [];
  const write =
    (level: LogEntry['level']) =>
    (message: string, fields: Readonly<Record<string, unknown>> = {}) => {
      const entry = { level, message, fields };
      log.push(entry);
      options.onLog?.(entry);
    };
  const surroundings = {
    environment,
    clock,
    log: { info: write('info'), warn: write('warn'), error: write('error') } satisfies Log,
    ...(onStep ? { watch: (steps: Steps) => observedSteps(steps, onStep) } : {}),
    ...(ports ? { ports } : {}),
  };
  const scanFunction = createScan(surroundings);
  if (execution === 'direct') lambda.register(settings.renewFunction, createRenew(surroundings));
  else
    lambda.register(settings.renewFunction, durableRenew(surroundings, clock, options.coldStarts), {
      durable: DURABLE,
    });

  let invocations = 0;
  const sandbox: Sandbox = {
    clock,
    calls,
    faults,
    ca,
    route53,
    nameServer,
    secretsManager,
    acm,
    lambda,
    log,
    environment,
    scan: async (event = {}) => {
      const result = await clock.run(() => scanFunction(asJson(event), { awsRequestId: `scan-${++invocations}` }), {
        mortal: true,
      });
      await lambda.idle();
      return asJson(result);
    },
    renew: async (event) => {
      // Lambda refuses to wait for a durable function that may take longer than 15 minutes.
      const type = execution === 'durable' ? 'Event' : 'RequestResponse';
      const { invocation } = await lambda.invoke(settings.renewFunction, event, { type });
      if (invocation.outcome === 'succeeded') return invocation.result as RenewOutcome;
      throw failureOf(invocation.error);
    },
    deployIssuer: (name = 'sandbox', issuer = sandbox.issuerSettings()) =>
      clock.run(() =>
        configureIssuer(
          name,
          issuer,
          startRun(renewalPorts(settings, clock, surroundings.log), settings, `deploy-${++invocations}`),
        ),
      ),
    register: (name, spec) =>
      clock.run(() =>
        writeSpec(name, parseCertificateSpec(spec), renewalPorts(settings, clock, surroundings.log).vault, settings),
      ),
    issuerSettings: () => ({
      directoryUrl: ca.directoryUrl,
      email: 'ops@leane.dev',
      trust: 'bundle',
      caBundle: ca.httpsRoot + ca.roots.map(({ pem }) => pem).join(''),
      allowPrivateAddresses: true,
    }),
    bugs: () => [...ca.bugs, ...aws.bugs, ...lambda.bugs],
    stop: async () => {
      await lambda.idle();
      await Promise.all([ca.stop(), aws.stop(), nameServer.stop(), caNameServer.stop()]);
      clock.close();
      restore();
      rmSync(folder, { recursive: true });
    },
  };
  return sandbox;
}

/** One process until something in it was killed, or a process for each invocation. */
function durableRenew(surroundings: Surroundings, clock: VirtualClock, coldStarts = false): LambdaHandler {
  const start = () => ({ handler: createDurableRenew(surroundings) as LambdaHandler, deaths: clock.deaths });
  let process = start();
  return (event, context) => {
    if (coldStarts || process.deaths !== clock.deaths) process = start();
    return process.handler(event, context);
  };
}

/** What `renew` has thrown, also where Lambda has stored it. */
function failureOf(error: unknown): unknown {
  const { ErrorType, ErrorMessage = '', ErrorData = '' } = error as ErrorObject;
  if (ErrorType === undefined) return error;
  return parseStoredFailure({ message: ErrorMessage, data: ErrorData }) ?? new Error(`${ErrorType}: ${ErrorMessage}`);
}

/** As on Lambda: events and results are JSON. */
function asJson<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T;
}

function setEnvironment(variables: Readonly<Record<string, string>>): () => void {
  const before = Object.keys(variables).map((name) => [name, process.env[name]] as const);
  Object.assign(process.env, variables);
  return () => {
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  };
}
