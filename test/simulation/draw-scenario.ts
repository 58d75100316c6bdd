import { DAY, HOUR, MINUTE, SECOND } from '../../lambdas/core/duration.ts';
import { LETS_ENCRYPT_PROFILES } from '../sandbox/ca/settings.ts';
import { drawFault, type FaultScope, operationsOf } from './fault-kinds.ts';
import { type Random, seededRandom } from './random.ts';
import type { Action, FleetMember, PlannedFault, Profile, Scenario } from './scenario.ts';

const ZONES = ['leane.dev', 'example.net'];
/** Another client's TXT values begin with it. */
export const FOREIGN = 'of-somebody-else-';
const REGIONS = ['eu-central-1', 'us-east-1'];
/** Long enough for back-offs to reach their longest, a day. */
const LONGEST_OUTAGE = 3 * DAY;
/** The CA puts notBefore an hour back. */
const BACKDATED = HOUR;

/** A seed's scenario: the same one for the same seed, whatever has run before. */
export function drawScenario(seed: number): Scenario {
  const random = seededRandom(seed);
  const profile = random.pick<Profile>(['shortlived', 'shortlived', 'shortlived', 'tlsserver', 'classic']);
  const lifetime = lifetimeOf(profile);
  const due = lifetime * (profile === 'shortlived' ? 1 / 2 : 2 / 3) - BACKDATED;
  const execution = random.chance(0.25) ? 'durable' : 'direct';
  const zones = random.some(ZONES, random.between(1, 2));
  const fleet = drawFleet(random, zones, profile, execution === 'durable' ? [1, 1, 1, 2] : [1, 1, 2, 2, 3]);
  const initialOperations = random.pick([1, 3, 5, undefined, undefined]);
  const actions = drawActions(random, fleet, () => aroundWork(random, due, lifetime));
  const faults = drawFaults(random, due, lifetime, operationsOf({ execution, initialOperations, fleet, actions }));
  const renewed = due + (profile === 'shortlived' ? 30 * HOUR : 4 * DAY);
  return {
    seed,
    execution,
    coldStarts: random.chance(0.3),
    initialOperations,
    profile,
    zones,
    fleet,
    ca: {
      authorizationReuse: random.chance(0.5),
      orderReuse: random.chance(0.5),
      nonceRejection: random.pick([0, 0, 0.1]),
      validation: random.pick([SECOND, 5 * SECOND, MINUTE]),
      processing: random.pick([0, SECOND, 15 * SECOND, 2 * MINUTE]),
      retryAfterSeconds: random.pick([undefined, 15]),
    },
    latency: random.pick([5, 20, 80]),
    propagation: random.between(5, 60) * SECOND,
    listStaleness: random.pick([0, MINUTE, 5 * MINUTE]),
    skew: random.pick([0, SECOND, 2 * MINUTE]),
    faults,
    asyncRetries: random.pick([0, undefined]),
    actions,
    isLetsEncrypt: random.chance(0.25),
    readStaleness: random.pick([0, 0, 0, SECOND, 3 * SECOND]),
    faultsEnd: Math.max(renewed, ...faults.filter((fault) => !isForOneRequest(fault)).map(({ until }) => until)),
  };
}

/** Such a fault waits for its request, however long it takes. */
export function isForOneRequest(planned: PlannedFault): boolean {
  return planned.hits === 'requests' && planned.fault.times !== undefined;
}

export function lifetimeOf(profile: Profile): number {
  return LETS_ENCRYPT_PROFILES[profile]?.lifetimeMilliseconds ?? 0;
}

function drawFleet(
  random: Random,
  zones: readonly string[],
  profile: Profile,
  sizes: readonly number[],
): readonly FleetMember[] {
  const names = zones.flatMap((zone) => [zone, `shop.${zone}`, `a.b.${zone}`]);
  return random.some(names, random.pick(sizes)).map((name) => ({
    name,
    spec: {
      domainNames: random.pick([[name], [name, `*.${name}`]]),
      issuer: random.chance(0.2) ? ['sandbox', 'second'] : 'sandbox',
      profile,
      acm: [...random.some(REGIONS, random.between(0, 2))],
      ...(random.chance(0.1) ? { reuseKey: true } : {}),
    },
    owner: random.chance(0.4) ? 'stack' : 'hand',
  }));
}

