import type { Stack } from 'aws-cdk-lib';
import type { AssumedRole } from '../lambdas/core/dns-role.ts';
import { challengeStatements, type DnsScope } from './dns-permissions.ts';

/**
 * What the administrator of another account pastes where `DnsRoleStack` isn't used: who may assume the role, and what it may
 * do. JSON; `renewRoleArn` may be a token.
 */
export function dnsRolePolicies(
  { externalId }: Pick<AssumedRole, 'externalId'>,
  renewRoleArn: string,
  { stack, cnameTargets }: Pick<DnsScope, 'stack' | 'cnameTargets'>,
): { readonly trust: string; readonly permissions: string } {
  const document = (statements: readonly unknown[], of: Stack) =>
    of.toJsonString({ Version: '2012-10-17', Statement: statements });
  const trust = {
    Effect: 'Allow',
    Principal: { AWS: renewRoleArn },
    Action: 'sts:AssumeRole',
    ...(externalId === undefined ? {} : { Condition: { StringEquals: { 'sts:ExternalId': externalId } } }),
  };
  const statements = challengeStatements({ stack, cnameTargets, hostedZoneIds: [] });
  return {
    trust: document([trust], stack),
    permissions: document(
      statements.map((statement) => statement.toStatementJson()),
      stack,
    ),
  };
}
