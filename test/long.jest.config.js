import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import project from '../jest.config.js';

const E2E = join(import.meta.dirname, 'e2e');
/** The suites that hold in both kinds of steps. */
const inBoth = readdirSync(E2E).filter(
  (file) => file.endsWith('.test.ts') && readFileSync(join(E2E, file), 'utf8').includes("from './executions.ts'"),
);

/** What takes long. The grants that tests use are counted by `npm test`. */
const { reporters: _grants, ...shared } = project;

// biome-ignore lint/style/noDefaultExport: jest asks for one.
export default {
  ...shared,
  rootDir: '..',
  testMatch: ['<rootDir>/test/**/*.long.ts', ...inBoth.map((file) => `<rootDir>/test/e2e/${file}`)],
  globals: { executions: ['durable'] },
};
