/**
 * Time, as everything outside `core` sees it. `core` takes `now` as an argument instead.
 *
 * Contract (`test/contracts/clock.contract.ts`):
 * - `now` MUST NOT go backwards within one process.
 * - `sleep` MUST resolve no earlier than `milliseconds` after the call, as `now` measures it; for zero or less it
 *   MUST resolve without waiting.
 */
export interface Clock {
  /** Milliseconds since the Unix epoch. */
  now(): number;
  sleep(milliseconds: number): Promise<void>;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  sleep: (milliseconds) => new Promise((resolve) => setTimeout(resolve, Math.max(0, milliseconds))),
};
