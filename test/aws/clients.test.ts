import { expect, it } from '@jest/globals';
import { createAwsClients } from '../../lambdas/aws/clients.ts';
import { systemClock } from '../../lambdas/renewal/ports/clock.ts';

it('there is one ACM client per region', async () => {
  const clients = createAwsClients({ clock: systemClock });
  expect(clients.acm('us-east-1')).toBe(clients.acm('us-east-1'));
  expect(clients.acm('us-east-1')).not.toBe(clients.acm('eu-central-1'));
  expect(await clients.acm('us-east-1').config.region()).toBe('us-east-1');
  clients.destroy();
});
