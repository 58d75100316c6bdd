/**
 * An execution environment of Lambda: nothing but Node.js and one bundle. Its parent, `start-function.ts`, sends events one
 * at a time.
 */
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

const [, , bundle = '', exportName = ''] = process.argv;
const began = performance.now();
const { [exportName]: handler } = await import(pathToFileURL(bundle).href);
const importSeconds = (performance.now() - began) / 1_000;

process.on('message', async (event) => {
  const before = process.cpuUsage();
  const start = performance.now();
  const context = {
    awsRequestId: randomUUID(),
    getRemainingTimeInMillis: () => 15 * 60_000 - (performance.now() - start),
  };
  const [outcome] = await Promise.allSettled([handler(event, context)]);
  // As the runtime does: what a function returns is in memory once more, as JSON.
  const result = outcome.status === 'fulfilled' ? JSON.stringify(outcome.value ?? null) : undefined;
  const seconds = (performance.now() - start) / 1_000;
  const { user, system } = process.cpuUsage(before);
  process.send?.({
    result,
    error: outcome.status === 'rejected' ? String(outcome.reason) : undefined,
    seconds,
    cpuSeconds: (user + system) / 1_000_000,
    importSeconds,
    peakBytes: peakBytes(),
  });
});
process.send?.({ ready: true, peakBytes: peakBytes() });

/** Of this program. What getrusage says begins with the size of the process that has started it. */
function peakBytes() {
  const [, kilobytes] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
  return Number(kilobytes) * 1_024;
}
