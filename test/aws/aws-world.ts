import { expect } from '@jest/globals';
import { emulatedAws, setEnvironment } from '../environment.ts';
import { startAwsServer } from '../sandbox/aws-server.ts';
import type { AwsService } from '../sandbox/aws-service.ts';
import { Calls } from '../sandbox/calls.ts';
import { Faults } from '../sandbox/faults.ts';
import { VirtualClock } from '../sandbox/virtual-clock.ts';

/** Emulated services behind their wire, with the endpoint where clients look for it: in the environment. */
export interface AwsWorld {
  readonly clock: VirtualClock;
  readonly calls: Calls;
  readonly faults: Faults;
  stop(): Promise<void>;
}

export async function startAwsWorld(
  services: (world: { readonly clock: VirtualClock }) => readonly AwsService[],
): Promise<AwsWorld> {
  const clock = new VirtualClock(Date.now());
  const calls = new Calls();
  const faults = new Faults(clock);
  const server = await startAwsServer({ services: services({ clock }), clock, calls, faults });
  const restore = setEnvironment(emulatedAws(server.url));
  return {
    clock,
    calls,
    faults,
    async stop() {
      await server.stop();
      clock.close();
      restore();
      expect(server.bugs).toEqual([]);
    },
  };
}
