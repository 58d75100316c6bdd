import { describe, expect, it } from '@jest/globals';
import { runCase } from './matrix.ts';
import { PLANTED_BUGS, planted } from './planted-bugs.ts';

describe('The crash matrix', () => {
  it.each(PLANTED_BUGS)('notices when $mistake', async (bug) => {
    const { work, point, interruption, violates } = bug;
    const { violations } = await runCase({ execution: 'direct', work, ports: planted(bug) }, point, interruption);
    expect(violations.map(({ property }) => property)).toContain(violates);
  });
});
