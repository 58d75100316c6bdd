/** `npm run test:hostile [-- --runs N] [--seed S]`: every property that many times instead of forty. */
import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';

const { values } = parseArgs({ options: { runs: { type: 'string', default: '2000' }, seed: { type: 'string' } } });
const environment = { HOSTILE_RUNS: values.runs, ...(values.seed === undefined ? {} : { HOSTILE_SEED: values.seed }) };
const jest = ['node_modules/jest/bin/jest.js', '--testTimeout=600000', 'test/hostile'];
process.exitCode =
  spawnSync(process.execPath, jest, { stdio: 'inherit', env: { ...process.env, ...environment } }).status ?? 1;
