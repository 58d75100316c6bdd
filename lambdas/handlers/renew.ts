import {
  type DurableExecutionHandler,
  type DurableLambdaHandler,
  withDurableExecution,
} from '@aws/durable-execution-sdk-js';
import type { KnownCas } from '../acme/known-ca.ts';
import { createAcmTargets } from '../aws/acm-targets.ts';
import { type AwsClients, type ClientOptions, createAwsClients, createLambdaClient } from '../aws/clients.ts';
import { createDnsAccounts } from '../aws/dns-accounts.ts';
import { createDurableTransport } from '../aws/durable-transport.ts';
import { createRoute53Records } from '../aws/route53-records.ts';
import { createSecretVault } from '../aws/secret-vault.ts';
import type { KnownZones } from '../aws/zone-directory.ts';
import { FAILED, phaseMetric, RENEWED, THROTTLED } from '../core/metrics.ts';
import type { RenewOutcome } from '../core/outcome.ts';
import { parseRenewEvent } from '../core/renew-event.ts';
import { type Settings, settingsFromEnvironment } from '../core/settings.ts';
import { createFindServers, rememberServers } from '../dns/authoritative-servers.ts';
import { createAuthoritativeTxt } from '../dns/authoritative-txt.ts';
import { createPublicDns } from '../dns/public-dns.ts';
import type { Log } from '../renewal/ports/log.ts';
import type { Steps } from '../renewal/ports/steps.ts';
import { renew } from '../renewal/renew.ts';
import { forgetProgress, type RenewalPorts, type Run, startRun, takeUp } from '../renewal/run.ts';
import { directSteps } from '../renewal/steps/direct-steps.ts';
import { measuredSteps } from '../renewal/steps/measured-steps.ts';
import { noticingSteps } from '../renewal/steps/noticing-steps.ts';
import { DurableFailure, durableSteps } from './durable-steps.ts';
import { createEmit, type Emit } from './metrics.ts';
import { type Context, deployedSurroundings, type Surroundings } from './surroundings.ts';

/** What the function works in; the sandbox may change more. */
export interface RenewSurroundings extends Surroundings {
  /** Watches the steps of a renewal. */
  readonly watch?: (steps: Steps) => Steps;
  /** What a renewal works with; the adapters of AWS and DNS when left out. */
  readonly ports?: typeof renewalPorts;
}

type RenewContext = Pick<Context, 'awsRequestId'>;

/**
 * The `renew` function, everything in one invocation. Event: `{"certificate": "name", "force"?: true, "spec"?: {…}}`;
 * result: `RenewOutcome`. Failures are thrown, so that metrics, retries and alarms fire.
 */
export function createRenew(
  surroundings: RenewSurroundings,
): (event: unknown, context: RenewContext) => Promise<RenewOutcome> {
  const { start, work } = prepare(surroundings);
  // Lambda repeats an asynchronous event under the same request id: the repetition goes on with its own claim.
  return async (input, { awsRequestId }) => work(input, directSteps(surroundings.clock), start(awsRequestId));
}

/**
 * The `renew` function as a durable one: the same events, results and failures; each resume is an invocation of its own
 * that goes on where the last one stopped.
 */
export function createDurableRenew(surroundings: RenewSurroundings): DurableLambdaHandler {
  const { start, work, around } = prepare(surroundings);
  // Lambda often resumes in the process that has suspended: what it knows already need not be asked again.
  let last: { readonly run: Run; readonly seen: ReadonlySet<string> } | undefined;
  const transport = createDurableTransport(createLambdaClient(around));
  const flow: DurableExecutionHandler<unknown, RenewOutcome> = async (input, context) => {
    const id = context.executionContext.durableExecutionArn;
    const isSame = last?.run.id === id;
    const seen = new Set(isSame ? last?.seen : []);
    // A checkpoint that fails ends an invocation in the middle of a step, which Lambda thaws with the next one.
    const before = last && takeUp(last.run);
    const run = isSame && before ? before : start(id);
    last = { run, seen };
    try {
      const steps = noticingSteps(durableSteps(context), seen, () => forgetProgress(run));
      return await work(input, steps, run);
    } catch (error) {
      throw new DurableFailure(error);
    } finally {
      if (last?.run === run) last = undefined;
    }
  };
  return withDurableExecution(flow, { durableExecutionClient: transport });
}

