import type { AccessOf } from './iam.ts';
import { DATA_KEY, DECRYPT, keyAccess } from './iam-kms.ts';
import { functionArn, parseFunctionName } from './lambda-names.ts';

/** What is about a durable execution's data, and what its key is asked for; AWS's text doesn't say. */
const DATA: Readonly<Record<string, readonly string[]>> = {
  CheckpointDurableExecution: [DATA_KEY],
  GetDurableExecutionState: [DECRYPT],
};

/**
 * https://docs.aws.amazon.com/service-authorization/latest/reference/list_awslambda.html
 *
 * `executionKey` is the KMS key of the durable function's executions, if it has one.
 */
export function lambdaAccess(executionKey: string | undefined): AccessOf {
  return (operation, { path, query, region }) => {
    const [, kind, encoded = ''] = /^\/[\d-]+\/(functions|durable-executions)\/([^/]+)/.exec(path) ?? [];
    const subject = decodeURIComponent(encoded);
    if (kind === 'durable-executions') {
      const access = { action: `lambda:${operation}`, resource: subject };
      return [access, ...keyAccess('lambda', region, executionKey, DATA[operation] ?? [])];
    }
    const name = parseFunctionName(subject, query.get('Qualifier') ?? undefined);
    const action = operation === 'Invoke' ? 'lambda:InvokeFunction' : `lambda:${operation}`;
    return [{ action, resource: functionArn(name, region) }];
  };
}
