/** Tests run on the `node` devDependency, the Lambda runtime's major version; swc only strips types, tsc checks them. */
export default {
  testEnvironment: 'node',
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  transform: {
    '^.+\\.[cm]?[tj]sx?$': [
      '@swc/jest',
      {
        jsc: { parser: { syntax: 'typescript' }, target: 'es2024' },
        module: { type: 'commonjs' },
      },
    ],
  },
  // listr2 and what it loads are published as ES modules alone.
  transformIgnorePatterns: [
    '/node_modules/(?!(listr2|log-update|cli-truncate|wrap-ansi|slice-ansi|string-width|strip-ansi|ansi-regex|ansi-styles|ansi-escapes|environment|cli-cursor|restore-cursor|onetime|mimic-function|is-fullwidth-code-point|get-east-asian-width|eventemitter3|emoji-regex|rfdc)/)',
  ],
    '/node_modules/',
    '/test/e2e/',
    '/test/aws/acm-targets.test.ts',
    '/test/aws/lambda-starter.test.ts',
  ],
};
