import { X509Certificate } from 'node:crypto';
import { startCa } from '../sandbox/ca/ca.ts';
import { LETS_ENCRYPT_PROFILES } from '../sandbox/ca/settings.ts';
import { Calls } from '../sandbox/calls.ts';
import { Faults } from '../sandbox/faults.ts';
import type { VirtualClock } from '../sandbox/virtual-clock.ts';
import type { InteropCa } from './interop-ca.ts';

/** The sandbox's CA, as unpleasant as the portable cases have Pebble. */
export async function startSandboxCa(options: {
  readonly clock: VirtualClock;
  readonly dnsPort: number;
  readonly refusedName: string;
}): Promise<InteropCa> {
  const { clock } = options;
  const ca = await startCa({
    clock,
    calls: new Calls(),
    faults: new Faults(clock),
    resolver: { host: '127.0.0.1', port: options.dnsPort },
    settings: {
      nonceRejection: 0.5,
      profiles: { ...LETS_ENCRYPT_PROFILES },
      refusedNames: [options.refusedName],
    },
  });
  return {
    directoryUrl: ca.directoryUrl,
    httpsRoot: ca.httpsRoot,
    roots: ca.roots.map(({ pem }) => pem),
    setRenewalWindow: async (certificate, { start, end }) => {
      const { serialNumber } = new X509Certificate(certificate);
      ca.setRenewalWindow(serialNumber, { start: start.getTime(), end: end.getTime() });
    },
    isRevoked: async (certificate) => {
      const serial = new X509Certificate(certificate).serialNumber.toLowerCase().replace(/^(00)+/, '');
      return ca.certificates.find((issued) => issued.serial === serial)?.revoked !== undefined;
    },
    stop: async () => {
      await ca.stop();
      if (ca.bugs.length > 0) throw new AggregateError(ca.bugs, "The sandbox's CA has bugs.");
    },
  };
}
