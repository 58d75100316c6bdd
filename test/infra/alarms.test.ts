import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from '@jest/globals';
import type { Stack } from 'aws-cdk-lib';
import { CertificateRenewer } from '../../infra/certificate-renewer.ts';
import * as metrics from '../../lambdas/core/metric-names.ts';
import { resourceOf, resourcesOf, testStack } from './synthesized.ts';

const ALARM = 'AWS::CloudWatch::Alarm';

describe('the alarms', () => {
  let stack: Stack;
  /** Without durable functions. */
  let direct: Stack;

  beforeAll(() => {
    stack = testStack();
    new CertificateRenewer(stack, 'Renewer', { renewer: 'blue', minimumRemainingShare: 25 });
    direct = testStack();
    new CertificateRenewer(direct, 'Renewer', { execution: 'direct' });
  });

  const alarm = (id: string, from = stack) => resourceOf(from, ALARM, id).Properties;
  /** What an alarm on an expression watches: the expression, its period, and its metrics by id. */
  const watchedBy = (id: string, from = stack) => {
    // biome-ignore lint/suspicious/noExplicitAny: as in a template.
    const all: readonly any[] = alarm(id, from).Metrics;
    const [math, another] = all.filter(({ Expression }) => Expression);
    expect(another).toBeUndefined();
    const metrics = all.flatMap(({ Id, MetricStat }) => {
      if (!MetricStat) return [];
      const { Metric, Period, Stat } = MetricStat;
      expect(Period).toBe(math.Period ?? Period);
      return [[Id, [Metric.Namespace, Metric.MetricName, ofWhom(Metric.Dimensions), Stat, Period]] as const];
    });
    return { expression: math.Expression, metrics: Object.fromEntries(metrics) };
  };
  /** The value of the one dimension; a resource by its id without the hash. */
  const ofWhom = (dimensions: readonly { readonly Value: string | Readonly<Record<string, string>> }[]): string => {
    const [{ Value } = { Value: '' }, another] = dimensions;
    expect(another).toBeUndefined();
    const [id = ''] = typeof Value === 'string' ? [Value] : Object.values(Value).flat();
    return id.replace(/[0-9A-F]{8}$/, '');
  };
  const AT_LEAST_ONE = {
    ComparisonOperator: 'GreaterThanOrEqualToThreshold',
    Threshold: 1,
    EvaluationPeriods: 1,
    TreatMissingData: 'notBreaching',
  };

  it('tell the topic when they begin and when they end', () => {
    const topic = [{ Ref: resourceOf(stack, 'AWS::SNS::Topic').id }];
    const all = Object.values(resourcesOf(stack, ALARM));
    expect(all).toHaveLength(5);
    for (const { Properties } of all) expect(Properties).toMatchObject({ AlarmActions: topic, OKActions: topic });
  });

  it('point to a heading of evercert’s runbook each, and there is no other heading', () => {
    const page = readFileSync(join(import.meta.dirname, '../../docs/operations/alarms.md'), 'utf8');
    const anchors = [...page.matchAll(/^## (.+)$/gm)].map(([, heading = '']) =>
      heading
        .toLowerCase()
        .replace(/[^a-z0-9 -]/g, '')
        .replaceAll(' ', '-'),
    );
    const pointed = Object.values(resourcesOf(stack, ALARM)).map(
      ({ Properties }) =>
        /\. Runbook of evercert: docs\/operations\/alarms\.md#([\w-]+)$/.exec(Properties.AlarmDescription)?.[1],
    );
    expect(pointed.sort()).toEqual(anchors.sort());
  });

  it('begin when a renewal throws, and when one fails without throwing', () => {
    expect(alarm('RenewalFailed')).toMatchObject(AT_LEAST_ONE);
    expect(watchedBy('RenewalFailed')).toEqual({
      expression: 'FILL(errors, 0) + FILL(failures, 0)',
      metrics: {
        errors: ['AWS/Lambda', 'Errors', 'RenewerRenew', 'Sum', 300],
        failures: ['evercert', 'RenewalFailures', 'blue', 'Sum', 300],
      },
    });
  });

  it('begin when the smallest share of a lifetime in this deployment is under the threshold for two hours', () => {
    expect(alarm('LifetimeLow')).toMatchObject({
      Namespace: 'evercert',
      MetricName: 'SmallestRemainingShare',
      Dimensions: [{ Name: 'Renewer', Value: 'blue' }],
      Statistic: 'Minimum',
      Period: 3600,
      ComparisonOperator: 'LessThanThreshold',
      Threshold: 25,
      EvaluationPeriods: 2,
      TreatMissingData: 'ignore',
    });
  });

  it('begin when no scan has succeeded for three hours, also when there is no data at all', () => {
    expect(alarm('ScanMissing')).toMatchObject({
      ComparisonOperator: 'LessThanThreshold',
      Threshold: 1,
      EvaluationPeriods: 3,
      TreatMissingData: 'breaching',
    });
    expect(watchedBy('ScanMissing')).toEqual({
      expression: 'invocations - errors',
      metrics: {
        invocations: ['AWS/Lambda', 'Invocations', 'RenewerScan', 'Sum', 3600],
        errors: ['AWS/Lambda', 'Errors', 'RenewerScan', 'Sum', 3600],
      },
    });
  });

  it('begin when any of the dead-letter queues has a message; renew has one without durable functions alone', () => {
    const visible = (queue: string) => [
      'AWS/SQS',
      'ApproximateNumberOfMessagesVisible',
      `Renewer${queue}DeadLetters`,
      'Maximum',
      300,
    ];
    expect(alarm('DeadLetters')).toMatchObject(AT_LEAST_ONE);
    expect(watchedBy('DeadLetters')).toEqual({
      expression: 'SUM(METRICS())',
      metrics: { queue0: visible('Scan'), queue1: visible('Provision') },
    });
    expect(watchedBy('DeadLetters', direct).metrics).toEqual({
      queue0: visible('Scan'),
      queue1: visible('Renew'),
      queue2: visible('Provision'),
    });
  });

  it('begin when a durable execution failed, timed out or never began; there is no such alarm without them', () => {
    expect(alarm('ExecutionFailed')).toMatchObject(AT_LEAST_ONE);
    expect(watchedBy('ExecutionFailed')).toEqual({
      expression: 'FILL(failed, 0) + FILL(timedOut, 0) + FILL(dropped, 0)',
      metrics: {
        failed: ['AWS/Lambda', 'DurableExecutionFailed', 'RenewerRenew', 'Sum', 300],
        timedOut: ['AWS/Lambda', 'DurableExecutionTimedOut', 'RenewerRenew', 'Sum', 300],
        dropped: ['AWS/Lambda', 'AsyncEventsDropped', 'RenewerRenew', 'Sum', 300],
      },
    });
    expect(Object.keys(resourcesOf(direct, ALARM)).filter((id) => id.includes('ExecutionFailed'))).toEqual([]);
  });

  it('and the dashboard read metrics that core names, with the dimension of this deployment', () => {
    const body = JSON.stringify(resourceOf(stack, 'AWS::CloudWatch::Dashboard').Properties.DashboardBody);
    const shown = Object.values(metrics).filter((name) => body.includes(name));
    const { DAYS_TO_EXPIRY: _name, CERTIFICATE_DIMENSION: _dimension, ...fleet } = metrics;
    expect(shown.sort()).toEqual(Object.values(fleet).sort());
    expect(body).toContain('blue');
  });
});
