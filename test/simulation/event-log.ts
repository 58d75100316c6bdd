import { createHash } from 'node:crypto';

/** What happened, in order. */
export interface EventLog {
  /** `event` must be the same whenever the seed is replayed; `detail` may name what is random, such as an order's URL. */
  note(event: string, detail?: string): void;
  /** The last lines. */
  tail(lines: number): readonly string[];
  readonly length: number;
  /** Of the events with their times, without details: equal for two runs of one seed. */
  digest(): string;
}

export function createEventLog(now: () => number): EventLog {
  const lines: { readonly at: number; readonly event: string; readonly detail: string }[] = [];
  const begin = now();
  return {
    note: (event, detail = '') => void lines.push({ at: Math.round(now() - begin), event, detail }),
    tail: (count) =>
      lines.slice(-count).map(({ at, event, detail }) => `${elapsed(at)} ${event}${detail && ` ${detail}`}`),
    get length() {
      return lines.length;
    },
    digest: () =>
      createHash('sha256')
        .update(lines.map(({ at, event }) => `${at} ${event}\n`).join(''))
        .digest('hex'),
  };
}

/** `3d 04:05:06.007`. */
export function elapsed(milliseconds: number): string {
  const seconds = new Date(milliseconds).toISOString().slice(11, 23);
  return `${Math.floor(milliseconds / 86_400_000)}d ${seconds}`;
}
