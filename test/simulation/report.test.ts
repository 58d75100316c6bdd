import { describe, expect, it } from '@jest/globals';
import { blindSpots, slowestRecovery } from './report.ts';

describe('A run of the simulation', () => {
  const faults = { 'killed before': { drawn: 80, hits: 30 }, 'answer lost': { drawn: 70, hits: 0 } };
  const operations = {
    'acme:order': { drawn: 20, hits: 9 },
    'route53:ListHostedZonesByName': { drawn: 10, hits: 0 },
    'acme:newAccount': { drawn: 9, hits: 0 },
  };

  it('is blind for a kind of faults, and for an operation with ten of them, of which none has hit anything', () => {
    expect(blindSpots({ seeds: 200, faults, operations })).toEqual([
      'no fault of the kind "answer lost" has hit anything',
      'none of 10 faults at route53:ListHostedZonesByName has hit anything',
    ]);
  });

  it('says nothing of that after few seeds', () => {
    expect(blindSpots({ seeds: 199, faults, operations })).toEqual([]);
  });

  it('names the seed that took longest to be in order again, so that it can be replayed', () => {
    const took = (seed: number, recoveryHours: number | undefined) => ({ scenario: { seed }, recoveryHours });
    expect(slowestRecovery([took(9, 3), took(8, 66), took(7, 66), took(6, undefined)])).toEqual({ seed: 7, hours: 66 });
    expect(slowestRecovery([took(6, undefined)])).toBeUndefined();
  });
});