/** What the runs of a process are made with. */
function prepare(surroundings: RenewSurroundings): {
  readonly around: Around;
  readonly start: (id: string) => Run;
  readonly work: (input: unknown, steps: Steps, run: Run) => Promise<RenewOutcome>;
} {
  const { environment, clock, log, watch = asItIs, ports = renewalPorts } = surroundings;
  const settings = settingsFromEnvironment(environment);
  const emit = createEmit(settings.renewer, surroundings);
  const around = { clock, log, onThrottled: () => emit(THROTTLED) };
  const shared = sharedByRuns(around);
  return {
    around,
    start: (id) => startRun(ports(settings, around, shared), settings, id, shared.cas),
    work: (input, steps, run) => measuredRenewal(input, watch(steps), run, emit),
  };
}

/**
 * One renewal, with its metrics. A renewal that is replayed only to report its end has told of it before: what kills an
 * invocation at that moment may cost a metric, and never doubles one. (An execution that another version of evercert began
 * fails without one: the alarm on executions tells of it.)
 */
async function measuredRenewal(input: unknown, steps: Steps, run: Run, emit: Emit): Promise<RenewOutcome> {
  const measured = measuredSteps(steps, run.clock, {
    phase: (phase, milliseconds) => emit(phaseMetric(phase, milliseconds)),
    wentLive: () => emit(RENEWED),
  });
  try {
    return await renew(parseRenewEvent(input), measured.steps, run);
  } catch (error) {
    if (measured.endedHere()) emit(FAILED);
    throw error;
  }
}

const asItIs = (steps: Steps): Steps => steps;

/** What the runs of a process share: connections to AWS, and what Route 53 and CAs have said in the last minutes. */
interface Shared {
  readonly clients: AwsClients;
  readonly zones: KnownZones;
  readonly cas: KnownCas;
}

/** What adapters work with, besides the settings. */
interface Around extends ClientOptions {
  readonly log: Log;
}

function sharedByRuns(around: Around): Shared {
  return { clients: createAwsClients(around), zones: new Map(), cas: new Map() };
}

/** Ports made of adapters, anew for each run: what an adapter remembers belongs to one run. */
export function renewalPorts(
  settings: Settings,
  around: Around,
  { clients, zones }: Omit<Shared, 'cas'> = sharedByRuns(around),
): RenewalPorts {
  const { clock, log } = around;
  const { authoritativePort: port, cnameTargets, renewer } = settings;
  const resolvers = settings.dnsResolvers.length > 0 ? { resolvers: settings.dnsResolvers } : {};
  const accounts = createDnsAccounts(clients.route53, clients.sts, { ...around, sessionName: `evercert-${renewer}` });
  const findServers = rememberServers(createFindServers({ ...resolvers, port }));
  return {
    vault: createSecretVault(clients.secretsManager, { ...settings, clock }),
    records: createRoute53Records(accounts, { clock, cnameTargets, knownZones: zones }),
    lookup: createAuthoritativeTxt({ findServers }),
    dns: createPublicDns({ ...resolvers, findServers }),
    targets: createAcmTargets(clients.acm),
    clock,
    log,
  };
}

const SERVICE = 'evercert-renew';

let direct: ReturnType<typeof createRenew> | undefined;

/** For a function without durable execution. */
export const handler = (event: unknown, context: RenewContext): Promise<RenewOutcome> => {
  direct ??= createRenew(deployedSurroundings(SERVICE));
  return direct(event, context);
};

let durable: DurableLambdaHandler | undefined;

/** For a durable function: it understands no other invocations. */
export const durableHandler: DurableLambdaHandler = (event, context) => {
  durable ??= createDurableRenew(deployedSurroundings(SERVICE));
  return durable(event, context);
};
