import { ACCOUNT } from './aws-account.ts';
import { requireLength, violation } from './aws-json.ts';

/** https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html, `DurableExecutionName`. */
const NAME = /^[a-zA-Z0-9-_]+$/;
/** https://docs.aws.amazon.com/lambda/latest/api/API_GetDurableExecution.html, `DurableExecutionArn`. */
const ARN =
  /^arn:([a-zA-Z0-9-]+):lambda:([a-zA-Z0-9-]+):(\d{12}):function:([a-zA-Z0-9_-]+):(\$LATEST(?:\.PUBLISHED)?|[0-9]+)\/durable-execution\/([a-zA-Z0-9_-]+)\/([a-zA-Z0-9_-]+)$/;

/** Throws `ValidationException` unless it is 1 to 64 letters, digits, `-` and `_`. */
export function requireExecutionName(name: string): void {
  requireLength('DurableExecutionName', name, 1, 64);
  requirePattern('DurableExecutionName', name, NAME);
}

/** Throws `ValidationException` for anything but the ARN of a durable execution. */
export function requireExecutionArn(arn: string): void {
  requirePattern('DurableExecutionArn', arn, ARN);
}

export function requirePattern(member: string, value: string, pattern: RegExp): void {
  if (pattern.test(value)) return;
  const source = pattern.source.slice(1, -1);
  throw violation(member, `Member must satisfy regular expression pattern: ${source}`, ` '${value}'`);
}

/** `version` is a number or `$LATEST`; `id` is unique to the execution. */
export function executionArn(of: {
  readonly region: string;
  readonly functionName: string;
  readonly version: string;
  readonly name: string;
  readonly id: string;
}): string {
  const { region, functionName, version, name, id } = of;
  return `arn:aws:lambda:${region}:${ACCOUNT}:function:${functionName}:${version}/durable-execution/${name}/${id}`;
}

/** Opaque to clients, and good for one checkpoint of one invocation. */
export function checkpointToken(arn: string, invocation: string, sequence: number): string {
  return Buffer.from(`${arn} ${invocation} ${sequence}`).toString('base64');
}
