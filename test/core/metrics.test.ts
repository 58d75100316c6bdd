import { describe, expect, it } from '@jest/globals';
import { DAY } from '../../lambdas/core/duration.ts';
import { embeddedMetric } from '../../lambdas/core/embedded-metric-format.ts';
import { scanMetrics } from '../../lambdas/core/metrics.ts';
import { phaseEndingWith } from '../../lambdas/core/phase.ts';
import { createEmit } from '../../lambdas/handlers/metrics.ts';
import { readEmbeddedMetrics } from '../sandbox/embedded-metrics.ts';

const NOW = Date.UTC(2026, 10, 24);
/** So many days old, of so many. */
const certificate = (name: string, age: number, lifetime: number) => ({
  name,
  notBefore: NOW - age * DAY,
  notAfter: NOW + (lifetime - age) * DAY,
});
const facts = { validities: [certificate('a', 60, 90), certificate('b', 3, 6)], failed: 0, complete: true };
const FLEET = { perCertificate: false };

describe('what a scan tells', () => {
  it.each([
    ['the share of the one nearest to its end, by its own lifetime', facts.validities, 100 / 3],
    ['zero for an expired one', [...facts.validities, certificate('c', 91, 90)], 0],
    ['100 for one that begins in a moment', [certificate('c', -0.01, 90)], 100],
    [
      'zero for a lifetime that makes no sense',
      [certificate('c', 1, 1), { name: 'd', notBefore: NOW, notAfter: 0 }],
      0,
    ],
  ])('is %s', (_what, validities, share) => {
    const [metric] = scanMetrics({ ...facts, validities }, NOW, FLEET);
    expect(metric).toMatchObject({ name: 'SmallestRemainingShare', unit: 'Percent' });
    expect(metric?.value).toBeCloseTo(share);
  });

  it('is no share where there is no pair, nor of a part of the certificates', () => {
    expect(scanMetrics({ ...facts, validities: [] }, NOW, FLEET)).toEqual([]);
    expect(scanMetrics({ ...facts, complete: false }, NOW, FLEET)).toEqual([]);
  });

  it('is how many starts were refused, if any', () => {
    const [, failures] = scanMetrics({ ...facts, failed: 3 }, NOW, FLEET);
    expect(failures).toEqual({ name: 'RenewalFailures', unit: 'Count', value: 3 });
  });

  it('is one document for each of 10,000 certificates', () => {
    const validities = Array.from({ length: 10_000 }, (_, index) => certificate(`${index}.leane.dev`, 1, 90));
    const metrics = scanMetrics({ ...facts, validities }, NOW, { perCertificate: true });
    const values = metrics.flatMap((metric) => readEmbeddedMetrics(embeddedMetric(metric, 'blue', NOW)));
    expect(new Set(values.map(({ dimensions }) => dimensions['Certificate'])).size).toBe(10_001);
    expect(values.at(-1)).toEqual({
      namespace: 'evercert',
      name: 'DaysToExpiry',
      unit: 'None',
      dimensions: { Renewer: 'blue', Certificate: '9999.leane.dev' },
      value: 89,
      at: NOW,
    });
  });
});

it.each([
  ['present TXT values 2', 'present TXT values'],
  ['wait in sync 1, order 3', 'wait in sync'],
  ['place order, order 2', 'place order'],
  ['finalize', undefined],
  ['let TXT values propagate 1', undefined],
])('the step %p ends the phase %p', (step, phase) => {
  expect(phaseEndingWith(step)).toBe(phase);
});

it('A metric that can not be written is a warning, and nothing else', () => {
  const warnings: unknown[] = [];
  const quiet = () => undefined;
  const emit = createEmit('blue', {
    clock: { now: () => NOW, sleep: async () => undefined },
    log: { info: quiet, error: quiet, warn: (message, fields) => warnings.push([message, fields]) },
    print: () => {
      throw new Error('EPIPE');
    },
  });
  emit({ name: 'Renewals', unit: 'Count', value: 1 });
  expect(warnings).toEqual([['a metric could not be written', { metric: 'Renewals', problem: 'EPIPE' }]]);
});
