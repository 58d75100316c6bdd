import { InvokeCommand, type LambdaClient } from '@aws-sdk/client-lambda';

/** Invokes a function as `aws lambda invoke` does, and returns what it answered. Throws when it failed. */
export async function invoke(lambda: LambdaClient, functionName: string, event: object): Promise<unknown> {
  const command = new InvokeCommand({ FunctionName: functionName, Payload: JSON.stringify(event) });
  const { Payload, FunctionError } = await lambda.send(command);
  const text = Buffer.from(Payload ?? []).toString();
  if (FunctionError !== undefined) throw new Error(`${functionName} failed (${FunctionError}): ${text}`);
  return JSON.parse(text);
}
