import { synthesizedApp } from '../sandbox/synthesis.ts';

/** jest's `globalSetup`: for the whole suite, the app is synthesized before a test's time runs. */
// biome-ignore lint/style/noDefaultExport: jest asks for one.
export default async function synthesizeFirst(globalConfig: {
  readonly nonFlagArgs: readonly string[];
}): Promise<void> {
  if (globalConfig.nonFlagArgs.length > 0) return;
  await Promise.all([synthesizedApp('direct'), synthesizedApp('durable')]);
}
