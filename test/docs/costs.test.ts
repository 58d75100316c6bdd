import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { PRICES } from '../bench/scale/prices.ts';

const page = (name: string) => readFileSync(join(import.meta.dirname, '../..', name), 'utf8');
const dollars = (text: string) => Number(text.replace(/[*,]/g, ''));

describe('the costs in the documentation', () => {
  const [, section = ''] = page('docs/proof.md').split('\n## Cost\n');
  const [head = [], , ...rows] = (section.split('\n## ')[0] ?? '')
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .map((line) => line.split('|').map((cell) => cell.trim()));
  const parts = head.slice(head.indexOf('secrets'), head.indexOf('evercert'));

  it('have an alarm’s and a dashboard’s price for twelve months in the table of a year', () => {
    for (const row of rows) {
      expect(dollars(row[head.indexOf('alarms')] ?? '')).toBeCloseTo(12 * 10 * PRICES.alarmMetricMonth.dollars);
      expect(dollars(row[head.indexOf('dashboard')] ?? '')).toBeCloseTo(12 * PRICES.dashboardMonth.dollars);
    }
  });

  it('add up in the table of a year, to the cent that each part is rounded to', () => {
    expect(rows).toHaveLength(6);
    for (const row of rows) {
      const sum = parts.reduce((total, part) => total + dollars(row[head.indexOf(part)] ?? ''), 0);
      const told = dollars(row[head.indexOf('evercert')] ?? '');
      expect(Math.abs(sum - told)).toBeLessThanOrEqual((parts.length * 0.01) / 2);
    }
  });

  it('add up in the README’s month', () => {
    const [, text = ''] = page('README.md').replace(/\s+/g, ' ').split('**What it costs a month**');
    const [, metrics] = /(\d+) metrics watched by \w+ alarms at \$0\.10/.exec(text) ?? [];
    const [, custom] = /custom metrics at \$(\d\.\d\d)/.exec(text) ?? [];
    const [, dashboard] = /a dashboard at \$(\d+)/.exec(text) ?? [];
    const [, together, without] = /Together about \$(\d+\.\d\d), or \$(\d+\.\d\d) without/.exec(text) ?? [];
    expect(Number(dashboard)).toBe(PRICES.dashboardMonth.dollars);
    const alarms = Number(metrics) * PRICES.alarmMetricMonth.dollars;
    const sum = 2 * PRICES.secretMonth.dollars + alarms + Number(custom);
    expect(Number(without)).toBeCloseTo(sum, 2);
    expect(Number(together)).toBeCloseTo(sum + PRICES.dashboardMonth.dollars, 2);
  });
});
