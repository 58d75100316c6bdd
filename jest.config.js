/** Loaded once in a process, not in each test file. */
const NATIVE = '(aws-cdk-lib|constructs|cdk-nag)/';

/** Tests run on the `node` devDependency, the Lambda runtime's major version; swc only strips types, tsc checks them. */
export default {
  testEnvironment: 'node',
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  // See test/e2e/executions.ts.
  globals: { executions: ['direct'] },
  transform: {
    [`/node_modules/${NATIVE}`]: '<rootDir>/test/native-package.cjs',
    '^.+\\.[cm]?[tj]sx?$': [
      '@swc/jest',
      {
        jsc: { parser: { syntax: 'typescript' }, target: 'es2024' },
        module: { type: 'commonjs' },
      },
    ],
  },
  transformIgnorePatterns: [`/node_modules/(?!${NATIVE})`],
  clearMocks: true,
  // jest leaves a core to itself, which does next to nothing meanwhile.
  maxWorkers: '100%',
  globalSetup: '<rootDir>/test/e2e/synthesize-first.ts',
  reporters: ['default', '<rootDir>/test/e2e/unused-grants.ts'],
  // For tests that hang. A busy machine is no failure.
  testTimeout: 60_000,
};
