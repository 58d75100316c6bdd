import type { Execution } from '../sandbox/synthesis.ts';

/**
 * For suites that hold in both kinds of steps: `npm test` runs them in one invocation, `npm run test:long` as a durable
 * function. What is particular to either has tests of its own.
 */
export const EXECUTIONS = (globalThis as unknown as { readonly executions: readonly Execution[] }).executions;
