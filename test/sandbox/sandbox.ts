import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CertificateSpecInput, parseCertificateSpec } from '../../lambdas/core/certificate-spec.ts';
import type { IssuerSettingsInput } from '../../lambdas/core/issuer-settings.ts';
import type { RenewOutcome, ScanResult } from '../../lambdas/core/outcome.ts';
import { type SettingsInput, settingsFromEnvironment } from '../../lambdas/core/settings.ts';
import { parseStoredFailure } from '../../lambdas/core/stored-failure.ts';
import { renewalPorts } from '../../lambdas/handlers/renew.ts';
import { writeSpec } from '../../lambdas/renewal/certificate/write-spec.ts';
import { configureIssuer } from '../../lambdas/renewal/issuer/configure-issuer.ts';
import type { OpenIssuer } from '../../lambdas/renewal/issuer/issuer.ts';
import type { Clock } from '../../lambdas/renewal/ports/clock.ts';
import type { Log } from '../../lambdas/renewal/ports/log.ts';
import type { Steps } from '../../lambdas/renewal/ports/steps.ts';
import { startRun } from '../../lambdas/renewal/run.ts';
import { emulatedAws, setEnvironment } from '../environment.ts';
import { Acm } from './acm.ts';
import { startAwsServer } from './aws-server.ts';
import { type SandboxCa, startCa } from './ca/ca.ts';
import type { LETS_ENCRYPT_HOST } from './ca/https-root.ts';
import { Calls } from './calls.ts';
import { type Deployment, deploy, executionKeyOf, readApp } from './deployment.ts';
import type { ErrorObject } from './durable-updates.ts';
import { Faults } from './faults.ts';
import { leadToLoopback } from './hosts.ts';
import { createIam, type Iam } from './iam.ts';
import { acmAccess } from './iam-acm.ts';
import { EXPECTED_DENIALS } from './iam-exceptions.ts';
import { lambdaAccess } from './iam-lambda.ts';
import { route53Access } from './iam-route53.ts';
import { secretsManagerAccess } from './iam-secrets-manager.ts';
import { type Invocation, LambdaService } from './lambda.ts';
import { type NameServer, startNameServer } from './name-server.ts';
import { observedSteps, type StepEvent } from './observed-steps.ts';
import { writePrivateCa } from './private-cas.ts';
import { Route53 } from './route53.ts';
import { SecretsManager } from './secrets-manager.ts';
import { Sts, stsAccess } from './sts.ts';
import { type Execution, synthesizedApp } from './synthesis.ts';
import { noteUsedGrants } from './used-grants.ts';
import { VirtualClock } from './virtual-clock.ts';

export interface SandboxOptions {
  /** Where virtual time begins; now, when left out. */
  readonly now?: number | Date;
  /** In the place of a new one: real time, for programs outside of this process. */
  readonly clock?: VirtualClock;
  /** `direct` when left out. */
  readonly execution?: Execution;
  /** Whether each invocation, a resume of a durable execution too, is in a process that knows nothing of the last one. */
  readonly coldStarts?: boolean;
  /** The host in the CA's URLs; it leads to loopback as long as the sandbox runs. */
  readonly caHost?: typeof LETS_ENCRYPT_HOST;
  /** Public hosted zones that exist from the start. */
  readonly zones?: readonly string[];
  /** Instead of what the template says. */
  readonly settings?: SettingsInput;
  /** Follows the steps of every renewal. */
  readonly onStep?: (step: StepEvent) => void;
  /** Follows the log as it is written. */
  readonly onLog?: (entry: LogEntry) => void;
  /** How long AWS and the CA take for each request, virtual milliseconds; no time when left out. */
  readonly latency?: number;
  /**
   * How much a function's clock is ahead of everybody else's, milliseconds, for each of its processes, in the order in which they
   * start; it may change.
   */
  readonly skew?: (process: number) => number;
  /** What renewals work with; evercert's own adapters when left out. */
  readonly ports?: typeof renewalPorts;
}

