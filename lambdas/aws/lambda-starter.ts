import { InvokeCommand, type LambdaClient } from '@aws-sdk/client-lambda';
import { RenewalFailure } from '../core/failure.ts';
import type { RenewalStarter } from '../renewal/ports/renewal-starter.ts';
import { awsErrorName, call } from './call.ts';

/** Lambda has queued the event. */
const ACCEPTED = 202;

/**
 * Starts `renew` by an asynchronous invocation. Lambda delivers an event at least once, and an unanswered start is
 * repeated: the claim makes that harmless.
 *
 * `durable`: the function is a durable one, which Lambda starts once per execution name. Then `functionName` is a
 * qualified ARN or carries an alias.
 * https://docs.aws.amazon.com/lambda/latest/dg/durable-execution-idempotency.html
 */
export function createLambdaStarter(
  client: LambdaClient,
  functionName: string,
  options: { readonly durable: boolean },
): RenewalStarter {
  return {
    async start(event, executionName) {
      const command = new InvokeCommand({
        FunctionName: functionName,
        InvocationType: 'Event',
        Payload: Buffer.from(JSON.stringify(event)),
        ...(options.durable ? { DurableExecutionName: executionName } : {}),
      });
      const subject = `${functionName} (certificate ${event.certificate})`;
      try {
        const { StatusCode } = await call('lambda:Invoke', subject, () => client.send(command));
        if (StatusCode === ACCEPTED) return;
        throw new RenewalFailure('aws-refused', `Lambda answered ${StatusCode} to lambda:Invoke for ${subject}`);
      } catch (error) {
        // The same request has started it before, with another payload: it is under way.
        if (awsErrorName(error) !== 'DurableExecutionAlreadyStartedException') throw error;
      }
    },
  };
}
