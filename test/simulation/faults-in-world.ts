import { DAY } from '../../lambdas/core/duration.ts';
import type { CaRequest } from '../sandbox/ca/authority.ts';
import { problemDocument } from '../sandbox/ca/problem.ts';
import type { Issuance, PlannedFault } from './scenario.ts';
import type { World } from './world.ts';

/** How often each planned fault has hit something; a window that changes the world counts once, when it begins. */
export type Hits = Map<PlannedFault, number>;

/** A moment at which the world changes by itself. */
export interface Boundary {
  readonly at: number;
  apply(): void;
}

/** Installs a scenario's faults; returns the moments at which something has to be switched. */
export function installFaults(world: World, hits: Hits): readonly Boundary[] {
  const { sandbox, scenario, begin } = world;
  const misissue = misissuing(world);
  for (const planned of scenario.faults) {
    if (planned.hits !== 'requests') continue;
    let matching = 0;
    const when = () => {
      const now = sandbox.clock.now() - begin;
      if (now < planned.from || now >= planned.until) return false;
      matching += 1;
      return (matching - 1) % planned.every === 0;
    };
    const fault = { ...planned.fault, when };
    sandbox.faults.add(fault);
    sandbox.faults.watch({
      effect: () => undefined,
      hit: (_, hit, request) => {
        if (hit !== fault) return;
        hits.set(planned, (hits.get(planned) ?? 0) + 1);
        if (planned.issuance) misissue(planned.issuance, request as CaRequest);
      },
    });
  }
  const switches = scenario.faults.filter(({ hits: what }) => what !== 'requests');
  const moments = [...new Set(switches.flatMap(({ from, until }) => [from, until]))].sort((a, b) => a - b);
  return moments.map((at) => ({ at, apply: () => switchTo(world, switches, at, hits) }));
}

/** Has the CA fail the order of a finalization, or send something else for the certificate of a download. */
function misissuing({
  sandbox: { ca, clock },
  scenario,
  begin,
  wronged,
}: World): (issuance: Issuance, request: CaRequest) => void {
  const failing = new Map<string, Extract<Issuance, { failsWith: string }>>();
  const wrong = new Map<string, Extract<Issuance, { has: string }>>();
  // What was hit may have come to nothing; the next one is not to be met after all faults are over.
  const isOver = () => clock.now() - begin >= scenario.faultsEnd;
  ca.settings.refuseIssuance = (names) => {
    const { failsWith } = failing.get(String(names)) ?? {};
    failing.delete(String(names));
    return failsWith === undefined || isOver()
      ? undefined
      : problemDocument(failsWith, `the simulation wants ${failsWith}`);
  };
  ca.settings.mutate.certificate = (chain, { serial, names, publicKey, orderId }) => {
    const { has } = wrong.get(serial) ?? {};
    wrong.delete(serial);
    if (!has || isOver()) return chain;
    wronged.add(orderId);
    const now = clock.now();
    return has === 'ended'
      ? ca.issue({ names, publicKey, notBefore: now - 2 * DAY, notAfter: now - DAY })
      : ca.issue({ names: ['nobody-asked-for.example'], publicKey });
  };
  return (issuance, { parameters }) => {
    if ('has' in issuance) wrong.set(parameters[0] ?? '', issuance);
    else failing.set(String(ca.orders.find(({ id }) => String(id) === parameters[1])?.names), issuance);
  };
}

/** What is in force from this moment on; of two that overlap, the later one. */
function switchTo(
  { sandbox, scenario, events }: World,
  switches: readonly PlannedFault[],
  at: number,
  hits: Hits,
): void {
  const active = switches.filter(({ from, until }) => from <= at && at < until);
  for (const planned of active) if (planned.from === at) hits.set(planned, 1);
  const dns = active.findLast((planned) => planned.hits === 'dns');
  const slow = active.findLast((planned) => planned.hits === 'propagation');
  sandbox.nameServer.behaviour = dns?.hits === 'dns' ? dns.behaviour : 'normal';
  const { settings } = sandbox.route53;
  settings.propagationMilliseconds = slow?.hits === 'propagation' ? slow.propagation : scenario.propagation;
  settings.serverLagMilliseconds = slow?.hits === 'propagation' ? [slow.lag] : [];
  events.note(`name servers: ${sandbox.nameServer.behaviour}, propagation ${settings.propagationMilliseconds} ms`);
}
