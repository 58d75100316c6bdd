import { readCertificateTags } from '../../lambdas/core/certificate-tags.ts';
import { dueFromMetadata } from '../../lambdas/core/due.ts';
import { DAY, HOUR, MINUTE } from '../../lambdas/core/duration.ts';
import type { SandboxOptions } from '../sandbox/sandbox.ts';
import { act } from './actions.ts';
import { drawScenario, lifetimeOf } from './draw-scenario.ts';
import { Endless, type EventLine } from './event-log.ts';
import { type Hits, installFaults } from './faults-in-world.ts';
import { type InvariantName, type Invariants, type Violation, watchInvariants } from './invariants.ts';
import { isInOrder, isRevoked, livePair } from './pairs.ts';
import type { Scenario } from './scenario.ts';
import { secretOf, startWorld, type World } from './world.ts';

export interface SeedResult {
  readonly scenario: Scenario;
  readonly violations: readonly Violation[];
  /** It was given up: what it began still goes on in this process. */
  readonly endless: boolean;
  /** Of the event log: equal whenever the seed is replayed. */
  readonly digest: string;
  readonly events: number;
  readonly tail: readonly string[];
  /** All of them, where they are to be compared. */
  readonly lines: readonly EventLine[];
  /** How often each of the scenario's faults has hit something, in their order. */
  readonly hits: readonly number[];
  readonly issuances: number;
  readonly renewals: number;
  readonly scans: number;
  readonly expired: World['expired'];
  readonly simulatedHours: number;
  /** Hours until all was in order after the last fault. */
  readonly recoveryHours: number | undefined;
}

/** The schedule's minute. */
const SCAN_MINUTE = 23 * MINUTE;
/**
 * Scans that are left to an idle fleet: those that would decide to wait for every certificate are skipped, but not for
 * longer than this.
 */
const LONGEST_IDLE = { shortlived: 12 * HOUR, tlsserver: 2 * DAY, classic: 4 * DAY };

export interface SeedOptions {
  readonly ports?: SandboxOptions['ports'];
  /** Whether the result has every event. */
  readonly keepsLines?: boolean;
  /** What happens after this one is violated is of no interest. */
  readonly until?: InvariantName | undefined;
}

export async function runSeed(
  seed: number,
  { ports, keepsLines = false, until: shown }: SeedOptions = {},
): Promise<SeedResult> {
  const scenario = drawScenario(seed);
  const world = await startWorld(scenario, ports);
  const hits: Hits = new Map();
  const invariants = watchInvariants(world, hits);
  const counts = { scans: 0 };
  let recoveryHours: number | undefined;
  let violations: readonly Violation[];
  let endless = false;
  try {
    const isOver = () => shown !== undefined && invariants.isViolated(shown);
    recoveryHours = await Promise.race([live(world, hits, invariants, counts, isOver), world.events.tooMany]);
    violations = invariants.end();
  } catch (error) {
    if (!(error instanceof Endless)) throw error;
    endless = true;
    violations = [{ invariant: 'it comes to an end', found: error.message }];
  }
  const issued = world.sandbox.ca.certificates.length;
  const { events } = world;
  const result = {
    scenario,
    violations,
    endless,
    digest: events.digest(),
    events: events.length,
    tail: violations.length > 0 ? events.tail(60) : [],
    lines: keepsLines ? events.all() : [],
    hits: scenario.faults.map((planned) => hits.get(planned) ?? 0),
    issuances: issued,
    renewals: Math.max(0, issued - scenario.fleet.length),
    scans: counts.scans,
    expired: world.expired,
    simulatedHours: (world.sandbox.clock.now() - world.begin) / HOUR,
    recoveryHours,
  };
  if (!endless) await world.stop();
  return result;
}

/** The schedule, the faults and the people, until all is in order again; the hours that it took after the last fault. */
async function live(
  world: World,
  hits: Hits,
  invariants: Invariants,
  counts: { scans: number },
  isOver: () => boolean,
): Promise<number | undefined> {
  const { scenario } = world;
  const boundaries = installFaults(world, hits);
  const under = [...boundaries, ...scenario.actions.map((action) => ({ at: action.at, action }))];
  const background: Promise<void>[] = [];
  const longest = LONGEST_IDLE[scenario.profile];
  let working = 0;
  const start = (work: Promise<void>) => {
    working += 1;
    background.push(work.finally(() => (working -= 1)));
  };
  let scannedAt = Number.NEGATIVE_INFINITY;
  const scan = async () => {
    counts.scans += 1;
    scannedAt = world.sandbox.clock.now();
    world.events.note('the schedule scans');
    // A scan that dies is an alarm; the next one comes in an hour.
    await world.sandbox.scan().catch(() => undefined);
  };
  const waiting = under.toSorted((a, b) => a.at - b.at);
  for (let at = SCAN_MINUTE; at < scenario.faultsEnd && !isOver(); at += HOUR) {
    while (waiting[0] && waiting[0].at <= at) {
      const next = waiting.shift();
      if (!next) break;
      await until(next.at, world);
      if ('apply' in next) next.apply();
      else start(act(next.action, world));
    }
    await until(at, world);
    invariants.look();
    if (!isIdle(world) || world.sandbox.clock.now() - scannedAt >= longest) {
      start(scan());
      continue;
    }
    // While nothing runs and nobody does anything, what is idle later is idle until then.
    const later = Math.min(scannedAt - world.begin + longest, waiting[0]?.at ?? Number.POSITIVE_INFINITY) - HOUR;
    if (later > at + HOUR && working === 0 && isIdle(world, later)) at += Math.floor((later - at) / HOUR) * HOUR;
  }
  await Promise.all(background);
  world.sandbox.faults.clear();
  for (const { apply } of boundaries.slice(-1)) apply();

  let recovery: number | undefined;
  const lifetime = lifetimeOf(scenario.profile) / HOUR;
  for (let hour = 0; hour <= lifetime && recovery === undefined && !isOver(); hour += 1) {
    await until(nextScan(world), world);
    // What has ended since the last one may be replaced by this one.
    invariants.look();
    if (!isIdle(world)) await scan();
    invariants.look();
    if (scenario.fleet.every(({ name }) => isInOrder(world, name))) recovery = hour;
    else invariants.late(hour);
    // Too late; what becomes of it is seen all the same, as long as something can still expire.
  }
  await world.sandbox.lambda.idle();
  return recovery;
}

async function until(at: number, { sandbox: { clock }, begin }: World): Promise<void> {
  await clock.advance(Math.max(0, begin + at - clock.now()));
}

/** From now on. */
function nextScan({ sandbox: { clock }, begin }: World): number {
  const passed = clock.now() - begin - SCAN_MINUTE;
  return (Math.floor(passed / HOUR) + 1) * HOUR + SCAN_MINUTE;
}

/** Whether a scan would start nothing: now, or at a later moment of the scenario if nothing changes until then. */
function isIdle({ scenario, sandbox, begin }: World, at = sandbox.clock.now() - begin): boolean {
  return scenario.fleet.every(({ name }) => {
    const secret = sandbox.secretsManager.secret(secretOf(name));
    if (!secret) return true;
    // The CA has news of it, and tells them at a later scan.
    if (isRevoked(sandbox, livePair({ sandbox }, name))) return false;
    const tags = readCertificateTags(secret.tags);
    return dueFromMetadata({ tags, stages: secret.stages }, begin + at + scenario.skew).action === 'wait';
  });
}
