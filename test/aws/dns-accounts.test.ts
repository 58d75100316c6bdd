import { ListHostedZonesCommand } from '@aws-sdk/client-route-53';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { createAwsClients } from '../../lambdas/aws/clients.ts';
import { createDnsAccounts } from '../../lambdas/aws/dns-accounts.ts';
import { Route53 } from '../sandbox/route53.ts';
import { Sts } from '../sandbox/sts.ts';
import { type AwsWorld, startAwsWorld } from './aws-world.ts';

const PARTNER = '210987654321';
const ROLE = { roleArn: `arn:aws:iam::${PARTNER}:role/dns`, externalId: 'x-1' };

let world: AwsWorld;

beforeEach(async () => {
  world = await startAwsWorld(({ clock }) => {
    const sts = new Sts({ clock });
    sts.trust(ROLE);
    const route53 = new Route53({ clock, accountOf: (accessKeyId) => sts.accountOf(accessKeyId) });
    route53.createZone('example.com', { account: PARTNER });
    return [sts, route53];
  });
});
afterEach(() => world.stop());

it('a role is assumed under the longest name that a renewer may have', async () => {
  const clients = createAwsClients({ clock: world.clock });
  const sessionName = `evercert-${'r'.repeat(64)}`;
  const accounts = createDnsAccounts(clients.route53, clients.sts, { clock: world.clock, sessionName });
  const partner = await accounts.route53(ROLE);
  const { HostedZones = [] } = await partner.send(new ListHostedZonesCommand({}));
  expect(HostedZones.map(({ Name }) => Name)).toEqual(['example.com.']);
});
