import { Stack, Token, TokenComparison } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';
import { refusal } from './refusal.ts';

/**
 * Refuses a custom resource in another account or region than the renewer, whose function has to be of its stack's region
 * (`ServiceToken`): https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-cloudformation-customresource.html
 * What is known at the deployment alone is not judged. `what` begins the sentence; `instead` ends it where the region differs.
 */
export function expectEnvironmentOf(renewer: IConstruct, own: IConstruct, what: string, instead: string): void {
  const [there, here] = [Stack.of(renewer), Stack.of(own)];
  const differ = (part: 'account' | 'region') =>
    Token.compareStrings(there[part], here[part]) === TokenComparison.DIFFERENT;
  if (differ('account')) {
    throw refusal(
      `${what}: its stack is in account ${here.account} and its renewer in ${there.account}; make a CertificateRenewer in ${here.account}`,
    );
  }
  if (differ('region')) {
    throw refusal(
      `${what}: its stack is in ${here.region} and its renewer in ${there.region}, whose functions CloudFormation can not start from there; ${instead}`,
    );
  }
}
