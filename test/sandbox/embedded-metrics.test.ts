import { describe, expect, it } from '@jest/globals';
import { readEmbeddedMetrics } from './embedded-metrics.ts';

const directive = {
  Namespace: 'evercert',
  Dimensions: [['Renewer']],
  Metrics: [{ Name: 'Renewals', Unit: 'Count', StorageResolution: 60 }],
};
const document = (changes: object = {}, root: object = {}) =>
  JSON.stringify({
    _aws: { Timestamp: 1_795_000_000_000, CloudWatchMetrics: [{ ...directive, ...changes }] },
    Renewer: 'blue',
    Renewals: 1,
    note: 'CloudWatch ignores this',
    ...root,
  });

describe('the reader of embedded metrics', () => {
  it('reads every value under every set of dimensions', () => {
    const values = readEmbeddedMetrics(document({ Dimensions: [['Renewer'], []] }, { Renewals: [1, 2] }));
    const found = values.map(({ value, dimensions }) => [value, dimensions]);
    expect(found).toEqual([
      [1, { Renewer: 'blue' }],
      [2, { Renewer: 'blue' }],
      [1, {}],
      [2, {}],
    ]);
  });

  it.each([
    ['what is no JSON', 'INFO {"_aws":{}}', 'JSON'],
    ['two lines', `${document()}\n`, 'more than one line'],
    ['a document of more than 1 MB', document({}, { note: 'x'.repeat(1024 * 1024) }), '1 MB'],
    ['no metadata', '{"Renewals":1}', '_aws is no object'],
    ['no time', JSON.stringify({ _aws: { CloudWatchMetrics: [] } }), 'no Timestamp'],
    ['a time that is text', JSON.stringify({ _aws: { Timestamp: '1', CloudWatchMetrics: [] } }), 'whole number'],
    ['a member that is misspelt', document({ Metric: [] }), 'a member Metric'],
    ['a namespace of AWS', document({ Namespace: 'AWS/Lambda' }), 'AWS/'],
    ['101 metrics', document({ Metrics: Array.from({ length: 101 }, () => directive.Metrics[0]) }), '101 metrics'],
    ['31 dimensions', document({ Dimensions: [Array.from({ length: 31 }, (_, i) => `D${i}`)] }), '31 dimensions'],
    ['dimensions that are no sets', document({ Dimensions: ['Renewer'] }), 'DimensionSet is no array'],
    ['a dimension twice', document({ Dimensions: [['Renewer', 'Renewer']] }), 'twice'],
    ['a dimension without a value', document({ Dimensions: [['Phase']] }), 'dimension Phase'],
    ['a dimension that is a number', document({}, { Renewer: 1 }), 'dimension Renewer'],
    ['a dimension with a control character', document({}, { Renewer: 'a\tb' }), 'does not take'],
    ['a unit that CloudWatch lacks', document({ Metrics: [{ Name: 'Renewals', Unit: 'Days' }] }), 'no unit Days'],
    ['another resolution', document({ Metrics: [{ Name: 'Renewals', StorageResolution: 5 }] }), 'StorageResolution'],
    ['a metric without a value', document({ Metrics: [{ Name: 'Failures' }] }), 'no number'],
    ['a value that is text', document({}, { Renewals: '1' }), 'no number'],
    ['101 values', document({}, { Renewals: Array.from({ length: 101 }, () => 1) }), '101 values'],
  ])('refuses %s', (_what, line, words) => {
    expect(() => readEmbeddedMetrics(line)).toThrow(words);
  });
});
