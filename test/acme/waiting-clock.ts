import type { Clock } from '../../lambdas/acme/clock.ts';

/** A clock whose sleeps pass at once and are written down, milliseconds. */
export interface WaitingClock extends Clock {
  readonly slept: number[];
}

export function waitingClock(start = Date.UTC(2026, 10, 24, 12)): WaitingClock {
  let now = start;
  const slept: number[] = [];
  return {
    slept,
    now: () => now,
    sleep: async (milliseconds) => {
      slept.push(milliseconds);
      now += milliseconds;
    },
  };
}
