/** What one authoritative server has for a TXT record. */
export interface ServerAnswer {
  /** Name and address, for the operator: `ns-1.example.net (192.0.2.1)`. */
  readonly server: string;
  /** The values that it has, or `undefined` when it could not be reached. */
  readonly values: readonly string[] | undefined;
  /** Why it could not be reached. */
  readonly problem?: string;
}

export interface Propagation {
  /**
   * `visible`: every server that answered has all the values. `waiting`: some server answered without one of them.
   * `unknown`: no server answered, so that this look-up says nothing about what a CA would see.
   */
  readonly kind: 'visible' | 'waiting' | 'unknown';
  /**
   * Whether one of the values is missing on every server that answered. Once the service says that all servers have
   * the change, that is no delay: somebody has overwritten the record, or it is in a zone that is not delegated.
   */
  readonly nowhere: boolean;
  /** What each server has, in words for the operator. */
  readonly found: string;
  /** What to warn of, although it doesn't decide: servers that could not be reached. */
  readonly note?: string;
}

/** DNS is not ours: what it says may be long, and is shown only so far. */
const LONGEST_VALUE = 60;
const MOST_VALUES = 5;

/**
 * Whether a CA that asks any of the zone's servers now will find the values. It may ask each of them, and from several
 * places, so one server that answers without a value means waiting; a server that we can't reach decides nothing.
 */
export function propagation(answers: readonly ServerAnswer[], values: readonly string[]): Propagation {
  const reached = answers.flatMap((answer) => (answer.values ? [answer.values] : []));
  const unreachable = answers.filter((answer) => answer.values === undefined);
  const found = describe(answers);
  if (reached.length === 0) {
    const note =
      answers.length === 0
        ? 'the servers of the zone could not be found, so the TXT values were not looked up'
        : `no server of the zone could be reached, so the TXT values were not looked up: ${found}`;
    return { kind: 'unknown', nowhere: false, found, note };
  }
  const visible = reached.every((has) => values.every((value) => has.includes(value)));
  const nowhere = values.some((value) => !reached.some((has) => has.includes(value)));
  return {
    kind: visible ? 'visible' : 'waiting',
    nowhere,
    found,
    ...(unreachable.length > 0 && { note: `some servers of the zone could not be reached: ${describe(unreachable)}` }),
  };
}

/** Servers that say the same are named together: usually all of them do. */
function describe(answers: readonly ServerAnswer[]): string {
  if (answers.length === 0) return 'no server of the zone could be found';
  const servers = new Map<string, string[]>();
  for (const answer of answers) {
    const words = answer.values ? has(answer.values) : `no answer (${answer.problem ?? 'unreachable'})`;
    servers.set(words, [...(servers.get(words) ?? []), answer.server]);
  }
  return [...servers].map(([words, names]) => `${names.join(', ')}: ${words}`).join('; ');
}

function has(values: readonly string[]): string {
  if (values.length === 0) return 'no TXT record';
  const shown = values
    .toSorted()
    .slice(0, MOST_VALUES)
    .map((value) => JSON.stringify(value.length > LONGEST_VALUE ? `${value.slice(0, LONGEST_VALUE)}…` : value));
  const more = values.length - shown.length;
  return shown.join(' ') + (more > 0 ? ` and ${more} more` : '');
}