/** Half of them while certificates are issued for the first time, half around their first renewal. */
function drawFaults(
  random: Random,
  due: number,
  lifetime: number,
  operations: Pick<FaultScope, 'aws' | 'acme'>,
): readonly PlannedFault[] {
  return Array.from({ length: random.between(1, 6) }, () => {
    const from = aroundWork(random, due, lifetime);
    // One in sixteen may last so long that nothing can be done, and no longer: each hour would be like the one before.
    const fatal = random.chance(1 / 16) && from > due / 2;
    const outage = fatal ? lifetime - from + 6 * HOUR : Math.min((lifetime - due) / 3, LONGEST_OUTAGE);
    return drawFault(random, from, { ...operations, outage });
  }).sort((a, b) => a.from - b.from);
}

/**
 * A moment at which something is likely to be done: while certificates are issued for the first time, or in the CA's
 * window (a fiftieth of the lifetime) around their renewal, or in the day after it.
 */
function aroundWork(random: Random, due: number, lifetime: number): number {
  if (random.chance(0.4)) return random.between(0, 40) * MINUTE;
  if (random.chance(0.7)) return due + random.between(-0.011 * lifetime, 0.011 * lifetime);
  return due + random.between(0, DAY);
}

const RARE_ACTIONS = ['change spec', 'revoke', 'CA revokes', 'CA forgets accounts', 'roll key over'] as const;
const KINDS_OF_ACTIONS = [
  'scan',
  'scan',
  'scan',
  'renew',
  'renew',
  'renew',
  'TXT',
  'TXT',
  'TXT',
  'TXT',
  ...RARE_ACTIONS,
];

function drawActions(random: Random, fleet: readonly FleetMember[], moment: () => number): readonly Action[] {
  const actions = Array.from({ length: random.between(0, 5) }, (): readonly Action[] => {
    const at = moment();
    const { name: certificate, spec } = random.pick(fleet);
    switch (random.pick(KINDS_OF_ACTIONS)) {
      case 'scan': {
        const event = random.pick([{}, { certificates: [certificate] }, { certificates: [certificate], force: true }]);
        return [{ at, does: 'scan', event }];
      }
      case 'renew':
        return [{ at, does: 'renew', event: { certificate, ...(random.chance(0.3) ? { force: true } : {}) } }];
      case 'revoke':
        return [{ at, does: 'revoke', certificate, reason: random.pick(['keyCompromise', 'superseded']) }];
      case 'CA revokes':
        return [{ at, does: 'CA revokes', certificate }];
      case 'CA forgets accounts':
        return [{ at, does: 'CA forgets accounts' }];
      case 'roll key over':
        return [{ at, does: 'roll key over', issuer: random.pick(['sandbox', 'second']), text: `at ${at}` }];
      case 'change spec':
        return [{ at, does: 'change spec', certificate, spec: changed(random, spec) }];
      default: {
        const value = `${FOREIGN}${random.between(1, 1_000_000)}`;
        const removed = at + random.between(1, 12 * 60) * MINUTE;
        return [
          { at, does: 'write TXT', certificate, value },
          ...(random.chance(0.5) ? [{ at: removed, does: 'remove TXT', certificate, value } as const] : []),
        ];
      }
    }
  });
  return actions.flat().sort((a, b) => a.at - b.at);
}

function changed(random: Random, spec: FleetMember['spec']): FleetMember['spec'] {
  const [first = ''] = spec.domainNames;
  return random.pick([
    { ...spec, domainNames: [...spec.domainNames, `added.${first}`] },
    { ...spec, key: 'ecdsa-p384' as const },
    { ...spec, acm: REGIONS },
  ]);
}
