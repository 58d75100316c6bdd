import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { MetricValue } from './embedded-metrics.ts';

/** A metric that an alarm or the dashboard reads: one, or by a search all with these dimensions' names. */
export interface WatchedMetric {
  /** Who reads it: the alarm's logical id, or `dashboard`. */
  readonly by: string;
  readonly namespace: string;
  readonly name: string;
  readonly dimensions: Readonly<Record<string, string>>;
  /** Whose value a search leaves open. */
  readonly anyOf: readonly string[];
}

/** What the alarms and dashboards of a synthesized app read of a namespace. */
export function watchedMetrics(folder: string, namespace: string): readonly WatchedMetric[] {
  const { Resources } = JSON.parse(readFileSync(join(folder, 'Evercert.template.json'), 'utf8')) as Template;
  return Object.entries(Resources)
    .flatMap(([id, { Type, Properties }]) => {
      if (Type === 'AWS::CloudWatch::Alarm') return ofAlarm(id, Properties as AlarmProperties);
      if (Type === 'AWS::CloudWatch::Dashboard') return ofDashboard(textOf(Properties['DashboardBody']));
      return [];
    })
    .filter((metric) => metric.namespace === namespace);
}

/** CloudWatch finds a metric by its namespace, its name, and exactly its dimensions. */
export function isSame(watched: WatchedMetric, { namespace, name, dimensions }: MetricValue): boolean {
  const expected = [...Object.keys(watched.dimensions), ...watched.anyOf].sort();
  return (
    watched.namespace === namespace &&
    watched.name === name &&
    JSON.stringify(Object.keys(dimensions).sort()) === JSON.stringify(expected) &&
    Object.entries(watched.dimensions).every(([dimension, value]) => dimensions[dimension] === value)
  );
}

interface Template {
  readonly Resources: Readonly<
    Record<string, { readonly Type: string; readonly Properties: Readonly<Record<string, unknown>> }>
  >;
}

interface AlarmMetric {
  readonly Namespace: string;
  readonly MetricName: string;
  readonly Dimensions?: readonly { readonly Name: string; readonly Value: string }[];
}

type AlarmProperties = Partial<AlarmMetric> & {
  readonly Metrics?: readonly { readonly MetricStat?: { readonly Metric: AlarmMetric } }[];
};

function ofAlarm(by: string, { Metrics = [], ...own }: AlarmProperties): readonly WatchedMetric[] {
  const all = [...(own.MetricName === undefined ? [] : [own]), ...Metrics.map(({ MetricStat }) => MetricStat?.Metric)];
  return all.flatMap((metric) =>
    metric?.MetricName === undefined
      ? []
      : {
          by,
          namespace: metric.Namespace ?? '',
          name: metric.MetricName,
          dimensions: Object.fromEntries((metric.Dimensions ?? []).map(({ Name, Value }) => [Name, Value])),
          anyOf: [],
        },
  );
}

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html */
function ofDashboard(body: string): readonly WatchedMetric[] {
  const { widgets } = JSON.parse(body) as {
    readonly widgets: readonly { readonly properties: { readonly metrics?: readonly (readonly unknown[])[] } }[];
  };
  return widgets.flatMap(({ properties: { metrics = [] } }) =>
    metrics.map((parts) => {
      const texts = parts.filter((part) => typeof part === 'string');
      if (texts.length === 0) return ofSearch((parts[0] as { readonly expression: string }).expression);
      const [namespace = '', name = '', ...pairs] = texts;
      const dimensions: Record<string, string> = {};
      for (let at = 0; at < pairs.length; at += 2) dimensions[pairs[at] ?? ''] = pairs[at + 1] ?? '';
      return { by: 'dashboard', namespace, name, dimensions, anyOf: [] };
    }),
  );
}

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/search-expression-syntax.html */
function ofSearch(expression: string): WatchedMetric {
  const [, schema = '', terms = ''] = /^SEARCH\('\{([^}]*)\} ([^']*)', '\w+', \d+\)$/.exec(expression) ?? [];
  const [namespace = '', ...names] = schema.split(',');
  const { MetricName: name = '', ...dimensions } = Object.fromEntries(
    [...terms.matchAll(/(\w+)="([^"]*)"/g)].map(([, term = '', value = '']) => [term, value]),
  ) as Record<string, string>;
  return { by: 'dashboard', namespace, name, dimensions, anyOf: names.filter((each) => !(each in dimensions)) };
}

/** `Fn::Join` with a placeholder for each reference: only those of other services have any. */
function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  const parts = (value as { readonly 'Fn::Join': readonly [string, readonly unknown[]] })['Fn::Join'][1];
  return parts.map((part) => (typeof part === 'string' ? part : '?')).join('');
}
