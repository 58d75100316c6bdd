import { nextAttemptAt } from '../../lambdas/core/back-off.ts';
import { DAY, HOUR, MINUTE } from '../../lambdas/core/duration.ts';
import { createRenew } from '../../lambdas/handlers/renew.ts';
import type { Log } from '../../lambdas/renewal/ports/log.ts';
import type { Fault } from '../sandbox/faults.ts';
import { live } from '../sandbox/inspect.ts';
import { type Sandbox, type SandboxOptions, startSandbox } from '../sandbox/sandbox.ts';
import type { Execution } from '../sandbox/synthesis.ts';

export const NAME = 'leane.dev';
const SECRET = `evercert/${NAME}`;
export const ISSUER = 'evercert/_issuers/sandbox';
export const REGIONS = ['eu-central-1', 'us-east-1'];
const SPEC = { domainNames: ['leane.dev', '*.leane.dev'], issuer: 'sandbox', acm: REGIONS };

/** ListSecrets "might not reflect changes from the last five minutes" (AWS: ListSecrets). */
const STALENESS = 5 * MINUTE;
const LEASE = 15 * MINUTE;
const BACK_OFF = nextAttemptAt({ now: 0, failures: 1 });

/** Scans that the schedule has left until the certificate must be in order again. */
const SCANS_ALLOWED = Math.ceil((LEASE + BACK_OFF + STALENESS) / HOUR);

export const EXECUTIONS = ['direct', 'durable'] as const satisfies readonly Execution[];
export const WORKS = ['first issuance', 'renewal', 'revocation', 'immediate revocation', 'key rollover'] as const;
export type Work = (typeof WORKS)[number];

/** Works whose event is an operator's, and not the schedule's. */
const REVOCATIONS: readonly Work[] = ['revocation', 'immediate revocation'];

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
  /** Serial number of the certificate that is to be revoked; `undefined` when none is. */
  readonly revoked: string | undefined;
  /** What was wrong for a moment, and may be right again. */
  readonly momentary: readonly string[];
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
  if (work !== 'first issuance') {
    await issue(sandbox);
    await sandbox.clock.advance(REVOCATIONS.includes(work) ? DAY : 61 * DAY);
  }
  if (work === 'key rollover') {
    const settings = { ...sandbox.issuerSettings(), keyRollover: 'somebody left' };
    sandbox.secretsManager.overwrite(ISSUER, JSON.stringify(settings), 'ACME_SPEC');
  }
  sandbox.secretsManager.settings.listStalenessMilliseconds = STALENESS;
  await sandbox.clock.advance(STALENESS);
  sandbox.calls.reset();
  return {
    sandbox,
    work,
    before: work === 'first issuance' ? undefined : JSON.stringify(live(sandbox, NAME)),
    revoked: REVOCATIONS.includes(work) ? live(sandbox, NAME).issued.serialNumber : undefined,
    momentary: work === 'revocation' ? watchLivePair(sandbox) : [],
    finalizedBefore: sandbox.ca.finalizedOrders().length,
    importsBefore: Object.fromEntries(REGIONS.map((region) => [region, sandbox.acm.certificates(region)[0]?.arn])),
    stop: () => sandbox.stop(),
  };
}

/** Looks after every request that may change it whether the live pair is revoked; the list that is returned grows. */
function watchLivePair(sandbox: Sandbox): readonly string[] {
  const found: string[] = [];
  for (const operation of ['acme:revokeCert', 'secretsmanager:*']) {
    const look = () => {
      const { serialNumber } = live(sandbox, NAME).issued;
      const isRevoked = sandbox.ca.certificates.some(({ serial, revoked }) => serial === serialNumber && revoked);
      if (isRevoked) found.push(`${serialNumber} was live and revoked after ${operation}`);
      return false;
    };
    sandbox.faults.add({ operation, phase: 'after', when: look });
  }
  return found;
}

/** In one invocation, whatever the case is about: how the first pair came about does not matter to it. */
async function issue({ clock, environment }: Sandbox): Promise<void> {
  const quiet: Log = { info: () => undefined, warn: () => undefined, error: () => undefined };
  const renewOnce = createRenew({ environment, clock, log: quiet, print: () => undefined });
  await clock.run(() => renewOnce({ certificate: NAME }, { awsRequestId: 'set-up' }));
}

/** What starts the work: the schedule's scan, or the event of an operator. A scan that dies is an alarm. */
export async function begin({ sandbox, work }: Pick<Scenario, 'sandbox' | 'work'>): Promise<void> {
  if (!REVOCATIONS.includes(work)) await sandbox.scan().catch(() => undefined);
  else {
    const revoke = { reason: 'keyCompromise', immediate: work === 'immediate revocation' };
    const event = { certificate: NAME, revoke, confirm: NAME };
    await sandbox.lambda.invoke(sandbox.deployment.functions.renew, event, { type: 'Event' }).catch(() => undefined);
  }
  await sandbox.lambda.idle();
}

/**
 * The work, which meets `fault`, and then as many hourly scans as are allowed. Returns how many of those it took until the
 * certificate was issued; 0 when the run that met the fault got there by itself. An operator whose wish was not even
 * written down sees that, and repeats it.
 */
export async function interruptAndWait(scenario: Scenario, fault: Fault): Promise<number | undefined> {
  const { sandbox, before, revoked } = scenario;
  sandbox.faults.add(fault);
  const beganAt = sandbox.clock.now();
  let issuedAfter: number | undefined;
  for (let scans = 0; scans <= SCANS_ALLOWED; scans += 1) {
    await sandbox.clock.advance(beganAt + scans * HOUR - sandbox.clock.now());
    const isUnknown = revoked !== undefined && sandbox.secretsManager.value(SECRET, 'ACME_REVOKED') === undefined;
    if (scans === 0 || isUnknown) await begin(scenario);
    else await sandbox.scan().catch(() => undefined);
    await sandbox.lambda.idle();
    const value = sandbox.secretsManager.value(SECRET, 'AWSCURRENT');
    if (issuedAfter === undefined && isPair(value) && value !== before) issuedAfter = scans;
  }
  return issuedAfter;
}

function isPair(value: string | undefined): boolean {
  return value?.includes('privateKey') ?? false;
}
