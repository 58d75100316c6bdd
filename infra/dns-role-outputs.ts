import { CfnOutput, type Stack } from 'aws-cdk-lib';
import type { AssumedRole } from '../lambdas/core/dns-role.ts';
import { dnsRolePolicies } from './dns-role-policies.ts';

/**
 * Prints what another account needs: the outputs `DnsTrust<account>` and `DnsPermissions<account>` are its role's two policies.
 * Those of a second role there end in `x2`.
 */
export function addDnsRoleOutputs(
  stack: Stack,
  { roleArn, externalId }: AssumedRole,
  deployment: { readonly renewer: string; readonly cnameTargets: readonly string[] },
): void {
  const [, , , , account = '', resource = ''] = roleArn.split(':');
  let id = account;
  for (let count = 2; stack.node.tryFindChild(`DnsTrust${id}`); count += 1) id = `${account}x${count}`;
  const { trust, permissions } = dnsRolePolicies({ externalId }, { stack, ...deployment });
  const of = `of the ${resource} in account ${account}`;
  new CfnOutput(stack, `DnsTrust${id}`, { value: trust, description: `Trust policy ${of}` });
  new CfnOutput(stack, `DnsPermissions${id}`, { value: permissions, description: `Permissions ${of}` });
}
