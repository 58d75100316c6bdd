import project from '../jest.config.js';

/** What takes long, as `npm test` otherwise: without what is about the end-to-end tests, their syntheses and the grants that they use. */
const { globalSetup: _syntheses, reporters: _grants, ...shared } = project;

// biome-ignore lint/style/noDefaultExport: jest asks for one.
export default {
  ...shared,
  rootDir: '..',
  testMatch: ['<rootDir>/test/**/*.long.ts'],
};
