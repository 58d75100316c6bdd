import { ACCOUNT } from './aws-account.ts';
import { AwsServiceError } from './aws-service.ts';

/** What names a function: its name and, where one is given, a version, an alias or `$LATEST`. */
export interface FunctionName {
  readonly name: string;
  readonly qualifier: string | undefined;
}

/** `name`, `account:function:name`, an ARN, each with or without `:qualifier`. */
export function parseFunctionName(text: string, qualifier?: string): FunctionName {
  const [, name = '', own] =
    /^(?:(?:arn:aws:lambda:[^:]+:)?\d{12}:function:|function:)?([\w-]{1,140})(?::(\$LATEST|[\w-]+))?$/.exec(text) ?? [];
  if (!name) {
    const message = `1 validation error detected: Value '${text}' at 'functionName' failed to satisfy constraint`;
    throw new AwsServiceError(400, 'ValidationException', message);
  }
  if (own !== undefined && qualifier !== undefined && own !== qualifier) {
    const message = 'The derived qualifier from the function name does not match the specified qualifier.';
    throw new AwsServiceError(400, 'InvalidParameterValueException', message);
  }
  return { name, qualifier: own ?? qualifier };
}

export function functionArn({ name, qualifier }: FunctionName, region: string): string {
  return `arn:aws:lambda:${region}:${ACCOUNT}:function:${name}${qualifier === undefined ? '' : `:${qualifier}`}`;
}
