import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { EvercertConfig } from '../../infra/app-config.ts';
import type { InteropCa } from '../interop/interop-ca.ts';

/** What a configuration is changed to where the AWS is MiniStack and the CA is Pebble. */
export interface Emulation extends Pick<EvercertConfig, 'execution' | 'dnsResolvers' | 'authoritativePort'> {
  /** Instead of each of the configuration's. */
  readonly issuer: EvercertConfig['issuers'][string];
}

/**
 * Returns the environment with which the CDK CLI deploys into the emulator: see `emulated-app.ts`. CDK's built-in check of
 * templates is left out of it: it takes a third of a synthesis, and the end-to-end tests synthesize with it.
 */
export function emulate(
  folder: string,
  ca: Pick<InteropCa, 'directoryUrl' | 'httpsRoot' | 'roots'>,
  nameServer: { readonly address: string; readonly port: number },
): Readonly<Record<'CDK_APP' | 'CDK_VALIDATION' | 'EMULATION_FILE', string>> {
  const emulation: Emulation = {
    execution: 'direct',
    dnsResolvers: [nameServer.address],
    authoritativePort: nameServer.port,
    issuer: {
      directoryUrl: ca.directoryUrl,
      email: 'ops@leane.dev',
      trust: 'bundle',
      caBundle: ca.httpsRoot + ca.roots.join(''),
      allowPrivateAddresses: true,
    },
  };
  const file = join(folder, 'emulation.json');
  writeFileSync(file, JSON.stringify(emulation));
  return {
    CDK_APP: `node ${join(import.meta.dirname, 'emulated-app.ts')}`,
    CDK_VALIDATION: 'false',
    EMULATION_FILE: file,
  };
}
