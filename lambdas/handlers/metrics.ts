import { embeddedMetric } from '../core/embedded-metric-format.ts';
import { messageOf } from '../core/failure.ts';
import type { Metric } from '../core/metrics.ts';
import type { Clock } from '../renewal/ports/clock.ts';
import type { Log } from '../renewal/ports/log.ts';

/** Writes one line of the function's log. */
export type Print = (line: string) => void;

/** Never throws: no metric is worth a renewal. */
export type Emit = (metric: Metric) => void;

export function createEmit(
  renewer: string,
  { clock, log, print }: { readonly clock: Clock; readonly log: Log; readonly print: Print },
): Emit {
  return (metric) => {
    try {
      print(embeddedMetric(metric, renewer, clock.now()));
    } catch (error) {
      log.warn('a metric could not be written', { metric: metric.name, problem: messageOf(error) });
    }
  };
}

/** Not by `console`: Lambda puts a time and a request id before what that writes, where it writes text. */
export const printLine: Print = (line) => {
  process.stdout.write(`${line}\n`);
};
