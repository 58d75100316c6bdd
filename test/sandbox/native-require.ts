import { runInThisContext } from 'node:vm';

/** The process itself. Under jest, tests have a copy, with an environment of its own and a `require` that transforms. */
const host = runInThisContext('process') as NodeJS.Process;

/** The environment of the process itself, which is the one that `nativeRequire`d code reads. */
export const nativeEnvironment = host.env;

/**
 * Node's own `require`, also inside of jest: for bundles that have to run as they are, not transformed, and for packages
 * that are loaded once for all test files of a process.
 */
export const nativeRequire: (file: string) => unknown = host
  .getBuiltinModule('node:module')
  .createRequire(import.meta.filename);
