import { afterEach, describe, expect, it } from '@jest/globals';
import { runs } from './runs.ts';

describe('How often a property is tried', () => {
  const given = { ...process.env };
  afterEach(() => {
    process.env = { ...given };
  });

  it('is what was asked for, and its share', () => {
    process.env['HOSTILE_RUNS'] = '2000';
    process.env['HOSTILE_SEED'] = '-7';
    expect(runs(0.5)).toEqual({ numRuns: 1_000, seed: -7 });
  });

  it.each(['abc', '-5', '0', '1e3', ''])('is never a number that is none: %s', (text) => {
    process.env['HOSTILE_RUNS'] = text;
    expect(() => runs()).toThrow('--runs is a whole number above 0');
  });
});