export interface LogEntry {
  readonly level: 'info' | 'warn' | 'error';
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** A CA, DNS and AWS on loopback, with the synthesized app deployed into it, on one virtual clock. */
export interface Sandbox {
  readonly clock: VirtualClock;
  readonly calls: Calls;
  readonly faults: Faults;
  readonly ca: SandboxCa;
  readonly route53: Route53;
  readonly nameServer: NameServer;
  readonly secretsManager: SecretsManager;
  readonly acm: Acm;
  readonly sts: Sts;
  readonly lambda: LambdaService;
  readonly iam: Iam;
  readonly deployment: Deployment;
  readonly log: readonly LogEntry[];
  /** The lines that the functions have written beside their log: metrics. */
  readonly printed: readonly string[];
  /** The environment of `scan` and `provision`; `renew` has the same, but for its own name. */
  readonly environment: Readonly<Record<string, string>>;
  /**
   * Runs the schedule, or invokes `scan` by hand with an event, and waits until every renewal that it started has ended.
   */
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
  // Before anything listens: what can't be synthesized fails here.
  const app = readApp(await synthesizedApp(execution));
  const clock = options.clock ?? new VirtualClock(options.now ?? Date.now());
  const calls = new Calls();
  const faults = new Faults(clock);
  const sts = new Sts({ clock });
  const route53 = new Route53({ clock, accountOf: (accessKeyId) => sts.accountOf(accessKeyId) });
  for (const zone of options.zones ?? []) route53.createZone(zone);
  const secretsManager = new SecretsManager({ clock });
  const acm = new Acm({ clock });
  const lambda = new LambdaService({ clock });
  const nameServer = await startNameServer({ route53, calls, faults });
  const resolver = { host: '127.0.0.1', port: nameServer.port };
  // The CA looks from elsewhere: what it asks is not counted, and what befalls our queries doesn't befall its own.
  const caNameServer = await startNameServer({ route53 });
  const caResolver = { host: '127.0.0.1', port: caNameServer.port };
  const { caHost: host } = options;
  const forgetHost = host && leadToLoopback(host);
  const ca = await startCa({
    clock,
    calls,
    faults,
    resolver: caResolver,
    settings: { requestLatencyMilliseconds: options.latency ?? 0 },
    ...(host ? { host } : {}),
  });
  const access = {
    secretsmanager: secretsManagerAccess(secretsManager),
    acm: acmAccess(acm),
    route53: route53Access,
    lambda: lambdaAccess(executionKeyOf(app)),
    sts: stsAccess,
  };
  const accountOf = (accessKeyId: string) => sts.accountOf(accessKeyId);
  const iam = createIam({ roles: app.roles, access, expected: EXPECTED_DENIALS, accountOf });
  const services = [route53, secretsManager, acm, lambda, sts];
  const latency = options.latency ?? 0;
  const aws = await startAwsServer({ services, clock, calls, faults, latency, authorizer: iam });
  const privateCaFolder = mkdtempSync(join(tmpdir(), 'evercert-'));
  const issuerSettings = (): IssuerSettingsInput => ({
    directoryUrl: ca.directoryUrl,
    email: 'ops@leane.dev',
    trust: 'bundle',
    caBundle: ca.httpsRoot + ca.roots.map(({ pem }) => pem).join(''),
    allowPrivateAddresses: true,
  });
  // Those of the template, and one more for stacks.
  for (const name of ['sandbox', 'bound', 'second']) writePrivateCa(privateCaFolder, name, issuerSettings());

  const restore = setEnvironment(emulatedAws(aws.url));

  const log: LogEntry[] = [];
  const write =
    (level: LogEntry['level']) =>
    (message: string, fields: Readonly<Record<string, unknown>> = {}) => {
      const entry = { level, message, fields };
      log.push(entry);
      options.onLog?.(entry);
    };
  const ownLog: Log = { info: write('info'), warn: write('warn'), error: write('error') };
  const printed: string[] = [];
  let processes = 0;
  const skewedOfProcess = (): Clock => {
    const { skew } = options;
    const process = processes++;
    return skew ? skewed(clock, () => skew(process)) : clock;
  };
  const deployment = deploy(app, {
    lambda,
    iam,
    clock,
    faults,
    coldStarts: options.coldStarts ?? false,
    surroundings: () => ({
      log: ownLog,
      print: (line) => printed.push(line),
      ...(onStep ? { watch: (steps: Steps) => observedSteps(steps, onStep) } : {}),
      ...(ports ? { ports } : {}),
      clock: skewedOfProcess(),
      allowHttpAnswers: true,
    }),
    settings: {
      dnsResolvers: [`${resolver.host}:${resolver.port}`],
      authoritativePort: resolver.port,
      privateCaFolder,
      ...options.settings,
    },
  });
  const environment = deployment.environments.scan;
  const settings = settingsFromEnvironment(environment);

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
    sts,
    lambda,
    iam,
    deployment,
    log,
    printed,
    environment,
    scan: async (event) => {
      const invocation =
        event === undefined
          ? await deployment.runSchedule()
          : (await lambda.invoke(deployment.functions.scan, event, { type: 'RequestResponse' })).invocation;
      await lambda.idle();
      return resultOf<ScanResult>(invocation);
    },
    renew: async (event) => {
      // Lambda refuses to wait for a durable function that may take longer than 15 minutes.
      const type = execution === 'durable' ? 'Event' : 'RequestResponse';
      const { invocation } = await lambda.invoke(deployment.functions.renew, event, { type });
      return resultOf<RenewOutcome>(invocation);
    },
    deployIssuer: (name = 'sandbox', issuer = issuerSettings()) => {
      writePrivateCa(privateCaFolder, name, issuer);
      return clock.run(() =>
        configureIssuer(
          name,
          issuer,
          startRun(renewalPorts(settings, { clock, log: ownLog }), settings, `deploy-${++invocations}`),
        ),
      );
    },
    register: (name, spec) =>
      clock.run(() =>
        writeSpec(name, parseCertificateSpec(spec), renewalPorts(settings, { clock, log: ownLog }), settings),
      ),
    issuerSettings,
    bugs: () => [...ca.bugs, ...aws.bugs, ...lambda.bugs, ...iam.unexpectedDenials()],
    stop: async () => {
      await lambda.idle();
      noteUsedGrants(iam.used);
      await Promise.all([ca.stop(), aws.stop(), nameServer.stop(), caNameServer.stop()]);
      clock.close();
      forgetHost?.();
      restore();
      rmSync(privateCaFolder, { recursive: true });
    },
  };
  return sandbox;
}

function skewed(clock: Clock, skew: () => number): Clock {
  return { now: () => clock.now() + skew(), sleep: (milliseconds) => clock.sleep(milliseconds) };
}

/** What a function has returned; throws what it has thrown. */
function resultOf<T>({ outcome, result, error }: Invocation): T {
  if (outcome === 'succeeded') return result as T;
  throw failureOf(error);
}

/** What `renew` has thrown, also where Lambda has stored it. */
function failureOf(error: unknown): unknown {
  const { ErrorType, ErrorMessage = '', ErrorData = '' } = error as ErrorObject;
  if (ErrorType === undefined) return error;
  return parseStoredFailure({ message: ErrorMessage, data: ErrorData }) ?? new Error(`${ErrorType}: ${ErrorMessage}`);
}
