import { Duration } from 'aws-cdk-lib';
import { Dashboard, GraphWidget, type IMetric, MathExpression, Stats } from 'aws-cdk-lib/aws-cloudwatch';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import {
  METRIC_NAMESPACE,
  PHASE_DIMENSION,
  PHASE_SECONDS,
  RENEWAL_FAILURES,
  RENEWALS,
  RENEWER_DIMENSION,
  SMALLEST_REMAINING_SHARE,
  THROTTLES,
} from '../lambdas/core/metric-names.ts';
import { fleetMetric } from './alarms.ts';

export interface DashboardProps {
  readonly scan: IFunction;
  readonly renew: IFunction;
  readonly renewer: string;
  /** Drawn as a line: where the alarm begins. */
  readonly minimumRemainingShare: number;
}

/** How much life is left, what was renewed, where the time goes, and who slows us down. */
export function dashboard(scope: Construct, id: string, props: DashboardProps): Dashboard {
  const { scan, renew, renewer, minimumRemainingShare } = props;
  const hourly = (name: string) => fleetMetric(name, renewer).with({ period: Duration.hours(1) });
  const graph = (title: string, left: readonly IMetric[], options: object = {}) =>
    new GraphWidget({ title, left: [...left], width: 12, height: 6, ...options });

  const board = new Dashboard(scope, id, { defaultInterval: Duration.days(14) });
  board.addWidgets(
    graph(
      'Smallest remaining share of a lifetime, percent',
      [hourly(SMALLEST_REMAINING_SHARE).with({ statistic: Stats.MINIMUM })],
      { leftYAxis: { min: 0, max: 100 }, leftAnnotations: [{ value: minimumRemainingShare, label: 'alarm' }] },
    ),
    graph('Renewals and failures', [hourly(RENEWALS), hourly(RENEWAL_FAILURES)]),
  );
  board.addWidgets(
    graph('Seconds per phase, average', [
      new MathExpression({ label: '', expression: secondsPerPhase(renewer), period: Duration.hours(1) }),
    ]),
    graph('Throttles', [
      hourly(THROTTLES).with({ label: 'AWS calls repeated' }),
      scan.metricThrottles({ label: 'scan throttled' }),
      renew.metricThrottles({ label: 'renew throttled' }),
    ]),
  );
  return board;
}

/** A search, because the phases are the steps of a renewal and no concern of this file. */
function secondsPerPhase(renewer: string): string {
  const dimensions = [METRIC_NAMESPACE, RENEWER_DIMENSION, PHASE_DIMENSION].join(',');
  return `SEARCH('{${dimensions}} MetricName="${PHASE_SECONDS}" ${RENEWER_DIMENSION}="${renewer}"', 'Average', 3600)`;
}
