import { Duration } from 'aws-cdk-lib';
import {
  Alarm,
  type AlarmProps,
  ComparisonOperator,
  type IMetric,
  MathExpression,
  Metric,
  Stats,
  TreatMissingData,
} from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import {
  METRIC_NAMESPACE,
  RENEWAL_FAILURES,
  RENEWER_DIMENSION,
  SMALLEST_REMAINING_SHARE,
} from '../lambdas/core/metric-names.ts';

export interface AlarmsProps {
  readonly topic: ITopic;
  readonly scan: IFunction;
  readonly renew: IFunction;
  readonly deadLetterQueues: readonly IQueue[];
  /** Whether `renew` is a durable function. */
  readonly durable: boolean;
  /** The value of the metrics' dimension. */
  readonly renewer: string;
  /** Percent of a certificate's lifetime. */
  readonly minimumRemainingShare: number;
}

const RUNBOOK = 'Runbook of evercert: docs/operations/alarms.md';

/** What an operator has to know of. Each has a heading in the runbook, to which its description points. */
export class Alarms extends Construct {
  constructor(scope: Construct, id: string, props: AlarmsProps) {
    super(scope, id);
    const { topic, scan, renew, renewer, minimumRemainingShare, durable } = props;
    const add = (name: string, heading: string, sentence: string, alarm: Omit<AlarmProps, 'alarmDescription'>) => {
      const action = new SnsAction(topic);
      const made = new Alarm(this, name, { ...alarm, alarmDescription: `${sentence} ${RUNBOOK}#${heading}` });
      made.addAlarmAction(action);
      made.addOkAction(action);
    };

    add('RenewalFailed', 'a-renewal-failed', 'A renewal failed, or could not be started.', {
      ...atLeastOne,
      // A durable function that ends in a failure has run without an error, so that both are counted.
      metric: new MathExpression({
        label: 'failures',
        expression: 'FILL(errors, 0) + FILL(failures, 0)',
        period: Duration.minutes(5),
        usingMetrics: { errors: renew.metricErrors(), failures: fleetMetric(RENEWAL_FAILURES, renewer) },
      }),
    });
    add(
      'LifetimeLow',
      'a-certificate-is-near-its-end',
      `A certificate has less than ${minimumRemainingShare} % left.`,
      {
        metric: fleetMetric(SMALLEST_REMAINING_SHARE, renewer).with({
          statistic: Stats.MINIMUM,
          period: Duration.hours(1),
        }),
        comparisonOperator: ComparisonOperator.LESS_THAN_THRESHOLD,
        threshold: minimumRemainingShare,
        evaluationPeriods: 2,
        // No scan is another alarm's business.
        treatMissingData: TreatMissingData.IGNORE,
      },
    );
    add('ScanMissing', 'the-scan-did-not-run', 'No scan has succeeded for three hours.', {
      metric: new MathExpression({
        label: 'successful scans',
        expression: 'invocations - errors',
        period: Duration.hours(1),
        usingMetrics: { invocations: scan.metricInvocations(), errors: scan.metricErrors() },
      }),
      comparisonOperator: ComparisonOperator.LESS_THAN_THRESHOLD,
      threshold: 1,
      evaluationPeriods: 3,
      treatMissingData: TreatMissingData.BREACHING,
    });
    add('DeadLetters', 'a-dead-letter-queue-is-not-empty', 'An event could not be delivered, or failed each time.', {
      ...atLeastOne,
      metric: new MathExpression({
        label: 'messages',
        expression: 'SUM(METRICS())',
        period: Duration.minutes(5),
        usingMetrics: Object.fromEntries(
          props.deadLetterQueues.map((queue, index) => [
            `queue${index}`,
            queue.metricApproximateNumberOfMessagesVisible({ statistic: Stats.MAXIMUM }),
          ]),
        ),
      }),
    });
    if (durable) {
      add('ExecutionFailed', 'a-durable-execution-failed', 'A durable execution failed, timed out or never began.', {
        ...atLeastOne,
        metric: new MathExpression({
          label: 'executions',
          expression: 'FILL(failed, 0) + FILL(timedOut, 0) + FILL(dropped, 0)',
          period: Duration.minutes(5),
          usingMetrics: {
            failed: sumOf(renew, 'DurableExecutionFailed'),
            timedOut: sumOf(renew, 'DurableExecutionTimedOut'),
            // The place of a dead-letter queue (decision 2): starts that got too old before Lambda could begin them.
            dropped: sumOf(renew, 'AsyncEventsDropped'),
          },
        }),
      });
    }
  }
}

const atLeastOne = {
  comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
  threshold: 1,
  evaluationPeriods: 1,
  treatMissingData: TreatMissingData.NOT_BREACHING,
} as const;

/** A metric that our functions write, for the whole deployment. */
export function fleetMetric(metricName: string, renewer: string): Metric {
  return new Metric({
    namespace: METRIC_NAMESPACE,
    metricName,
    dimensionsMap: { [RENEWER_DIMENSION]: renewer },
    statistic: Stats.SUM,
    period: Duration.minutes(5),
  });
}

/**
 * Of all versions and aliases of a function (https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-view.html):
 * https://docs.aws.amazon.com/lambda/latest/dg/durable-monitoring.html,
 * https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html#async-invocation-metrics
 */
function sumOf(fn: IFunction, metricName: string): IMetric {
  return fn.metric(metricName, { statistic: Stats.SUM });
}
