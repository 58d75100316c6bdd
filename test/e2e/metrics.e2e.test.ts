import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { AcmeCertificate } from '../../infra/acme-certificate.ts';
import { AcmeIssuer } from '../../infra/acme-issuer.ts';
import { CertificateRenewer } from '../../infra/certificate-renewer.ts';
import { DAY, MINUTE } from '../../lambdas/core/duration.ts';
import { METRIC_NAMESPACE } from '../../lambdas/core/metric-names.ts';
import { PHASES } from '../../lambdas/core/phase.ts';
import { testStack } from '../infra/synthesized.ts';
import { findKeyMaterial } from '../key-material.ts';
import { type MetricValue, readEmbeddedMetrics } from '../sandbox/embedded-metrics.ts';
import { live, tagsOf } from '../sandbox/inspect.ts';
import type { Sandbox } from '../sandbox/sandbox.ts';
import { type StackSandbox, startStackSandbox } from '../sandbox/stack-sandbox.ts';
import { synthesizedApp } from '../sandbox/synthesis.ts';
import { isSame, watchedMetrics } from '../sandbox/watched-metrics.ts';
import { EXECUTIONS } from './executions.ts';

const NAME = 'leane.dev';
const spec = { domainNames: [NAME, `*.${NAME}`], issuer: 'sandbox', acm: ['eu-central-1'] };
const refused = { status: 403, name: 'unauthorized', message: 'no' };
const throttled = { status: 400, name: 'ThrottlingException', message: 'Rate exceeded' };

