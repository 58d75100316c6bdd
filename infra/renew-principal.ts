import { AccountPrincipal, type PrincipalBase } from 'aws-cdk-lib/aws-iam';

/**
 * The path of the role of `renew`, so that another account can trust the role before it exists, and when it is made anew: IAM
 * takes no principal that doesn't exist, and keeps the id of one that does. A path leaves the name to CloudFormation.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-friendly-names
 */
export function renewRolePath(renewer: string): string {
  return `/evercert/${renewer}/`;
}

/**
 * The roles of `renew` of an account: who may assume a role for zones. The account has to let them as well, because it is the
 * account that is trusted. `renewRoleArn` may have wildcards.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-principalarn
 */
export function renewPrincipal(account: string, renewRoleArn: string, externalId: string | undefined): PrincipalBase {
  return new AccountPrincipal(account).withConditions({
    ArnLike: { 'aws:PrincipalArn': renewRoleArn },
    ...(externalId === undefined ? {} : { StringEquals: { 'sts:ExternalId': externalId } }),
  });
}
