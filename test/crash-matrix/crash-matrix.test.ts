import { describe, expect, it } from '@jest/globals';
import { callPoints } from './call-points.ts';
import { recordCallPoints, runCase } from './matrix.ts';
import { PLANTED_BUGS } from './planted-bugs.ts';
import { PROPERTIES } from './properties.ts';
import { EXECUTIONS, WORKS } from './scenario.ts';

// All points in all ways take minutes: `npm run test:crashes`. Here is one of each; `npm run test:long` proves that it would notice.

describe('The crash matrix', () => {
  it('numbers the calls of a recorded run by operation', () => {
    expect(callPoints(['acme:order', 'dns:TXT', 'acme:order'])).toEqual([
      { operation: 'acme:order', occurrence: 1 },
      { operation: 'dns:TXT', occurrence: 1 },
      { operation: 'acme:order', occurrence: 2 },
    ]);
  });

  it('has points at every service, and at every checkpoint of a durable execution', async () => {
    const points = await recordCallPoints({ execution: 'durable', work: 'renewal' });
    const services = new Set(points.map(({ operation }) => operation.split(':')[0]));
    expect([...services].sort()).toEqual(['acm', 'acme', 'dns', 'lambda', 'route53', 'secretsmanager']);
    const checkpoints = points.filter(({ operation }) => operation === 'lambda:CheckpointDurableExecution');
    expect(checkpoints.length).toBeGreaterThan(20);
  });

  it.each(EXECUTIONS.flatMap((execution) => WORKS.map((work) => [execution, work] as const)))(
    'finds everything in order after a death in the middle (%s, %s)',
    async (execution, work) => {
      const point = { operation: 'acme:finalize', occurrence: 1 };
      const { violations, scans } = await runCase({ execution, work }, point, 'killed after its effect');
      expect(violations).toEqual([]);
      expect(scans).toBeDefined();
    },
  );

  it('has a planted bug for every property', () => {
    expect(new Set(PLANTED_BUGS.map(({ violates }) => violates))).toEqual(new Set(Object.keys(PROPERTIES)));
  });
});
