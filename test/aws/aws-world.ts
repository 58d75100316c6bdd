import { expect } from '@jest/globals';
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
  const before = { ...process.env };
  Object.assign(process.env, {
    AWS_ENDPOINT_URL: server.url,
    AWS_REGION: 'eu-central-1',
    AWS_ACCESS_KEY_ID: 'AKIASANDBOX',
    AWS_SECRET_ACCESS_KEY: 'sandbox',
  });
  return {
    clock,
    calls,
    faults,
    async stop() {
      await server.stop();
      clock.close();
      process.env = before;
      expect(server.bugs).toEqual([]);
    },
  };
}
