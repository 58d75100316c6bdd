import { keyMaterialOutside } from '../crash-matrix/properties.ts';
import { findKeyMaterial } from '../key-material.ts';
import { FOREIGN } from './draw-scenario.ts';
import type { Invariant } from './invariant.ts';

/** What others have in the zones that we write: their TXT values, and every record set that is no challenge. */
export const foreignUntouched: Invariant = ({ sandbox, foreign }) => {
  const others = () =>
    sandbox.route53
      .zones()
      .flatMap(({ id }) => sandbox.route53.records(id))
      .filter(({ type, name }) => type !== 'TXT' || !name.startsWith('_acme-challenge.'));
  const before = JSON.stringify(others());
  const isTaken = (value: string) => value.startsWith(`"${FOREIGN}`);
  return {
    effect: (operation) => {
      if (operation !== 'route53:ChangeResourceRecordSets') return undefined;
      if (JSON.stringify(others()) !== before) return 'a record set that is no challenge has changed';
      const records = sandbox.route53.zones().flatMap(({ id }) => sandbox.route53.records(id));
      for (const [name, values] of foreign)
        for (const value of values)
          if (!records.some((set) => set.name === name && set.type === 'TXT' && set.values.includes(`"${value}"`)))
            return `the value ${value} of another client at ${name} is gone`;
      for (const { type, name, values } of records) {
        const back =
          type === 'TXT' && values.find((value) => isTaken(value) && !foreign.get(name)?.has(value.slice(1, -1)));
        if (back) return `the value ${back} that another client has removed at ${name} is back`;
      }
      return undefined;
    },
  };
};

export const insidePolicies: Invariant = ({ sandbox }) => {
  const denied = () => {
    const [first] = sandbox.iam.unexpectedDenials();
    return first && `${first.role} may not ${first.action} on ${first.resource}`;
  };
  return { look: denied, end: denied };
};

export const nothingSecretOutside: Invariant = (world) => ({
  log: (entry) => {
    const found = findKeyMaterial(entry);
    return found.length === 0 ? undefined : `key material in the log at ${found.join(', ')}`;
  },
  end: () => keyMaterialOutside(world.sandbox, { deployments: world.stacks.events, sent: world.stacks.sent }),
});
