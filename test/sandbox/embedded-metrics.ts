/** A value as CloudWatch takes it from a log line. */
export interface MetricValue {
  readonly namespace: string;
  readonly name: string;
  readonly unit: string;
  readonly dimensions: Readonly<Record<string, string>>;
  readonly value: number;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/**
 * Reads a line in embedded metric format. Throws for what CloudWatch would drop without a word, or what the specification
 * forbids:
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
 */
export function readEmbeddedMetrics(line: string): readonly MetricValue[] {
  if (Buffer.byteLength(line) > LARGEST_DOCUMENT) throw refused('the document has more than 1 MB');
  if (/[\r\n]/.test(line)) throw refused('the document is more than one line');
  const root = asObject(JSON.parse(line), 'the document');
  const metadata = asObject(root['_aws'], '_aws');
  expectMembers(metadata, ['Timestamp', 'CloudWatchMetrics'], [], '_aws');
  const at = metadata['Timestamp'];
  if (!Number.isInteger(at)) throw refused('Timestamp is no whole number of milliseconds');
  return asArray(metadata['CloudWatchMetrics'], 'CloudWatchMetrics').flatMap((directive) =>
    readDirective(asObject(directive, 'MetricDirective'), root, at as number),
  );
}

const LARGEST_DOCUMENT = 1024 * 1024;
const MOST_METRICS = 100;
const MOST_VALUES = 100;
const MOST_DIMENSIONS = 30;

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricDatum.html */
const UNITS = new Set(
  ['Seconds', 'Microseconds', 'Milliseconds', 'Percent', 'Count', 'None'].concat(
    ['Bytes', 'Kilobytes', 'Megabytes', 'Gigabytes', 'Terabytes', 'Bits', 'Kilobits', 'Megabits', 'Gigabits'],
    ['Terabits', 'Bytes/Second', 'Kilobytes/Second', 'Megabytes/Second', 'Gigabytes/Second', 'Terabytes/Second'],
    ['Bits/Second', 'Kilobits/Second', 'Megabits/Second', 'Gigabits/Second', 'Terabits/Second', 'Count/Second'],
  ),
);

function readDirective(directive: JsonObject, root: JsonObject, at: number): readonly MetricValue[] {
  expectMembers(directive, ['Namespace', 'Dimensions', 'Metrics'], [], 'MetricDirective');
  const namespace = asText(directive['Namespace'], 1024, 'Namespace');
  if (namespace.startsWith('AWS/')) throw refused('Namespace begins with AWS/');
  const metrics = asArray(directive['Metrics'], 'Metrics');
  if (metrics.length > MOST_METRICS) throw refused(`${metrics.length} metrics`);
  const sets = asArray(directive['Dimensions'], 'Dimensions').map((set) => readDimensions(set, root));
  return metrics.flatMap((each) => {
    const metric = asObject(each, 'MetricDefinition');
    expectMembers(metric, ['Name'], ['Unit', 'StorageResolution'], 'MetricDefinition');
    const name = asText(metric['Name'], 1024, 'Name');
    const unit = metric['Unit'] ?? 'None';
    if (!UNITS.has(String(unit))) throw refused(`${name}: CloudWatch has no unit ${String(unit)}`);
    if (![undefined, 1, 60].includes(metric['StorageResolution'] as number | undefined)) {
      throw refused(`${name}: StorageResolution is neither 1 nor 60`);
    }
    const values = readValues(name, root[name]);
    return sets.flatMap((dimensions) =>
      values.map((value) => ({ namespace, name, unit: String(unit), dimensions, value, at })),
    );
  });
}

function readDimensions(set: unknown, root: JsonObject): Readonly<Record<string, string>> {
  const names = asArray(set, 'DimensionSet').map((name) => asText(name, 250, 'a dimension'));
  if (names.length > MOST_DIMENSIONS) throw refused(`${names.length} dimensions`);
  if (new Set(names).size < names.length) throw refused('a dimension is there twice');
  return Object.fromEntries(
    names.map((name) => {
      const value = asText(root[name], 1024, `the value of dimension ${name}`);
      // https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_Dimension.html
      if (!/^[\x20-\x7e]*[\x21-\x7e][\x20-\x7e]*$/.test(value) || value.startsWith(':')) {
        throw refused(`the value of dimension ${name} has characters that CloudWatch does not take`);
      }
      return [name, value];
    }),
  );
}

/** A number, or a list of them. */
function readValues(name: string, target: unknown): readonly number[] {
  const values = Array.isArray(target) ? target : [target];
  if (values.length > MOST_VALUES) throw refused(`${name} has ${values.length} values`);
  for (const value of values) if (!Number.isFinite(value)) throw refused(`${name} has a value that is no number`);
  return values;
}

type JsonObject = Readonly<Record<string, unknown>>;

function expectMembers(object: JsonObject, required: readonly string[], optional: readonly string[], of: string): void {
  for (const name of required) if (!(name in object)) throw refused(`${of} has no ${name}`);
  const other = Object.keys(object).find((name) => !required.includes(name) && !optional.includes(name));
  if (other !== undefined) throw refused(`${of} has a member ${other}`);
}

function asObject(value: unknown, what: string): JsonObject {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as JsonObject;
  throw refused(`${what} is no object`);
}

function asArray(value: unknown, what: string): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw refused(`${what} is no array`);
}

function asText(value: unknown, longest: number, what: string): string {
  if (typeof value === 'string' && value.length > 0 && value.length <= longest) return value;
  throw refused(`${what} is no text of 1 to ${longest} characters`);
}

function refused(why: string): Error {
  return new Error(`No embedded metric: ${why}.`);
}
