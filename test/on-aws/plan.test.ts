import { describe, expect, it } from '@jest/globals';
import { costs, planOf } from './plan.ts';

describe('the plan of test:aws', () => {
  const plan = planOf({
    domain: 'leane.dev',
    hostedZoneId: 'Z0123456789',
    email: 'ops@leane.dev',
    regions: ['eu-central-1', 'us-east-1'],
    profile: 'trial',
    yes: false,
  });

  it('names the account, the stack, the names, the zone and the regions', () => {
    for (const each of ['profile trial', 'EvercertOnAws', 'evercert-test.leane.dev', 'Z0123456789', 'us-east-1']) {
      expect(plan).toContain(each);
    }
    expect(plan).toContain('destroys the stack');
  });

  it('adds up what it costs', () => {
    const sum = costs().reduce((total, { dollars }) => total + dollars, 0);
    // Four secrets at $0.40, ten metrics at $0.10 and a dashboard at $3 for an hour of 730, 1,000 calls, 500 operations.
    expect(sum).toBeCloseTo(5.6 / 730 + 0.005 + 0.004, 9);
    expect(plan).toContain(`together $${sum.toFixed(2)}`);
  });
});
