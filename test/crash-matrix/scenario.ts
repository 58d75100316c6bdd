import { DAY, HOUR, MINUTE } from '../../lambdas/core/duration.ts';
import { createRenew } from '../../lambdas/handlers/renew.ts';
import type { Log } from '../../lambdas/renewal/ports/log.ts';
import type { Fault } from '../sandbox/faults.ts';
import { live } from '../sandbox/inspect.ts';
import { type Sandbox, type SandboxOptions, startSandbox } from '../sandbox/sandbox.ts';
import type { Execution } from '../sandbox/synthesis.ts';

export const NAME = 'leane.dev';
export const REGIONS = ['eu-central-1', 'us-east-1'];
const SPEC = { domainNames: ['leane.dev', '*.leane.dev'], issuer: 'sandbox', acm: REGIONS };

/** ListSecrets "might not reflect changes from the last five minutes" (AWS: ListSecrets). */
const STALENESS = 5 * MINUTE;
const LEASE = 15 * MINUTE;
/** After one failure (DESIGN, rule 5). */
const BACK_OFF = 2 * HOUR;

/** Scans that the schedule has left until the certificate must be in order again. */
const SCANS_ALLOWED = Math.ceil((LEASE + BACK_OFF + STALENESS) / HOUR);

export const EXECUTIONS = ['direct', 'durable'] as const satisfies readonly Execution[];
export const WORKS = ['first issuance', 'renewal'] as const;
export type Work = (typeof WORKS)[number];

export interface ScenarioOptions extends Pick<SandboxOptions, 'ports'> {
  readonly execution: Execution;
  readonly work: Work;
}

/** What a case is about, and what there was before it. */
export interface Scenario {
  readonly sandbox: Sandbox;
  readonly work: Work;
  /** The live secret value; `undefined` before a first issuance. */
  readonly before: string | undefined;
  readonly finalizedBefore: number;
  /** ARN by region. */
  readonly importsBefore: Readonly<Record<string, string | undefined>>;
  stop(): Promise<void>;
}

/** A managed certificate that the next scan will find due. */
export async function startScenario({ execution, work, ports }: ScenarioOptions): Promise<Scenario> {
  const sandbox = await startSandbox({ zones: [NAME], execution, ...(ports ? { ports } : {}) });
  // What Lambda's repetition of an event would mend is left to the schedule: the harder case.
  sandbox.lambda.settings.asyncRetries = 0;
  await sandbox.deployIssuer();
  await sandbox.register(NAME, SPEC);
  if (work === 'renewal') {
    await issue(sandbox);
    await sandbox.clock.advance(61 * DAY);
  }
  sandbox.secretsManager.settings.listStalenessMilliseconds = STALENESS;
  await sandbox.clock.advance(STALENESS);
  sandbox.calls.reset();
  return {
    sandbox,
    work,
    before: work === 'renewal' ? JSON.stringify(live(sandbox, NAME)) : undefined,
    finalizedBefore: sandbox.ca.finalizedOrders().length,
    importsBefore: Object.fromEntries(REGIONS.map((region) => [region, sandbox.acm.certificates(region)[0]?.arn])),
    stop: () => sandbox.stop(),
  };
}

/** In one invocation, whatever the case is about: how the first pair came about does not matter to it. */
async function issue({ clock, environment }: Sandbox): Promise<void> {
  const quiet: Log = { info: () => undefined, warn: () => undefined, error: () => undefined };
  const renewOnce = createRenew({ environment, clock, log: quiet, print: () => undefined });
  await clock.run(() => renewOnce({ certificate: NAME }, { awsRequestId: 'set-up' }));
}

/**
 * The schedule's scan, which meets `fault`, and then as many hourly scans as are allowed. Returns how many of those it
 * took until the certificate was issued; 0 when the run that met the fault got there by itself.
 */
export async function interruptAndWait({ sandbox, before }: Scenario, fault: Fault): Promise<number | undefined> {
  sandbox.faults.add(fault);
  const beganAt = sandbox.clock.now();
  let issuedAfter: number | undefined;
  for (let scans = 0; scans <= SCANS_ALLOWED; scans += 1) {
    await sandbox.clock.advance(beganAt + scans * HOUR - sandbox.clock.now());
    // A scan that dies is an alarm; the next one comes in an hour.
    await sandbox.scan().catch(() => undefined);
    await sandbox.lambda.idle();
    const value = sandbox.secretsManager.value(`evercert/${NAME}`, 'AWSCURRENT');
    if (issuedAfter === undefined && isPair(value) && value !== before) issuedAfter = scans;
  }
  return issuedAfter;
}

function isPair(value: string | undefined): boolean {
  return value?.includes('privateKey') ?? false;
}
