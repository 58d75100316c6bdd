import { Acm } from '../sandbox/acm.ts';
import { startAwsServer } from '../sandbox/aws-server.ts';
import { Calls } from '../sandbox/calls.ts';
import { Faults } from '../sandbox/faults.ts';
import { Route53 } from '../sandbox/route53.ts';
import { SecretsManager } from '../sandbox/secrets-manager.ts';
import type { VirtualClock } from '../sandbox/virtual-clock.ts';
import type { InteropAws } from './interop-aws.ts';

/** The sandbox's Route 53, Secrets Manager and ACM. */
export async function startSandboxAws(clock: VirtualClock): Promise<InteropAws> {
  const route53 = new Route53({ clock });
  const services = [route53, new SecretsManager({ clock }), new Acm({ clock })];
  const server = await startAwsServer({ services, clock, calls: new Calls(), faults: new Faults(clock) });
  return { url: server.url, dns: route53, bugs: () => server.bugs, stop: () => server.stop() };
}
