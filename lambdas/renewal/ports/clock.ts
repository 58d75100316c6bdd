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
  async sleep(milliseconds) {
    const until = Date.now() + milliseconds;
    // Timers count from another clock and may fire a millisecond before this one is there.
    for (let left = milliseconds; left > 0; left = until - Date.now()) {
      await new Promise((resolve) => setTimeout(resolve, Math.ceil(left)));
    }
  },
};
