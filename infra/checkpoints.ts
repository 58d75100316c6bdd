import { Stack } from 'aws-cdk-lib';
import { Policy } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { Alias, CfnFunction, Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import { acknowledgeDurability, acknowledgeWildcards } from './findings.ts';
import { durableStatement, executionKeyStatement } from './permissions.ts';

/** The durable function, and the key of its executions' history if that is not AWS's own. */
export interface DurableRenew {
  readonly renewFunction: LambdaFunction;
  readonly renewAlias: Alias;
  readonly encryptionKey: IKey | undefined;
}

/**
 * Lets `renew` keep its checkpoints, under any key of `keyArns`. Apart from the role's own policy, because it names the function,
 * which depends on that one. https://docs.aws.amazon.com/lambda/latest/dg/durable-security.html
 */
export function allowCheckpoints(
  scope: Construct,
  { renewFunction, renewAlias, encryptionKey }: DurableRenew,
  keyArns: readonly string[],
): void {
  const { functionArn, role } = renewFunction;
  if (!role) throw new TypeError('the function has no role');
  const statements = [durableStatement(functionArn)];
  // The other keys as well: an execution that runs while the key changes goes on in the version that has the one before.
  if (keyArns.length > 0) statements.push(executionKeyStatement(keyArns, Stack.of(scope)));
  if (encryptionKey) {
    const resource = renewFunction.node.defaultChild as CfnFunction;
    // Missing in aws-cdk-lib's DurableConfig: https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/
    resource.addPropertyOverride('DurableConfig.KMSKeyArn', encryptionKey.keyArn);
  }
  const policy = new Policy(scope, 'RenewCheckpoints', { statements, roles: [role] });
  acknowledgeWildcards(policy, statements);
  acknowledgeDurability(renewFunction);
  renewAlias.node.addDependency(policy);
}
