/**
 * The import rule: arrows point inward.
 * core <- acme <- renewal <- aws, dns <- handlers; infra -> core only; examples -> infra; test -> anything.
 * test/import-rule.test.ts plants a violation of each and expects it to be reported.
 */
const ring = (name, from, allowed) => ({
  name,
  severity: 'error',
  from: { path: `^${from}/` },
  to: { path: '^(lambdas|infra|examples|test)/', pathNot: `^(${[from, ...allowed].join('|')})/` },
});

module.exports = {
  forbidden: [
    ring('core-imports-nothing-of-ours', 'lambdas/core', []),
    ring('acme-imports-core', 'lambdas/acme', ['lambdas/core']),
    ring('renewal-sees-ports-never-adapters', 'lambdas/renewal', ['lambdas/core', 'lambdas/acme']),
    ring('aws-implements-ports', 'lambdas/aws', ['lambdas/core', 'lambdas/acme', 'lambdas/renewal']),
    ring('dns-implements-ports', 'lambdas/dns', ['lambdas/core', 'lambdas/acme', 'lambdas/renewal']),
    ring('handlers-compose', 'lambdas/handlers', ['lambdas']),
    ring('infra-imports-core', 'infra', ['lambdas/core']),
    ring('examples-use-infra', 'examples', ['infra']),
    {
      name: 'core-has-no-node-modules',
      severity: 'error',
      comment: 'core is pure: no I/O, no clock, no randomness',
      from: { path: '^lambdas/core/' },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'core-uses-zod-at-most',
      severity: 'error',
      from: { path: '^lambdas/core/' },
      to: { path: 'node_modules', pathNot: 'node_modules/zod/' },
    },
    {
      name: 'aws-sdk-in-aws-alone',
      severity: 'error',
      from: { path: '^lambdas/', pathNot: '^lambdas/aws/' },
      to: { path: 'node_modules/@aws-sdk/' },
    },
    {
      name: 'acme-client-in-acme-alone',
      severity: 'error',
      from: { path: '^lambdas/', pathNot: '^lambdas/acme/' },
      to: { path: 'node_modules/(acme-client|@peculiar|axios)/' },
    },
    {
      name: 'durable-sdk-in-handlers-alone',
      severity: 'error',
      from: { path: '^lambdas/', pathNot: '^lambdas/handlers/' },
      to: { path: 'node_modules/@aws/durable' },
    },
    {
      name: 'deployed-code-has-its-dependencies',
      severity: 'error',
      comment: 'what is bundled is under dependencies in package.json; types may come from elsewhere',
      from: { path: '^lambdas/' },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'agpl-in-tests-alone',
      severity: 'error',
      comment: 'decision 3: iam-simulate is run by tests, and is part of nothing that is deployed or handed on',
      from: { path: '^(lambdas|infra|examples)/' },
      to: { path: 'node_modules/@cloud-copilot/' },
    },
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    { name: 'no-unresolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    parser: 'swc',
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: {
      extensions: ['.ts', '.js', '.cjs', '.json'],
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
    },
  },
};
