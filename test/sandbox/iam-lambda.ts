import type { AccessOf } from './iam.ts';
import { functionArn, parseFunctionName } from './lambda-names.ts';

/** https://docs.aws.amazon.com/service-authorization/latest/reference/list_awslambda.html */
export const lambdaAccess: AccessOf = (operation, { path, query, region }) => {
  const [, kind, encoded = ''] = /^\/[\d-]+\/(functions|durable-executions)\/([^/]+)/.exec(path) ?? [];
  const subject = decodeURIComponent(encoded);
  if (kind === 'durable-executions') return [{ action: `lambda:${operation}`, resource: subject }];
  const name = parseFunctionName(subject, query.get('Qualifier') ?? undefined);
  const action = operation === 'Invoke' ? 'lambda:InvokeFunction' : `lambda:${operation}`;
  return [{ action, resource: functionArn(name, region) }];
};
