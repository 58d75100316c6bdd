import { contextOptions } from './context-options.ts';
import { DnsRoleStack } from './dns-role.ts';
import { refusal } from './refuse.ts';
import { runApp } from './run-app.ts';

/** What `-c key=value` may set, and an example of it. */
const OPTIONS = {
  renewRoleArn: 'arn:aws:iam::123456789012:role/Evercert-RenewRole',
  externalId: 'evercert-1',
  roleName: 'evercert-dns',
  hostedZoneIds: 'Z1,Z2',
  cnameTargets: 'challenges.leane.dev',
  stackName: 'EvercertDns',
} as const;

/**
 * The role for evercert in an account that has zones:
 *
 * ```sh
 * npx cdk deploy --app 'node infra/dns-role-app.ts' -c renewRoleArn=arn:… [-c externalId=…] [-c hostedZoneIds=Z1,Z2]
 * ```
 */
await runApp((app) => {
  const options = contextOptions(app.node.getAllContext(), OPTIONS);
  const { stackName = OPTIONS.stackName, renewRoleArn, externalId, roleName, hostedZoneIds, cnameTargets } = options;
  if (renewRoleArn === undefined) {
    throw refusal(`context: renewRoleArn is missing; give -c renewRoleArn=${OPTIONS.renewRoleArn}`);
  }
  const lists = { hostedZoneIds: hostedZoneIds?.split(','), cnameTargets: cnameTargets?.split(',') };
  new DnsRoleStack(app, stackName, { role: { renewRoleArn, externalId, roleName, ...lists } });
});
