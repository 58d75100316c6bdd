import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import { DAY, HOUR } from '../../lambdas/core/duration.ts';
import { LIVE } from '../../lambdas/core/stages.ts';
import type { ChallengeRecord } from '../../lambdas/renewal/ports/challenge-records.ts';
import type { RenewalPorts } from '../../lambdas/renewal/run.ts';
import { type Mistake, PLANTED_BUGS as OF_THE_MATRIX, storing } from '../crash-matrix/planted-bugs.ts';
import type { InvariantName } from './invariants.ts';

/** A mistake that evercert doesn't make, and the invariant that must notice it. */
export interface PlantedBug extends Mistake {
  readonly violates: InvariantName;
  /** A seed that finds it, with little to do; `npm run simulate -- --planted --search` finds the first one. */
  readonly foundWith: number;
}

/** Versions that a planted bug has had replaced in vain once. */
const replaced = new Set<string>();

/** By zone and name: the values of others that a planted bug has seen. */
const beside = new Map<string, readonly string[]>();
/** By ARN: the serial numbers of imports that a planted bug has not made. */
const described = new Map<string, string>();
/** By ARN: what was imported last. */
const importedPairs = new Map<string, Parameters<RenewalPorts['targets']['import']>[1]>();

export const PLANTED_BUGS: readonly PlantedBug[] = [
  {
    violates: 'the live pair matches',
    foundWith: 5,
    mistake: 'a new pair is stored with another key',
    plant: (ports) => storing(ports, (value) => (value.includes('"certificate"') ? withAnotherKey(value) : value)),
  },
  {
    violates: 'the live pair is never worse than the one before',
    foundWith: 5,
    mistake: 'the old pair goes live instead of the new one',
    plant: (ports) => {
      const { vault } = ports;
      const put: typeof vault.put = async (version) => {
        const live = (await vault.describe(version.id))?.stages[LIVE];
        const old = version.value.includes('"certificate"') ? await vault.read(version.id, live ?? '') : undefined;
        return vault.put(old?.includes('"certificate"') ? { ...version, value: old } : version);
      };
      return { ...ports, vault: { ...vault, put } };
    },
  },
  {
    violates: 'the live pair is never worse than the one before',
    foundWith: 3,
    mistake: 'the pair before is imported once more after the new one',
    plant: (ports) => ({ ...ports, targets: importingTheOldOne(ports.targets) }),
  },
  {
    violates: 'no certificate and no key is lost',
    foundWith: 5,
    mistake: 'the key that is stored is not the one that is used',
    plant: (ports) => storing(ports, (value) => (value.includes('"leaseUntil"') ? withAnotherKey(value) : value)),
  },
  {
    violates: 'what others have in DNS stays',
    foundWith: 123,
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
    violates: 'what others have in DNS stays',
    foundWith: 27,
    mistake: 'what was once beside our values is written again',
    plant: (ports) => ({ ...ports, records: { ...ports.records, present: presentingAgain(ports.records) } }),
  },
  {
    violates: 'no request is outside of the policies',
    foundWith: 5,
    mistake: 'a deletion is taken back before a version is written',
    plant: (ports) => {
      const { vault } = ports;
      const put: typeof vault.put = async (version) => {
        await vault.restore(version.id).catch(() => undefined);
        return vault.put(version);
      };
      return { ...ports, vault: { ...vault, put } };
    },
  },
  {
    violates: 'nothing secret is in a log, a checkpoint, an event or an error',
    foundWith: 5,
    ...ofTheMatrix('the log shows what is stored'),
  },
  {
    violates: 'one order is finalized per generation',
    foundWith: 288,
    mistake: 'the first new pair for a version does not go live, and its order is forgotten',
    plant: (ports) =>
      withoutOrders({
        ...ports,
        vault: {
          ...ports.vault,
          moveStage: async (move) => {
            if (move.stage !== LIVE || replaced.has(move.from)) return ports.vault.moveStage(move);
            replaced.add(move.from);
            return 'moved';
          },
        },
      }),
  },
  {
    violates: 'one order is open on purpose',
    foundWith: 113,
    mistake: 'a cleaned-up claim forgets its order',
    plant: withoutOrders,
  },
  {
    violates: "the CA's limits are kept",
    foundWith: 135,
    mistake: 'nobody keeps a Retry-After',
    plant: (ports) =>
      tagging(ports, ({ 'evercert:retry-at': _, ...tags }, id) => (id.includes('/_issuers/') ? {} : tags)),
  },
  {
    violates: "the CA's limits are kept",
    foundWith: 5,
    mistake: 'a pair is due again as soon as it is live',
    plant: (ports) =>
      tagging(ports, (tags) =>
        tags['evercert:ari-id'] ? { ...tags, 'evercert:renew-at': '2026-01-01T00:00:00Z' } : tags,
      ),
  },
  {
    violates: 'every certificate is in order in time once faults have stopped',
    foundWith: 3,
    mistake: 'an import over an older one is described and not made',
    plant: (ports) => ({ ...ports, targets: notImporting(ports.targets) }),
  },
  {
    violates: 'every certificate is in order in time once faults have stopped',
    foundWith: 165,
    ...ofTheMatrix('a claim holds for ever'),
  },
  {
    violates: 'every certificate is in order in time once faults have stopped',
    foundWith: 5,
    mistake: 'the tags have the end of a pair an hour late',
    plant: (ports) =>
      tagging(ports, (tags) => {
        const end = tags['evercert:not-after'];
        return end ? { ...tags, 'evercert:not-after': new Date(Date.parse(end) + HOUR).toISOString() } : tags;
      }),
  },
  {
    violates: 'every certificate is in order in time once faults have stopped',
    foundWith: 5,
    mistake: 'a renewal is planned for three hours after its moment',
    plant: (ports) =>
      tagging(ports, (tags) => {
        const at = tags['evercert:renew-at'];
        const late = at && new Date(Date.parse(at) + 3 * HOUR).toISOString();
        // A scan would ask the CA again, and mend it.
        return late ? { ...tags, 'evercert:renew-at': late, 'evercert:ari-id': '' } : tags;
      }),
  },
  {
    violates: 'every certificate is in order in time once faults have stopped',
    foundWith: 4,
    mistake: 'the failure before a success stays in the tags',
    plant: (ports) =>
      tagging(ports, ({ 'evercert:failure': failure, 'evercert:retry-at': at, ...tags }) =>
        failure ? { ...tags, 'evercert:failure': failure, ...(at ? { 'evercert:retry-at': at } : {}) } : tags,
      ),
  },
  {
    violates: 'no certificate expires unless the faults leave no other way',
    foundWith: 5,
    mistake: 'a renewal is planned for the day after the end',
    plant: (ports) =>
      tagging(ports, (tags) => {
        const end = tags['evercert:not-after'];
        if (!end) return tags;
        const late = new Date(Date.parse(end) + DAY).toISOString();
        const changed = ['not-before', 'not-after', 'renew-by', 'renew-at'].map((tag) => [`evercert:${tag}`, late]);
        return { ...tags, ...Object.fromEntries(changed), 'evercert:ari-id': '' };
      }),
  },
];

