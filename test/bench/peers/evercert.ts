import { FastClock } from '../../interop/fast-clock.ts';
import { tagsOf } from '../../sandbox/inspect.ts';
import { type Sandbox, startSandbox } from '../../sandbox/sandbox.ts';
import type { Execution } from '../../sandbox/synthesis.ts';
import { type Figures, figuresOf } from './figures.ts';
import { REQUEST_LATENCY, type Task } from './task.ts';

/**
 * evercert as it is deployed: the issuer is set up, the certificates are registered, and one run of the schedule starts them
 * all; another one renews them. The functions are the bundles, in this process, on real time.
 */
export async function evercert(task: Task, execution: Execution, note: (measured: Figures) => void): Promise<void> {
  const sandbox = await startSandbox({ zones: task.zones, execution, clock: new FastClock(1) });
  try {
    sandbox.route53.settings.propagationMilliseconds = task.propagationMilliseconds;
    sandbox.ca.settings.requestLatencyMilliseconds = REQUEST_LATENCY;
    sandbox.ca.settings.authorizationReuse = false;
    const names = task.certificates.map((_, index) => `certificate-${index}`);
    for (const round of task.rounds) {
      const before = liveVersions(sandbox, names);
      sandbox.calls.reset();
      const began = performance.now();
      if (round === 'first issuance') {
        await sandbox.deployIssuer();
        for (const [index, domainNames] of task.certificates.entries()) {
          await sandbox.register(names[index] ?? '', { domainNames: [...domainNames], issuer: 'sandbox' });
        }
      }
      await sandbox.scan(round === 'renewal' ? { certificates: names, force: true } : {});
      const seconds = (performance.now() - began) / 1_000;
      const bugs = sandbox.bugs();
      if (bugs.length > 0) throw new AggregateError(bugs, 'The sandbox has bugs.');
      const after = liveVersions(sandbox, names);
      const issued = names.filter(
        (name) => tagsOf(sandbox, name).version === after.get(name) && after.get(name) !== before.get(name),
      ).length;
      note(figuresOf({ name: 'evercert', round, seconds, calls: sandbox.calls, issued, task }));
    }
  } finally {
    await sandbox.stop();
  }
}

function liveVersions({ secretsManager }: Sandbox, names: readonly string[]): ReadonlyMap<string, string | undefined> {
  return new Map(names.map((name) => [name, secretsManager.versionId(`evercert/${name}`, 'AWSCURRENT')]));
}
