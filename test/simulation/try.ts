import { takeOverRandomness } from './seeded-process.ts';

takeOverRandomness();
const { runSeed } = await import('./run-seed.ts');
const [from = '0', count = '10'] = process.argv.slice(2);
for (let seed = Number(from); seed < Number(from) + Number(count); seed++) {
  const t = performance.now();
  const c = process.cpuUsage();
  const r = await runSeed(seed);
  const cpu = process.cpuUsage(c);
  console.log(
    seed,
    r.scenario.execution,
    r.scenario.profile,
    r.scenario.fleet.length,
    'ms',
    (performance.now() - t).toFixed(0),
    'cpu',
    ((cpu.user + cpu.system) / 1000).toFixed(0),
    'ev',
    r.events,
    'iss',
    r.issuances,
    'scans',
    r.scans,
    'rec',
    r.recoveryHours,
    r.digest.slice(0, 8),
    JSON.stringify(r.hits),
  );
  for (const v of r.violations) console.log('   VIOLATED', v.invariant, '|', v.found);
}
process.exit(0);
