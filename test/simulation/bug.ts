import { takeOverRandomness } from './seeded-process.ts';

takeOverRandomness();
const { runSeed } = await import('./run-seed.ts');
const { PLANTED_BUGS } = await import('./planted-bugs.ts');
const { planted } = await import('../crash-matrix/planted-bugs.ts');
const [bug = '0', from = '0', count = '5'] = process.argv.slice(2);
const b = PLANTED_BUGS[Number(bug)]!;
for (let seed = Number(from); seed < Number(from) + Number(count); seed++) {
  const r = await runSeed(seed, planted(b));
  console.log(
    b.mistake,
    seed,
    r.scenario.execution,
    r.scenario.profile,
    r.issuances,
    'rec',
    r.recoveryHours,
    JSON.stringify(r.hits),
  );
  for (const v of r.violations) console.log('   VIOLATED', v.invariant, '|', v.found.slice(0, 200));
  if (r.violations.some((v) => v.invariant === b.violates)) break;
}
process.exit(0);
