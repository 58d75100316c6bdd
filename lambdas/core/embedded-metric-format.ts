import { METRIC_NAMESPACE, RENEWER_DIMENSION } from './metric-names.ts';
import type { Metric } from './metrics.ts';

/**
 * A log line from which CloudWatch takes a metric, without a call and without a permission. One for each value: a document
 * has one value of each dimension, so that two certificates never fit into one.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
 *
 * Written by hand, because Powertools' `Metrics` would take the bundle of `scan` over its limit.
 */
export function embeddedMetric({ name, unit, value, dimensions = {} }: Metric, renewer: string, now: number): string {
  const all = { [RENEWER_DIMENSION]: renewer, ...dimensions };
  return JSON.stringify({
    _aws: {
      Timestamp: Math.round(now),
      CloudWatchMetrics: [
        { Namespace: METRIC_NAMESPACE, Dimensions: [Object.keys(all)], Metrics: [{ Name: name, Unit: unit }] },
      ],
    },
    ...all,
    [name]: value,
  });
}
