import { ArnFormat } from 'aws-cdk-lib';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { AssumedRole } from '../lambdas/core/dns-role.ts';
import { challengeStatements, type DnsScope } from './dns-permissions.ts';
import { renewPrincipal, renewRolePath } from './renew-principal.ts';

/**
 * What the administrator of another account pastes where `DnsRoleStack` isn't used: who may assume the role, and what it may
 * do. JSON.
 */
export function dnsRolePolicies(
  { externalId }: Pick<AssumedRole, 'externalId'>,
  { stack, renewer, cnameTargets }: Pick<DnsScope, 'stack' | 'cnameTargets'> & { readonly renewer: string },
): { readonly trust: string; readonly permissions: string } {
  const document = (statements: readonly PolicyStatement[]) =>
    stack.toJsonString({
      Version: '2012-10-17',
      Statement: statements.map((statement) => statement.toStatementJson()),
    });
  const resource = `role${renewRolePath(renewer)}*`;
  const renewRoleArn = stack.formatArn({ service: 'iam', region: '', resource, arnFormat: ArnFormat.NO_RESOURCE_NAME });
  const principals = [renewPrincipal(stack.account, renewRoleArn, externalId)];
  return {
    trust: document([new PolicyStatement({ actions: ['sts:AssumeRole'], principals })]),
    permissions: document(challengeStatements({ stack, cnameTargets, hostedZoneIds: [] })),
  };
}
