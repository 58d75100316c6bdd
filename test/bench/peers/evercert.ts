import { FastClock } from '../../interop/fast-clock.ts';
import { startSandbox } from '../../sandbox/sandbox.ts';
import type { Execution } from '../../sandbox/synthesis.ts';
import { type Figures, figuresOf } from './figures.ts';
import { REQUEST_LATENCY, type Task } from './task.ts';

/**
 * evercert as it is deployed: the issuer is set up, the certificates are registered, and one run of the schedule starts them
 * all. The functions are the bundles, in this process, on real time.
 */
export async function evercert(task: Task, execution: Execution): Promise<Figures> {
  const sandbox = await startSandbox({ zones: task.zones, execution, clock: new FastClock(1) });
  try {
    sandbox.route53.settings.propagationMilliseconds = task.propagationMilliseconds;
    sandbox.ca.settings.requestLatencyMilliseconds = REQUEST_LATENCY;
    const began = performance.now();
    await sandbox.deployIssuer();
    for (const [index, domainNames] of task.certificates.entries()) {
      await sandbox.register(`certificate-${index}`, { domainNames: [...domainNames], issuer: 'sandbox' });
    }
    await sandbox.scan();
    const seconds = (performance.now() - began) / 1_000;
    const bugs = sandbox.bugs();
    if (bugs.length > 0) throw new AggregateError(bugs, 'The sandbox has bugs.');
    const issued = sandbox.secretsManager.secrets().filter(({ tags }) => tags['evercert:state'] === 'issued').length;
    return figuresOf({ name: 'evercert', seconds, calls: sandbox.calls, issued, task });
  } finally {
    await sandbox.stop();
  }
}
