import { generateKeyPairSync } from 'node:crypto';
import { DAY } from '../../lambdas/core/duration.ts';
import type { ChallengeRecord } from '../../lambdas/renewal/ports/challenge-records.ts';
import type { RenewalPorts } from '../../lambdas/renewal/run.ts';
import { LIVE } from '../../lambdas/renewal/stages.ts';
import { type Mistake, PLANTED_BUGS as OF_THE_MATRIX, storing } from '../crash-matrix/planted-bugs.ts';
import type { InvariantName } from './invariants.ts';

/** A mistake that evercert doesn't make, and the invariant that must notice it. */
export interface PlantedBug extends Mistake {
  readonly violates: InvariantName;
}

export const PLANTED_BUGS: readonly PlantedBug[] = [
  {
    violates: 'the live pair matches',
    mistake: 'a new pair is stored with another key',
    plant: (ports) => storing(ports, (value) => (value.includes('"certificate"') ? withAnotherKey(value) : value)),
  },
  {
    violates: 'the live pair is never worse than the one before',
    mistake: 'the pair before goes live again',
    plant: (ports) => {
      const { vault } = ports;
      const moveStage: typeof vault.moveStage = async (move) => {
        const moved = await vault.moveStage(move);
        if (move.stage === LIVE) await vault.moveStage({ ...move, from: move.to, to: move.from });
        return moved;
      };
      return { ...ports, vault: { ...vault, moveStage } };
    },
  },
  {
    violates: 'no certificate and no key is lost',
    mistake: 'the key that is stored is not the one that is used',
    plant: (ports) => storing(ports, (value) => (value.includes('"leaseUntil"') ? withAnotherKey(value) : value)),
  },
  {
    violates: 'what others have in DNS stays',
    mistake: 'cleaning up removes all values of a record set',
    plant: (ports) => ({
      ...ports,
      records: {
        ...ports.records,
        remove: (records, presented) =>
          ports.records.remove(
            records.map((record) => withAllValues(record, presented)),
            presented,
          ),
      },
    }),
  },
  {
    violates: 'no request is outside of the policies',
    mistake: 'a value is written beside the challenge as well',
    plant: (ports) => ({
      ...ports,
      records: {
        ...ports.records,
        present: async (records) => {
          const beside = records.map((record) => ({
            ...record,
            recordName: record.recordName.replace('_acme-challenge', 'www'),
          }));
          await ports.records.present(beside).catch(() => undefined);
          return ports.records.present(records);
        },
      },
    }),
  },
  {
    violates: 'nothing secret is in a log, a checkpoint, an event or an error',
    ...ofTheMatrix('the log shows what is stored'),
  },
  {
    violates: 'one order is finalized per generation',
    ...ofTheMatrix('the next attempt does not go on with the order of a dead one'),
  },
  {
    violates: 'one order is open on purpose',
    mistake: 'a cleaned-up claim forgets its order',
    plant: (ports) =>
      tagging(
        storing(ports, (value) => value.replace(/"spec":"[^"]*"/, '"spec":"another"')),
        ({ 'evercert:order': _, ...tags }) => tags,
      ),
  },
  {
    violates: "the CA's limits are kept",
    mistake: 'nobody keeps a Retry-After',
    plant: (ports) =>
      tagging(ports, (tags) =>
        Object.fromEntries(
          Object.entries(tags).map(([tag, value]) => [
            tag,
            /retry-at|not-before-order|paused/.test(tag) && value ? '2026-01-01T00:00:00.000Z' : value,
          ]),
        ),
      ),
  },
  {
    violates: 'every certificate is in order in time once faults have stopped',
    ...ofTheMatrix('a claim holds for ever'),
  },
  {
    violates: 'no certificate expires unless the faults leave no other way',
    mistake: 'a renewal is planned for the day after the end',
    plant: (ports) =>
      tagging(ports, (tags) => {
        const end = tags['evercert:not-after'];
        const late = end && new Date(Date.parse(end) + DAY).toISOString();
        return late
          ? {
              ...tags,
              'evercert:renew-at': late,
              'evercert:renew-by': late,
              'evercert:not-before': late,
              'evercert:not-after': late,
            }
          : tags;
      }),
  },
];

function ofTheMatrix(mistake: string): Mistake {
  const found = OF_THE_MATRIX.find((bug) => bug.mistake === mistake);
  if (!found) throw new RangeError(`The crash matrix plants no bug with which ${mistake}.`);
  return { mistake, plant: found.plant };
}

function tagging(
  ports: RenewalPorts,
  change: (tags: Readonly<Record<string, string>>) => Readonly<Record<string, string>>,
): RenewalPorts {
  const { vault } = ports;
  return { ...ports, vault: { ...vault, tag: (id, tags) => vault.tag(id, change(tags)) } };
}

function withAnotherKey(value: string): string {
  const parsed = JSON.parse(value) as { readonly privateKey?: string };
  if (!parsed.privateKey) return value;
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  return JSON.stringify({ ...parsed, privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }) });
}

function withAllValues(
  record: ChallengeRecord,
  presented: Parameters<RenewalPorts['records']['remove']>[1] = [],
): ChallengeRecord {
  const sets = presented
    .flatMap(({ recordSets }) => recordSets)
    .filter(({ recordName }) => recordName === record.recordName);
  const values = sets.flatMap((set) => set.values.map((value) => value.replace(/^"|"$/g, '')));
  return { ...record, values: [...new Set([...record.values, ...values])] };
}