describe.each(EXECUTIONS)('the metrics of the synthesized app, %s', (execution) => {
  let world: StackSandbox;
  let sandbox: Sandbox;

  beforeEach(async () => {
    world = await startStackSandbox({ zones: [NAME], execution, coldStarts: true });
    sandbox = world.sandbox;
    await sandbox.deployIssuer();
  });

  afterEach(async () => {
    expect(sandbox.bugs()).toEqual([]);
    await world.stop();
  });

  const written = (): readonly MetricValue[] => sandbox.printed.flatMap(readEmbeddedMetrics);
  const values = (name: string) =>
    written()
      .filter((metric) => metric.name === name)
      .map(({ value }) => value);
  const sum = (name: string) => values(name).reduce((total, value) => total + value, 0);
  const renew = (event: object = {}) => sandbox.renew({ certificate: NAME, ...event });

  it('are all that alarms and the dashboard read, under the same namespace, names and dimensions', async () => {
    sandbox.faults.add({ operation: 'secretsmanager:ListSecrets', times: 1, error: throttled });
    await sandbox.register(NAME, spec);
    await sandbox.scan();
    await sandbox.scan();
    sandbox.faults.add({ operation: 'acme:newOrder', error: refused });
    await renew({ force: true }).catch(() => undefined);

    const watched = watchedMetrics(await synthesizedApp(execution), METRIC_NAMESPACE);
    expect(new Set(watched.map(({ name }) => name)).size).toBe(5);
    expect(watched.filter((metric) => !written().some((value) => isSame(metric, value)))).toEqual([]);
    // And nothing is paid for that nobody reads.
    expect(written().filter((value) => !watched.some((metric) => isSame(metric, value)))).toEqual([]);
    expect(findKeyMaterial(sandbox.printed, [live(sandbox, NAME).privateKey])).toEqual([]);
  });

  describe('the smallest remaining share', () => {
    const SHARE = 'SmallestRemainingShare';

    it('is written by each scan of all certificates, from what is left of the one nearest to its end', async () => {
      await sandbox.register('new.leane.dev', { ...spec, domainNames: ['new.leane.dev'] });
      await sandbox.scan({ dryRun: true });
      expect(values(SHARE)).toEqual([]);
      await renew({ spec });
      await sandbox.clock.advance(30 * DAY);
      await sandbox.scan();
      const { notBefore = 0, notAfter = 0 } = tagsOf(sandbox, NAME);
      const [share = Number.NaN] = values(SHARE);
      expect(share).toBeCloseTo((100 * (notAfter - sandbox.clock.now())) / (notAfter - notBefore), 0);
      await sandbox.scan({ certificates: ['new.leane.dev'] });
      expect(values(SHARE)).toHaveLength(1);
    });

    it('is zero for a certificate that has expired', async () => {
      await renew({ spec });
      await sandbox.clock.advance(91 * DAY);
      await sandbox.scan({ dryRun: true });
      expect(values(SHARE)).toEqual([0]);
    });
  });

  describe('failures', () => {
    const FAILURES = 'RenewalFailures';

    it('are counted once for each renewal that fails, and no renewal with them', async () => {
      sandbox.faults.add({ operation: 'acme:newOrder', error: refused });
      await expect(renew({ spec })).rejects.toMatchObject({ code: 'ca-refused' });
      expect([values(FAILURES), values('Renewals')]).toEqual([[1], []]);
    });

    it('are counted when nothing has been claimed yet', async () => {
      await expect(renew()).rejects.toMatchObject({ code: 'unknown-certificate' });
      expect(values(FAILURES)).toEqual([1]);
    });

    it('are no ends of a renewal that others went first in: it returns them, and fails no execution', async () => {
      const edit = () => {
        sandbox.secretsManager.overwrite(`evercert/${NAME}`, JSON.stringify({ note: 'by hand' }));
        return false;
      };
      sandbox.faults.add({ operation: 'acme:finalize', phase: 'after', times: 1, when: edit });
      expect(await renew({ spec })).toMatchObject({ decision: 'claim-lost', reason: expect.stringContaining('value') });
      expect(values(FAILURES)).toEqual([]);
      expect(sandbox.lambda.executions.filter(({ status }) => status !== 'SUCCEEDED')).toEqual([]);
      expect(sandbox.log.filter(({ level }) => level === 'error')).toEqual([]);
    });

    it('are counted by the scan for what Lambda refuses to start', async () => {
      await sandbox.register(NAME, spec);
      await sandbox.register('b.leane.dev', { ...spec, domainNames: ['b.leane.dev'] });
      sandbox.faults.add({ operation: 'lambda:Invoke', error: { ...refused, name: 'AccessDeniedException' } });
      expect(await sandbox.scan()).toMatchObject({ failed: 2 });
      expect(values(FAILURES)).toEqual([2]);
    });

    it('of a deployment are those of its renewal', async () => {
      sandbox.faults.add({ operation: 'acme:newOrder', error: refused });
      const properties = { Name: NAME, Spec: JSON.stringify(spec), WaitForIssuance: 'true', RemovalPolicy: 'retain' };
      const stack = await world.cloudFormation.createStack('web', {
        Certificate: { type: 'Custom::AcmeCertificate', properties },
      });
      expect(stack.status).toBe('ROLLBACK_COMPLETE');
      const runs = sandbox.lambda.invocations
        .filter((each) => each.function === sandbox.deployment.functions.renew.split(':')[0])
        .reduce((total, { attempts }) => total + (execution === 'direct' ? attempts : 1), 0);
      expect(runs).toBeGreaterThan(0);
      expect(sum(FAILURES)).toBe(runs);
    });
  });

  it('a renewal is counted when its pair goes live, also when an import fails afterwards', async () => {
    const takeAway = sandbox.faults.add({
      operation: 'acm:ImportCertificate',
      error: { ...refused, name: 'AccessDeniedException' },
    });
    await renew({ spec }).catch(() => undefined);
    expect([values('Renewals'), values('RenewalFailures')]).toEqual([[1], [1]]);
    takeAway();
    await sandbox.clock.advance(DAY);
    expect(await renew()).toMatchObject({ decision: 'published' });
    expect(await renew()).toMatchObject({ decision: 'not-due' });
    expect([values('Renewals'), values('RenewalFailures')]).toEqual([[1], [1]]);
  });

  it('each call that is repeated because AWS throttled it is counted, and no other', async () => {
    sandbox.faults.add({ operation: 'route53:ChangeResourceRecordSets', times: 3, error: throttled });
    sandbox.faults.add({ operation: 'acm:ImportCertificate', times: 2, error: throttled });
    const down = { status: 503, name: 'ServiceUnavailable', message: 'try again' };
    sandbox.faults.add({ operation: 'secretsmanager:PutSecretValue', times: 1, error: down });
    await renew({ spec });
    expect(sum('Throttles')).toBe(5);
  });

  it('the phases of a renewal are all of its time, waits included', async () => {
    sandbox.route53.settings.propagationMilliseconds = 5 * MINUTE;
    const began = sandbox.clock.now();
    await renew({ spec });
    const took = (sandbox.clock.now() - began) / 1000;
    const phases = written().filter(({ name }) => name === 'PhaseSeconds');
    expect(phases.map(({ dimensions }) => dimensions['Phase'])).toEqual(PHASES);
    expect(phases.find(({ dimensions }) => dimensions['Phase'] === 'wait in sync')?.value).toBeGreaterThan(290);
    expect(Math.abs(sum('PhaseSeconds') - took)).toBeLessThan(1);
  });
});

