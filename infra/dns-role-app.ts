import { contextOptions } from './context-options.ts';
import { DnsRoleStack, RENEW_ROLES } from './dns-role.ts';
import { refusal } from './refusal.ts';
import { runApp } from './run-app.ts';

/** What `-c key=value` may set, and an example of it. */
const OPTIONS = {
  renewRoleArns: RENEW_ROLES,
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
 * npx cdk deploy --app 'node infra/dns-role-app.ts' -c renewRoleArns=arn:…,arn:… [-c externalId=…] [-c hostedZoneIds=Z1,Z2]
 * ```
 *
 * It is the whole role: deployed again with other ARNs, it trusts those alone.
 */
await runApp((app) => {
  const options = contextOptions(app.node.getAllContext(), OPTIONS);
  const { stackName = OPTIONS.stackName, renewRoleArns, externalId, roleName, hostedZoneIds, cnameTargets } = options;
  if (renewRoleArns === undefined) {
    throw refusal(`context: renewRoleArns is missing; give -c renewRoleArns='${OPTIONS.renewRoleArns}'`);
  }
  const lists = { hostedZoneIds: hostedZoneIds?.split(','), cnameTargets: cnameTargets?.split(',') };
  new DnsRoleStack(app, stackName, {
    role: { renewRoleArns: renewRoleArns.split(','), externalId, roleName, ...lists },
  });
});
