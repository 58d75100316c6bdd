import { MINUTE } from '../../core/duration.ts';
import type { Clock } from '../ports/clock.ts';

/** A scan has ten minutes, and more to do than to wait. */
const LONGEST_WAIT = 8 * MINUTE;

/** Resolves when the next start's turn has come; `false`, at once, when that is too late for this scan. */
export type Pace = () => Promise<boolean>;

/**
 * Spreads starts evenly, so that what each of them asks of Route 53 doesn't come at once. Retries would do that too, but take
 * requests away from everybody else in the account.
 */
export function createPace(startsPerMinute: number, clock: Clock): Pace {
  const interval = MINUTE / startsPerMinute;
  const began = clock.now();
  let turns = 0;
  return async () => {
    const wait = began + turns * interval - clock.now();
    if (turns * interval > LONGEST_WAIT) return false;
    turns += 1;
    await clock.sleep(wait);
    return true;
  };
}
