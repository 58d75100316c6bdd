/**
 * A transform of jest's, for packages that Node's own `require` loads once for all test files of a process. The CDK brings a
 * validator of templates along that takes seconds to start.
 */
module.exports = {
  process: (_source, file) => ({
    code: `
      const host = require('node:vm').runInThisContext('process');
      const file = ${JSON.stringify(file)};
      module.exports = host.getBuiltinModule('node:module').createRequire(file)(file);
    `,
  }),
  getCacheKey: (_source, file) => `native-package ${file}`,
};
