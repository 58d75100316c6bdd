import { type Clock, systemClock } from '../renewal/ports/clock.ts';
import type { Log } from '../renewal/ports/log.ts';
import { powertoolsLog } from './log.ts';
import { type Print, printLine } from './metrics.ts';

/** What a function works in; the sandbox passes its own. */
export interface Surroundings {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly log: Log;
  /** Where metrics are written. */
  readonly print: Print;
}

/** Those of a deployed function; `service` names it in its log. */
export function deployedSurroundings(service: string): Surroundings {
  return { environment: process.env, clock: systemClock, log: powertoolsLog(service), print: printLine };
}

/** What we use of the context that Lambda passes (docs: nodejs-context). */
export interface Context {
  readonly awsRequestId: string;
  getRemainingTimeInMillis(): number;
}
