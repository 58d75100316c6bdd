import { afterEach, describe, expect, it } from '@jest/globals';
import { DAY, HOUR } from '../../lambdas/core/duration.ts';
import { live, tagsOf } from '../sandbox/inspect.ts';
import { type Sandbox, startSandbox } from '../sandbox/sandbox.ts';
import { EXECUTIONS } from './executions.ts';

const spec = { domainNames: ['leane.dev', '*.leane.dev'], issuer: 'sandbox' };

describe.each(EXECUTIONS)('a CA that issues after hours, %s', (execution) => {
  let sandbox: Sandbox;

  afterEach(async () => {
    expect(sandbox.bugs()).toEqual([]);
    await sandbox.stop();
  });

  it('is asked for the same order every hour, and never for another one', async () => {
    sandbox = await startSandbox({ zones: ['leane.dev'], execution, coldStarts: true });
    await sandbox.deployIssuer();
    await sandbox.register('leane.dev', spec);
    sandbox.ca.settings.processingMilliseconds = 9.5 * HOUR;
    sandbox.ca.settings.retryAfterSeconds = 86_400;
    let hours = 0;
    for (; hours < 24 && tagsOf(sandbox, 'leane.dev').state !== 'issued'; hours += 1) {
      await sandbox.scan();
      await sandbox.clock.advance(HOUR);
    }
    // An hour of back-off after each attempt, so that every second scan finds it due.
    expect(hours).toBeLessThanOrEqual(13);
    expect(sandbox.ca.orders).toHaveLength(1);
    expect(sandbox.calls.of('acme:finalize')).toBe(1);
    expect(sandbox.calls.of('acme:challenge')).toBe(2);
    expect(live(sandbox, 'leane.dev').domainNames).toEqual(spec.domainNames);
  });

  it('keeps the old pair live meanwhile, and a force orders nothing either', async () => {
    sandbox = await startSandbox({ zones: ['leane.dev'], execution, coldStarts: true });
    await sandbox.deployIssuer();
    await sandbox.renew({ certificate: 'leane.dev', spec });
    const first = live(sandbox, 'leane.dev');
    await sandbox.clock.advance(61 * DAY);
    sandbox.ca.settings.processingMilliseconds = 3 * HOUR;
    sandbox.ca.settings.retryAfterSeconds = 86_400;
    await sandbox.scan();
    await sandbox.renew({ certificate: 'leane.dev', force: true }).catch(() => undefined);
    expect(live(sandbox, 'leane.dev')).toEqual(first);
    expect(sandbox.ca.orders).toHaveLength(2);
    await sandbox.clock.advance(3 * HOUR);
    await sandbox.scan();
    expect(live(sandbox, 'leane.dev').issued.serialNumber).not.toBe(first.issued.serialNumber);
    expect(sandbox.ca.orders).toHaveLength(2);
  });
});
