import { ArnFormat, type Stack } from 'aws-cdk-lib';
import type { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { allow } from './allow.ts';

/** Where challenges may be answered: in this account, or in the one of a role that renewals assume. */
export interface DnsScope {
  readonly stack: Stack;
  /** Empty: every zone of the account. */
  readonly hostedZoneIds: readonly string[];
  /** Names beside those that begin with `_acme-challenge.` to which CNAME records lead. */
  readonly cnameTargets: readonly string[];
}

/**
 * TXT record sets below `_acme-challenge.` and at the listed targets, and nothing else:
 * https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/specifying-conditions-route53.html
 *
 * `ForAllValues` also holds when a key is missing from the request, so that `Null` demands the keys.
 */
export function challengeStatements(scope: DnsScope): readonly PolicyStatement[] {
  const ids = scope.hostedZoneIds.length > 0 ? scope.hostedZoneIds : ['*'];
  const zones = ids.map((id) => route53Arn(scope.stack, 'hostedzone', id));
  const [names, types, actions] = ['NormalizedRecordNames', 'RecordTypes', 'Actions'].map(
    (key) => `route53:ChangeResourceRecordSets${key}`,
  ) as [string, string, string];
  return [
    allow('FindHostedZones', ['route53:ListHostedZones'], ['*']),
    allow('ReadHostedZones', ['route53:GetHostedZone', 'route53:ListResourceRecordSets'], zones),
    allow('ChangeChallengeRecords', ['route53:ChangeResourceRecordSets'], zones, {
      'ForAllValues:StringLike': { [names]: ['_acme-challenge.*', ...scope.cnameTargets] },
      'ForAllValues:StringEquals': { [types]: ['TXT'], [actions]: ['CREATE', 'DELETE'] },
      Null: { [names]: 'false', [types]: 'false', [actions]: 'false' },
    }),
    allow('FollowChanges', ['route53:GetChange'], [route53Arn(scope.stack, 'change', '*')]),
  ];
}

/** The roles in other accounts, one by one. */
export function assumeStatement(roleArns: readonly string[]): PolicyStatement {
  return allow('AssumeDnsRoles', ['sts:AssumeRole'], roleArns);
}

function route53Arn(stack: Stack, resource: string, resourceName: string): string {
  const arnFormat = ArnFormat.SLASH_RESOURCE_NAME;
  return stack.formatArn({ service: 'route53', region: '', account: '', resource, resourceName, arnFormat });
}
