import { PolicyStatement, type PolicyStatementProps } from 'aws-cdk-lib/aws-iam';

/** One statement. docs/permissions/README.md has an entry for it, under its Sid. */
export function allow(
  sid: string,
  actions: readonly string[],
  resources: readonly string[],
  conditions?: PolicyStatementProps['conditions'],
): PolicyStatement {
  return new PolicyStatement({
    sid,
    actions: [...actions],
    resources: [...resources],
    ...(conditions ? { conditions } : {}),
  });
}