describe('the metrics of a durable renewal', () => {
  let world: StackSandbox;

  beforeEach(async () => {
    // Each death costs a minute, and there are more of them than a lease has.
    const settings = { leaseMinutes: 120 };
    world = await startStackSandbox({ zones: [NAME], execution: 'durable', settings });
    await world.sandbox.deployIssuer();
  });

  afterEach(async () => {
    expect(world.sandbox.bugs()).toEqual([]);
    await world.stop();
  });

  /** A first issuance whose process dies at every other checkpoint; the metrics of its end and of its phases. */
  const issueAndDie = async (phase: 'before' | 'after', other: 0 | 1) => {
    const { sandbox } = world;
    let checkpoints = 0;
    const when = () => checkpoints++ % 2 === other;
    sandbox.faults.add({ operation: 'lambda:CheckpointDurableExecution', phase, when, kill: true });
    await sandbox.renew({ certificate: NAME, spec });
    expect(sandbox.lambda.executions.at(-1)?.invocations.length).toBeGreaterThan(PHASES.length);
    return sandbox.printed
      .flatMap(readEmbeddedMetrics)
      .filter(({ name }) => name !== 'Throttles')
      .map(({ name, dimensions }) => dimensions['Phase'] ?? name);
  };
  const once = PHASES.flatMap((phase) => (phase === 'go live' ? [phase, 'Renewals'] : [phase]));

  it('are all written once when it is killed before every checkpoint', async () => {
    expect(await issueAndDie('before', 0)).toEqual(once);
  });

  it.each([0, 1] as const)(
    'are written once or not at all when it is killed after every other checkpoint (%i)',
    async (other) => {
      const written = await issueAndDie('after', other);
      expect(written.length).toBeGreaterThan(0);
      expect(written).toEqual(once.filter((each) => written.includes(each)));
    },
  );

  it.each([
    ['before', 1],
    ['after', 0],
  ] as const)('a failure that is killed %s its end is stored is written %i times', async (phase, times) => {
    const { sandbox } = world;
    sandbox.faults.add({ operation: 'acme:newOrder', error: refused });
    const last = (request: unknown) => {
      const text = JSON.stringify(request);
      return text.includes('record failure') && text.includes('SUCCEED');
    };
    sandbox.faults.add({
      operation: 'lambda:CheckpointDurableExecution',
      phase,
      when: last,
      times: 1,
      kill: true,
    });
    await expect(sandbox.renew({ certificate: NAME, spec })).rejects.toMatchObject({ code: 'ca-refused' });
    expect(sandbox.lambda.executions.at(-1)?.invocations.length).toBeGreaterThan(1);
    const failures = sandbox.printed.flatMap(readEmbeddedMetrics).filter(({ name }) => name === 'RenewalFailures');
    expect(failures).toHaveLength(times);
  });
});

describe('a metric for each certificate', () => {
  it('is written by each scan where it is asked for, and is the one that its construct refers to', async () => {
    const world = await startStackSandbox({
      zones: [NAME],
      settings: { certificateMetrics: true, startsPerMinute: 600 },
    });
    const { sandbox } = world;
    try {
      await sandbox.deployIssuer();
      await sandbox.renew({ certificate: NAME, spec });
      await sandbox.register('new.leane.dev', { ...spec, domainNames: ['new.leane.dev'] });
      await sandbox.scan({ dryRun: true });
      await sandbox.clock.advance(100 * DAY);
      await sandbox.scan({ dryRun: true });
      const days = sandbox.printed.flatMap(readEmbeddedMetrics).filter(({ name }) => name === 'DaysToExpiry');
      expect(days.map(({ value }) => Math.round(value))).toEqual([90, 0]);

      const stack = testStack();
      const renewer = new CertificateRenewer(stack, 'Renewer', { certificateMetrics: true });
      const issuer = AcmeIssuer.letsEncrypt(stack, 'LetsEncrypt', { renewer });
      const metric = new AcmeCertificate(stack, 'Certificate', { domainNames: spec.domainNames, issuer, acm: [] })
        .metricDaysToExpiry()
        .toMetricConfig().metricStat;
      const watched = {
        by: 'a user',
        namespace: metric?.namespace ?? '',
        name: metric?.metricName ?? '',
        dimensions: Object.fromEntries((metric?.dimensions ?? []).map(({ name, value }) => [name, String(value)])),
        anyOf: [],
      };
      expect(days.filter((value) => !isSame(watched, value))).toEqual([]);
      expect(sandbox.bugs()).toEqual([]);
    } finally {
      await world.stop();
    }
  });
});
