import { type Stack, Token, TokenComparison } from 'aws-cdk-lib';
import { type IGrantable, PrincipalBase } from 'aws-cdk-lib/aws-iam';
import { refusal } from './refusal.ts';

/**
 * Refuses whom CDK could not let read a secret that it has not made: all but roles and users of its own account need a policy
 * on the secret. https://docs.aws.amazon.com/secretsmanager/latest/userguide/auth-and-access_examples_cross.html
 */
export function expectOwnPrincipal({ grantPrincipal }: IGrantable, stack: Stack, what: string): void {
  const { principalAccount = stack.account, policyFragment } = grantPrincipal;
  const elsewhere = Token.compareStrings(stack.account, principalAccount) === TokenComparison.DIFFERENT;
  // The class of those that no policy can be attached to: an ARN, an account, a service.
  if (!elsewhere && !(grantPrincipal instanceof PrincipalBase)) return;
  const who = JSON.stringify(stack.resolve(policyFragment.principalJson));
  throw refusal(
    `${what}: grantRead can let in roles and users of its own account alone; ${who} needs a policy on the secret and on a key of yours (README.md, "The secret")`,
  );
}
