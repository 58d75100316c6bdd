import { describe, expect, it } from '@jest/globals';
import { acmExportableCost, yearlyCost } from './cost.ts';
import { PRICES } from './prices.ts';

const NOTHING = { invocations: 0, gigabyteSeconds: 0, secretsCalls: 0, logBytes: 0 };
const IDLE = {
  certificates: 1,
  otherSecrets: 1,
  scans: 8_760,
  scan: NOTHING,
  renewalsPerCertificate: 6,
  renewal: NOTHING,
  retentionDays: 14,
  alarmMetrics: 10,
  dashboards: 1,
};

describe('A year of a fleet', () => {
  it('costs its secrets, alarms and dashboard also when nothing happens', () => {
    const { secrets, alarms, dashboards, total } = yearlyCost(IDLE);
    expect(secrets).toBeCloseTo(9.6);
    expect(alarms).toBeCloseTo(12);
    expect(dashboards).toBeCloseTo(36);
    expect(total).toBeCloseTo(57.6);
  });

  it('counts each scan once and each renewal of each certificate', () => {
    const { secretsCalls } = yearlyCost({
      ...IDLE,
      certificates: 100,
      scan: { ...NOTHING, secretsCalls: 2 },
      renewal: { ...NOTHING, secretsCalls: 10 },
    });
    expect(secretsCalls).toBeCloseTo(((8_760 * 2 + 100 * 6 * 10) * 0.05) / 10_000);
  });

  it('pays for what durable executions do, write, and keep', () => {
    const renewal = { ...NOTHING, durableOperations: 30, durableBytes: 1e9 };
    const { durable } = yearlyCost({ ...IDLE, renewalsPerCertificate: 1, retentionDays: 365 / 12, renewal });
    expect(durable).toBeCloseTo(30 * 0.000008 + 0.25 + 0.15);
  });

  it('adds up', () => {
    const { total, ...parts } = yearlyCost({ ...IDLE, scan: { ...NOTHING, gigabyteSeconds: 5, invocations: 1 } });
    expect(Object.values(parts).reduce((sum, part) => sum + part, 0)).toBeCloseTo(total);
    expect(parts.lambda).toBeGreaterThan(0);
  });
});

it('An exportable certificate is paid by its names, at each issuance', () => {
  expect(acmExportableCost(1, { plain: 1, wildcards: 1 })).toBeCloseTo((86 * 365) / 198);
  expect(acmExportableCost(100, { plain: 1, wildcards: 0 })).toBeCloseTo((700 * 365) / 198);
});

it('Each price says where it comes from and when that was read', () => {
  for (const { dollars, source, read } of Object.values(PRICES)) {
    expect(dollars).toBeGreaterThan(0);
    expect(source).toMatch(/^https:\/\/aws\.amazon\.com\//);
    expect(read).toMatch(/20\d\d/);
  }
});
