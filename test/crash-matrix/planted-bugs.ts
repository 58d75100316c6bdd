import { LIVE, NEXT_KEY } from '../../lambdas/core/stages.ts';
import { renewalPorts } from '../../lambdas/handlers/renew.ts';
import { digest } from '../../lambdas/renewal/digest.ts';
import type { RenewalPorts } from '../../lambdas/renewal/run.ts';
import type { CallPoint, Interruption } from './call-points.ts';
import type { Property } from './properties.ts';
import type { Work } from './scenario.ts';

/** A mistake that evercert doesn't make. */
export interface Mistake {
  readonly mistake: string;
  plant(ports: RenewalPorts): RenewalPorts;
}

/** A mistake, and a case of the matrix that has to find it. */
export interface PlantedBug extends Mistake {
  readonly violates: Property;
  readonly work: Work;
  readonly point: CallPoint;
  readonly interruption: Interruption;
}

export const PLANTED_BUGS: readonly PlantedBug[] = [
  {
    violates: 'one new live pair',
    mistake: 'a claim holds for ever',
    work: 'renewal',
    point: { operation: 'acme:finalize', occurrence: 1 },
    interruption: 'killed after its effect',
    plant: (ports) => storing(ports, (value) => value.replace(/"leaseUntil":\d+/, '"leaseUntil":9999999999999')),
  },
  {
    violates: 'one finalized order',
    mistake: 'the next attempt does not go on with the order of a dead one',
    work: 'renewal',
    point: { operation: 'acme:certificate', occurrence: 1 },
    interruption: 'killed before it',
    plant: (ports) => storing(ports, (value) => value.replace(/"spec":"[^"]*"/, '"spec":"another"')),
  },
  {
    violates: 'one ACM certificate per region',
    mistake: 'nobody looks for the import of a dead run',
    work: 'first issuance',
    point: { operation: 'acm:ImportCertificate', occurrence: 1 },
    interruption: 'killed after its effect',
    plant: (ports) => ({ ...ports, targets: { ...ports.targets, find: async () => [] } }),
  },
  {
    violates: 'the old pair in AWSPREVIOUS',
    mistake: 'the new pair goes live twice',
    work: 'renewal',
    point: { operation: 'secretsmanager:UpdateSecretVersionStage', occurrence: 1 },
    interruption: 'its answer lost',
    plant: livingTwice,
  },
  {
    violates: 'no TXT value of ours left',
    mistake: 'nobody cleans up',
    work: 'renewal',
    point: { operation: 'acme:challenge', occurrence: 1 },
    interruption: 'killed after its effect',
    plant: (ports) => ({ ...ports, records: { ...ports.records, remove: async () => undefined } }),
  },
  {
    violates: 'what was to be revoked is revoked',
    mistake: 'the wish to revoke does not say which certificate is meant',
    work: 'revocation',
    point: { operation: 'acme:finalize', occurrence: 1 },
    interruption: 'killed after its effect',
    plant: (ports) => storing(ports, (value) => value.replace(/,"certificate":"[^"]*"(?=}])/, '')),
  },
  {
    violates: 'no revoked pair is live',
    mistake: 'the old certificate is revoked first, although nobody has asked for that',
    work: 'revocation',
    point: { operation: 'acme:finalize', occurrence: 1 },
    interruption: 'killed after its effect',
    plant: (ports) => storing(ports, (value) => value.replace('"immediate":false', '"immediate":true')),
  },
  {
    violates: 'the account can be used',
    mistake: 'the next account key is not stored before the CA has it',
    work: 'key rollover',
    point: { operation: 'acme:keyChange', occurrence: 1 },
    interruption: 'killed after its effect',
    plant: (ports) => ({
      ...ports,
      vault: {
        ...ports.vault,
        put: async (version) => (version.stage === NEXT_KEY ? 'written' : ports.vault.put(version)),
      },
    }),
  },
  {
    violates: 'nothing secret outside',
    mistake: 'the log shows what is stored',
    work: 'renewal',
    point: { operation: 'acme:newOrder', occurrence: 1 },
    interruption: 'its answer lost',
    plant: (ports) =>
      storing(ports, (value) => {
        ports.log.info('stored', { value });
        return value;
      }),
  },
];

/** `renewalPorts` with the mistake in it. */
export function planted(bug: Mistake): typeof renewalPorts {
  return (...surroundings) => bug.plant(renewalPorts(...surroundings));
}

/** Changes every value before it is stored. */
export function storing(ports: RenewalPorts, change: (value: string) => string): RenewalPorts {
  const { vault } = ports;
  return { ...ports, vault: { ...vault, put: (version) => vault.put({ ...version, value: change(version.value) }) } };
}

function livingTwice(ports: RenewalPorts): RenewalPorts {
  const { vault } = ports;
  return {
    ...ports,
    vault: {
      ...vault,
      moveStage: async (move) => {
        const moved = await vault.moveStage(move);
        const value = (await vault.read(move.id, move.to)) ?? '';
        await vault.put({ id: move.id, value, token: digest('again', move.to), stage: LIVE });
        return moved;
      },
    },
  };
}
