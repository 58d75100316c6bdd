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

  beforeAll(() => {
    stack = testStack();
    new CertificateRenewer(stack, 'Renewer', { renewer: 'blue', minimumRemainingShare: 25 });
  });

  const alarm = (id: string) => resourceOf(stack, ALARM, id).Properties;
  /** The metrics of an alarm on an expression, by id. */
  const metricsOf = (
    id: string,
  ): Record<string, { readonly namespace: string; readonly name: string; readonly stat: string }> =>
    Object.fromEntries(
      // biome-ignore lint/suspicious/noExplicitAny: as in a template.
      alarm(id).Metrics.flatMap(({ Id, MetricStat }: any) =>
        MetricStat
          ? [
              [
                Id,
                { namespace: MetricStat.Metric.Namespace, name: MetricStat.Metric.MetricName, stat: MetricStat.Stat },
              ],
            ]
          : [],
      ),
    );
  // biome-ignore lint/suspicious/noExplicitAny: as in a template.
  const expressionOf = (id: string) => alarm(id).Metrics.find(({ Expression }: any) => Expression)?.Expression;

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
    expect(metricsOf('RenewalFailed')).toEqual({
      errors: { namespace: 'AWS/Lambda', name: 'Errors', stat: 'Sum' },
      failures: { namespace: 'evercert', name: 'RenewalFailures', stat: 'Sum' },
    });
    expect(expressionOf('RenewalFailed')).toBe('FILL(errors, 0) + FILL(failures, 0)');
    expect(alarm('RenewalFailed')).toMatchObject({ Threshold: 1, TreatMissingData: 'notBreaching' });
  });

  it('begin when the smallest share of a lifetime in this deployment is under the threshold', () => {
    expect(alarm('LifetimeLow')).toMatchObject({
      Namespace: 'evercert',
      MetricName: 'SmallestRemainingShare',
      Dimensions: [{ Name: 'Renewer', Value: 'blue' }],
      Statistic: 'Minimum',
      ComparisonOperator: 'LessThanThreshold',
      Threshold: 25,
    });
  });

  it('begin when no scan has succeeded for three hours, also when there is no data at all', () => {
    expect(expressionOf('ScanMissing')).toBe('invocations - errors');
    expect(metricsOf('ScanMissing')).toMatchObject({
      invocations: { name: 'Invocations' },
      errors: { name: 'Errors' },
    });
    expect(alarm('ScanMissing')).toMatchObject({
      ComparisonOperator: 'LessThanThreshold',
      Threshold: 1,
      EvaluationPeriods: 3,
      TreatMissingData: 'breaching',
    });
  });

  it('begin when any of the dead-letter queues has a message', () => {
    const watched = metricsOf('DeadLetters');
    expect(Object.values(watched)).toHaveLength(Object.keys(resourcesOf(stack, 'AWS::SQS::Queue')).length);
    for (const { name, stat } of Object.values(watched))
      expect([name, stat]).toEqual(['ApproximateNumberOfMessagesVisible', 'Maximum']);
  });

  it('begin when a durable execution failed or timed out; without durable functions there is no such alarm', () => {
    const names = Object.values(metricsOf('ExecutionFailed')).map(({ name }) => name);
    expect(names).toEqual(['DurableExecutionFailed', 'DurableExecutionTimedOut']);
    const direct = testStack();
    new CertificateRenewer(direct, 'Renewer', { execution: 'direct' });
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
