import { LETS_ENCRYPT_HOST } from '../sandbox/ca/https-root.ts';
import { LETS_ENCRYPT_PROFILES } from '../sandbox/ca/settings.ts';
import type { Template } from '../sandbox/cloudformation.ts';
import type { LogEntry, Sandbox, SandboxOptions } from '../sandbox/sandbox.ts';
import { type StackSandbox, startStackSandbox } from '../sandbox/stack-sandbox.ts';
import { createEventLog, type EventLog } from './event-log.ts';
import { seededRandom } from './random.ts';
import type { FleetMember, Scenario } from './scenario.ts';
import { seedProcess } from './seeded-process.ts';

/** A scenario's sandbox before anything goes wrong: the issuers' stacks and the certificates' are deployed, or these are registered. */
export interface World {
  readonly scenario: Scenario;
  readonly sandbox: Sandbox;
  readonly stacks: StackSandbox['cloudFormation'];
  readonly events: EventLog;
  /** When the scenario's time began, on the virtual clock. */
  readonly begin: number;
  /** Stacks that are being updated: CloudFormation takes no other update meanwhile. */
  readonly updating: Set<string>;
  /** Values of another client that are in DNS now, by record name. */
  readonly foreign: Map<string, Set<string>>;
  /** What somebody has asked for by hand, and when: a renewal by force, a revocation, another spec. */
  readonly forced: { readonly certificate: string; readonly at: number }[];
  /** Moments at which the CA has lost its accounts. */
  readonly forgotten: number[];
  /** Orders whose certificate the CA has sent wrong: evercert takes none of it, and orders again. */
  readonly wronged: Set<number>;
  /** Live certificates that have ended, and what left no other way: the faults alone, or a CA's limit as well. */
  readonly expired: { readonly certificate: string; readonly because: 'faults' | 'limit' }[];
  onLog: (entry: LogEntry) => void;
  stop(): Promise<void>;
}

/** Two accounts with one CA. */
const ISSUERS = ['sandbox', 'second'] as const;

const BEGIN = Date.UTC(2026, 0, 1);

export async function startWorld(scenario: Scenario, ports?: SandboxOptions['ports']): Promise<World> {
  seedProcess(scenario.seed);
  const followers: { onLog: (entry: LogEntry) => void } = { onLog: () => undefined };
  const stacks = await startStackSandbox({
    now: BEGIN,
    execution: scenario.execution,
    coldStarts: scenario.coldStarts,
    zones: scenario.zones,
    latency: scenario.latency,
    skew: skewOf(scenario),
    ...(scenario.isLetsEncrypt ? { caHost: LETS_ENCRYPT_HOST } : {}),
    onLog: (entry) => followers.onLog(entry),
    ...(ports ? { ports } : {}),
  });
  const { sandbox, cloudFormation } = stacks;
  const { ca } = scenario;
  Object.assign(sandbox.ca.settings, {
    profiles: { ...LETS_ENCRYPT_PROFILES },
    authorizationReuse: ca.authorizationReuse,
    orderReuse: ca.orderReuse,
    nonceRejection: ca.nonceRejection,
    validationMilliseconds: ca.validation,
    processingMilliseconds: ca.processing,
    retryAfterSeconds: ca.retryAfterSeconds,
  });
  sandbox.route53.settings.propagationMilliseconds = scenario.propagation;
  sandbox.lambda.settings.asyncRetries = scenario.asyncRetries;
  sandbox.secretsManager.settings.readStalenessMilliseconds = scenario.readStaleness;
  if (scenario.initialOperations !== undefined) {
    sandbox.lambda.settings.initialOperations = scenario.initialOperations;
  }
  for (const issuer of ISSUERS) {
    const { status, reason } = await cloudFormation.createStack(stackOf(issuer), issuerTemplate(issuer, sandbox));
    if (status !== 'CREATE_COMPLETE') throw new Error(`The stack of the issuer ${issuer} is in ${status}: ${reason}`);
  }
  for (const member of scenario.fleet) {
    if (member.owner === 'hand') await sandbox.register(member.name, member.spec);
    else await cloudFormation.createStack(stackOf(member.name), templateOf(member, sandbox));
  }
  sandbox.secretsManager.settings.listStalenessMilliseconds = scenario.listStaleness;
  await sandbox.clock.advance(scenario.listStaleness);
  const events = createEventLog(() => sandbox.clock.now());
  return Object.assign(followers, {
    scenario,
    sandbox,
    stacks: cloudFormation,
    events,
    begin: sandbox.clock.now(),
    updating: new Set<string>(),
    foreign: new Map<string, Set<string>>(),
    forced: [],
    forgotten: [],
    wronged: new Set<number>(),
    expired: [],
    stop: () => stacks.stop(),
  });
}

/** Each process has a machine of its own, whose clock is off by as much as the scenario allows, or by less. */
function skewOf({ seed, skew }: Scenario): (process: number) => number {
  return (process) => seededRandom(seed + process).between(-skew, skew);
}

export function secretOf(certificate: string): string {
  return `evercert/${certificate}`;
}

/** Of a certificate or of an issuer. */
export function stackOf(name: string): string {
  return name.replaceAll('.', '-');
}

/** An issuer as a stack has it; another text in `keyRollover` has the account's key replaced. */
export function issuerTemplate(issuer: string, sandbox: Sandbox, keyRollover?: string): Template {
  const settings = { ...sandbox.issuerSettings(), ...(keyRollover === undefined ? {} : { keyRollover }) };
  const { serviceTimeout: ServiceTimeout } = sandbox.deployment;
  const properties = { Name: issuer, Settings: JSON.stringify(settings), ServiceTimeout };
  return { Issuer: { type: 'Custom::AcmeIssuer', properties } };
}

export function templateOf({ name, spec }: Pick<FleetMember, 'name' | 'spec'>, sandbox: Sandbox): Template {
  const { serviceTimeout: ServiceTimeout } = sandbox.deployment;
  const Spec = JSON.stringify(spec);
  const properties = { Name: name, Spec, WaitForIssuance: true, RemovalPolicy: 'retain', ServiceTimeout };
  return { Certificate: { type: 'Custom::AcmeCertificate', properties } };
}
