import type { Clock } from './ports/clock.ts';

/** 3.7 seconds in all. Milliseconds. */
const WAITS = [200, 500, 1_000, 2_000];

/**
 * Asks until the answer can be believed, with short waits in between; the last answer is believed in any case. For
 * services whose answers can be a moment old.
 */
export async function askAgain<T>(
  ask: () => Promise<T>,
  isBelievable: (answer: T) => boolean,
  clock: Clock,
): Promise<T> {
  let answer = await ask();
  for (const wait of WAITS) {
    if (isBelievable(answer)) break;
    await clock.sleep(wait);
    answer = await ask();
  }
  return answer;
}
