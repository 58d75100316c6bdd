import { type AwsServer, startAwsServer } from './aws-server.ts';
import type { AwsService } from './aws-service.ts';
import { Calls } from './calls.ts';
import { Faults } from './faults.ts';
import type { VirtualClock } from './virtual-clock.ts';

/** An AWS endpoint for the tests of one service. */
export interface TestAws {
  readonly server: AwsServer;
  readonly calls: Calls;
  readonly faults: Faults;
  /** What an SDK client is made with: it asks once, so that a test sees every answer. */
  clientOptions(region?: string): {
    readonly endpoint: string;
    readonly region: string;
    readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
    readonly maxAttempts: number;
  };
  stop(): Promise<void>;
}

export async function startTestAws(
  clock: VirtualClock,
  services: readonly AwsService[],
  latency = 0,
): Promise<TestAws> {
  const calls = new Calls();
  const faults = new Faults(clock);
  const server = await startAwsServer({ services, clock, calls, faults, latency });
  return {
    server,
    calls,
    faults,
    clientOptions: (region = 'eu-central-1') => ({
      endpoint: server.url,
      region,
      credentials: { accessKeyId: 'AKIASANDBOX', secretAccessKey: 'sandbox' },
      maxAttempts: 1,
    }),
    stop: async () => {
      await server.stop();
      clock.close();
    },
  };
}
