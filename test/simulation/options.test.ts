import { describe, expect, it } from '@jest/globals';
import { parseOptions } from './options.ts';

describe('The options of npm run simulate', () => {
  it('are whole numbers of seeds, from 0 on, if nothing else is said', () => {
    expect(parseOptions([])).toMatchObject({ seeds: undefined, from: 0, twice: 0, minutes: Number.POSITIVE_INFINITY });
    expect(parseOptions(['--seeds', '10', '--from', '4711', '--json'])).toMatchObject({
      seeds: 10,
      from: 4711,
      json: true,
    });
    expect(parseOptions(['--minutes', '0.5'])).toMatchObject({ minutes: 0.5 });
  });

  it.each([
    ['--seeds', '0'],
    ['--seeds', 'abc'],
    ['--seeds', '1.5'],
    ['--seeds', '1e3'],
    ['--from=-1'],
    ['--from', '-1'],
    ['--from', '1e3'],
    ['--from', String(2 ** 32)],
    ['--twice=-1'],
    ['--minutes', '0'],
    ['--minutes', 'abc'],
    ['--unknown'],
    ['7'],
  ])('are refused with the usage: %s %s', (...args) => {
    expect(() => parseOptions(args.filter((arg) => arg !== undefined))).toThrow(/Usage: npm run simulate -- /);
  });
});