function ofTheMatrix(mistake: string): Mistake {
  const found = OF_THE_MATRIX.find((bug) => bug.mistake === mistake);
  if (!found) throw new RangeError(`The crash matrix plants no bug with which ${mistake}.`);
  return { mistake, plant: found.plant };
}

function withoutOrders(ports: RenewalPorts): RenewalPorts {
  return tagging(
    storing(ports, (value) => value.replace(/"spec":"[^"]*"/, '"spec":"another"')),
    ({ 'evercert:order': _, ...tags }) => tags,
  );
}

function tagging(
  ports: RenewalPorts,
  change: (tags: Readonly<Record<string, string>>, id: string) => Readonly<Record<string, string>>,
): RenewalPorts {
  const { vault } = ports;
  const tag: typeof vault.tag = async (id, tags) => {
    const changed = change(tags, id);
    if (Object.keys(changed).length > 0) await vault.tag(id, changed);
  };
  return { ...ports, vault: { ...vault, tag } };
}

function presentingAgain({ present }: RenewalPorts['records']): RenewalPorts['records']['present'] {
  return async (records) => {
    const ours = new Set(records.flatMap(({ values }) => values));
    const all = records.map((record) => {
      const others = beside.get(`${record.zoneId} ${record.recordName}`) ?? [];
      return { ...record, values: [...new Set([...record.values, ...others])] };
    });
    const presented = await present(all);
    for (const { zoneId, recordSets } of presented) {
      for (const { recordName, values } of recordSets) {
        const others = values.map((value) => value.slice(1, -1)).filter((value) => !ours.has(value));
        beside.set(`${zoneId} ${recordName}`, others);
      }
    }
    return presented;
  };
}

/** Answers as if it had imported. */
function notImporting(targets: RenewalPorts['targets']): RenewalPorts['targets'] {
  return {
    ...targets,
    import: async (region, pair, to) => {
      if (!('arn' in to)) return targets.import(region, pair, to);
      described.set(to.arn, new X509Certificate(pair.certificate).serialNumber.toLowerCase());
      return to.arn;
    },
    serialNumber: async (region, arn) => described.get(arn) ?? targets.serialNumber(region, arn),
  };
}

function importingTheOldOne(targets: RenewalPorts['targets']): RenewalPorts['targets'] {
  return {
    ...targets,
    import: async (region, pair, to) => {
      const arn = await targets.import(region, pair, to);
      const before = importedPairs.get(arn);
      importedPairs.set(arn, pair);
      if (before && 'arn' in to) await targets.import(region, before, to);
      return arn;
    },
  };
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
