import { createHash } from 'node:crypto';

export interface EventLine {
  /** Milliseconds since the beginning. */
  readonly at: number;
  readonly event: string;
  readonly detail: string;
}

/** What happened, in order. */
export interface EventLog {
  /** `event` must be the same whenever the seed is replayed; `detail` may name what is random, such as an order's URL. */
  note(event: string, detail?: string): void;
  /** Counts what is no event of its own. */
  step(): void;
  /** Rejects with `Endless` after `MOST_EVENTS`; never resolves. */
  readonly tooMany: Promise<never>;
  /** The last lines. */
  tail(lines: number): readonly string[];
  readonly length: number;
  /** Every line, with what `digest` leaves out. */
  all(): readonly EventLine[];
  /** Of the events with their times, without details: equal for two runs of one seed. */
  digest(): string;
}

/** Several times what the longest outage of the largest fleet takes. */
const MOST_EVENTS = 30_000;

/** Something goes on for ever in virtual time. */
export class Endless extends Error {
  override readonly name = 'Endless';
}

export function createEventLog(now: () => number): EventLog {
  const lines: EventLine[] = [];
  const begin = now();
  const end = Promise.withResolvers<never>();
  // Nobody may be waiting for it.
  end.promise.catch(() => undefined);
  let steps = 0;
  const step = () => {
    steps += 1;
    if (steps > MOST_EVENTS) end.reject(new Endless(`after ${MOST_EVENTS} events it goes on`));
  };
  return {
    step,
    tooMany: end.promise,
    note: (event, detail = '') => {
      step();
      lines.push({ at: Math.round(now() - begin), event, detail });
    },
    tail: (count) => lines.slice(-count).map(describeEvent),
    all: () => lines,
    get length() {
      return lines.length;
    },
    digest: () =>
      createHash('sha256')
        .update(lines.map(({ at, event }) => `${at} ${event}\n`).join(''))
        .digest('hex'),
  };
}

export function describeEvent({ at, event, detail }: EventLine): string {
  return `${elapsed(at)} ${event}${detail && ` ${detail}`}`;
}

/** `3d 04:05:06.007`. */
export function elapsed(milliseconds: number): string {
  const seconds = new Date(milliseconds).toISOString().slice(11, 23);
  return `${Math.floor(milliseconds / 86_400_000)}d ${seconds}`;
}
