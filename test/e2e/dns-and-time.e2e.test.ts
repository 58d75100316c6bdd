import { afterEach, describe, expect, it } from '@jest/globals';
import { HOUR, MINUTE } from '../../lambdas/core/duration.ts';
import { tagsOf } from '../sandbox/inspect.ts';
import { type NameServer, startNameServer } from '../sandbox/name-server.ts';
import { type Sandbox, startSandbox } from '../sandbox/sandbox.ts';
import { throttling } from '../sandbox/throttling.ts';
import { EXECUTIONS } from './executions.ts';

const NAMES = ['leane.dev', '*.leane.dev'];
const SPEC = { domainNames: NAMES, issuer: 'sandbox' };

/** DNS is asked while an attempt waits: in one process, or in a new one at each resume. */
describe.each(EXECUTIONS)('DNS and time, %s', (execution) => {
  let sandbox: Sandbox;
  let resolver: NameServer;

  /** The resolver is a server of its own here, so that what it is asked can be told from what the zone's servers are. */
  const start = async () => {
    const data: { route53?: Sandbox['route53'] } = {};
    resolver = await startNameServer({
      route53: {
        settings: { nameServers: ['ns-1.sandbox.example.'] },
        served: (server) => data.route53?.served(server) ?? [],
      },
    });
    sandbox = await startSandbox({
      execution,
      coldStarts: execution === 'durable',
      zones: ['leane.dev'],
      settings: { dnsResolvers: [resolver.address] },
    });
    data.route53 = sandbox.route53;
    await sandbox.deployIssuer();
  };
  const zone = () => sandbox.route53.zones()[0]?.id ?? '';
  const challenges = () => sandbox.route53.records(zone()).filter(({ type }) => type === 'TXT');
  const asked = ({ queries }: NameServer, type: string) =>
    queries.filter((query) => query.type === type).map(({ name }) => name);

  afterEach(async () => {
    expect(sandbox.bugs()).toEqual([]);
    await sandbox.stop();
    await resolver.stop();
  });

  it('checks are made once, however often the attempt is resumed', async () => {
    await start();
    sandbox.route53.settings.propagationMilliseconds = 2 * MINUTE;
    await sandbox.renew({ certificate: 'cert', spec: SPEC });
    expect(tagsOf(sandbox, 'cert').state).toBe('issued');
    expect(asked(resolver, 'CAA').toSorted()).toEqual(['dev', 'leane.dev']);
    expect(asked(sandbox.nameServer, 'CNAME')).toEqual(['_acme-challenge.leane.dev']);
  });

  it('what a check found is looked at again by the next attempt, and not remembered', async () => {
    await start();
    const put = (...values: string[]) =>
      sandbox.route53.put(zone(), { name: 'leane.dev', type: 'CAA', ttl: 60, values });
    put('0 issue ";"');
    await expect(sandbox.renew({ certificate: 'cert', spec: SPEC })).rejects.toMatchObject({ code: 'caa-forbids' });
    put('0 issue "sandbox.invalid"');
    await sandbox.renew({ certificate: 'cert', force: true });
    expect(tagsOf(sandbox, 'cert').state).toBe('issued');
  });

  it('no resolver is asked for a challenge’s name, before the record exists or after', async () => {
    await start();
    await sandbox.renew({ certificate: 'cert', spec: SPEC });
    expect(resolver.queries).not.toEqual([]);
    expect(resolver.queries.filter(({ name }) => name.startsWith('_acme-challenge'))).toEqual([]);
    expect(asked(sandbox.nameServer, 'TXT')).toContain('_acme-challenge.leane.dev');
  });

  it('an attempt whose time is up cleans up, counts as failed, and ends in the error that alarms count', async () => {
    await start();
    sandbox.ca.settings.validationMilliseconds = 2 * HOUR;
    // Or it would be asked every few seconds, and each time by a new process.
    sandbox.ca.settings.retryAfterSeconds = 200;
    await expect(sandbox.renew({ certificate: 'cert', spec: SPEC })).rejects.toMatchObject({ code: 'attempt-timeout' });
    expect(challenges()).toEqual([]);
    expect(tagsOf(sandbox, 'cert')).toMatchObject({ state: 'failed', failure: 'attempt-timeout', failures: 1 });
    if (execution === 'durable') expect(sandbox.lambda.executions.at(-1)).toMatchObject({ status: 'FAILED' });
  });

  it('so does one whose values never arrive', async () => {
    await start();
    sandbox.route53.settings.propagationMilliseconds = 100 * HOUR;
    await expect(sandbox.renew({ certificate: 'cert', spec: SPEC })).rejects.toMatchObject({
      code: 'propagation-timeout',
    });
    expect(challenges()).toEqual([]);
    expect(tagsOf(sandbox, 'cert')).toMatchObject({ state: 'failed', failure: 'propagation-timeout', failures: 1 });
  });

  it('throttling of 30 % of all calls to Route 53 slows half a dozen renewals down and fails none', async () => {
    await start();
    const names = Array.from({ length: 6 }, (_, index) => `site${index}.leane.dev`);
    for (const name of names) await sandbox.register(name, { domainNames: [name, `*.${name}`], issuer: 'sandbox' });
    sandbox.faults.add(throttling('route53:*', 0.3));
    expect(await sandbox.scan()).toMatchObject({ started: 6, failed: 0 });
    expect(sandbox.log.filter(({ message }) => message === 'AWS call is repeated').length).toBeGreaterThan(6);
    for (const name of names) expect(tagsOf(sandbox, name)).toMatchObject({ state: 'issued', failures: 0 });
    expect(challenges()).toEqual([]);
  });
});
