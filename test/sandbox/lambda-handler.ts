import { Killed, type VirtualClock } from './virtual-clock.ts';

/** What a handler gets besides the event: https://docs.aws.amazon.com/lambda/latest/dg/nodejs-context.html */
export interface LambdaContext {
  readonly functionName: string;
  readonly functionVersion: string;
  readonly invokedFunctionArn: string;
  readonly memoryLimitInMB: string;
  readonly awsRequestId: string;
  readonly logGroupName: string;
  readonly logStreamName: string;
  getRemainingTimeInMillis(): number;
}

/** Event and result cross Lambda as JSON. */
export type LambdaHandler = (event: unknown, context: LambdaContext) => Promise<unknown>;

export interface HandlerCall {
  readonly functionName: string;
  readonly functionVersion: string;
  readonly invokedFunctionArn: string;
  readonly awsRequestId: string;
  readonly event: unknown;
  /** When Lambda ends the invocation. */
  readonly deadline: number;
  readonly timeoutMilliseconds: number;
  /** Whose rights the function has. */
  readonly role?: string | undefined;
}

/** A hundred bytes more than the 6 MB of a request, as Lambda's own message says. */
const LARGEST_RESPONSE = 6 * 1024 * 1024 + 100;

/** Calls a handler once, in a run of the clock that can be killed. Resolves with the answer as JSON; rejects otherwise. */
export async function callHandler(clock: VirtualClock, handler: LambdaHandler, call: HandlerCall): Promise<string> {
  const { functionName, functionVersion, invokedFunctionArn, awsRequestId, event, deadline } = call;
  const context: LambdaContext = {
    functionName,
    functionVersion,
    invokedFunctionArn,
    memoryLimitInMB: '256',
    awsRequestId,
    logGroupName: `/aws/lambda/${functionName}`,
    logStreamName: 'sandbox',
    getRemainingTimeInMillis: () => Math.max(0, deadline - clock.now()),
  };
  const run = async () => {
    // An asynchronous invocation is accepted before the function runs.
    await new Promise((resolve) => setImmediate(resolve));
    return JSON.stringify((await handler(event, context)) ?? null);
  };
  const payload = await clock.run(run, { mortal: true, until: deadline, as: call.role }).catch((error: unknown) => {
    throw error instanceof Killed && clock.now() >= deadline ? new TimedOut(call) : error;
  });
  if (Buffer.byteLength(payload) > LARGEST_RESPONSE) throw new ResponseTooLarge();
  return payload;
}

/** As the Node.js runtime reports what a handler throws: errors by name, message and stack, anything else as text. */
export function describeError(error: unknown, awsRequestId: string): ErrorPayload {
  if (error instanceof Killed) {
    const errorMessage = `RequestId: ${awsRequestId} Error: Runtime exited with error: signal: killed`;
    return { errorType: 'Runtime.ExitError', errorMessage };
  }
  if (error instanceof TimedOut) return { errorType: error.name, errorMessage: error.message };
  if (typeof error !== 'object' || error === null || !('message' in error)) {
    return { errorType: typeof error, errorMessage: String(error), trace: [] };
  }
  const { name, message, stack } = error as Error;
  return { errorType: name || 'Error', errorMessage: String(message), trace: String(stack ?? '').split('\n') };
}

/** The payload of a failed invocation: https://docs.aws.amazon.com/lambda/latest/dg/nodejs-exceptions.html */
export interface ErrorPayload {
  readonly errorType: string;
  readonly errorMessage: string;
  readonly trace?: readonly string[];
}

/** https://docs.aws.amazon.com/lambda/latest/dg/troubleshooting-invocation.html */
class TimedOut extends Error {
  override readonly name = 'Sandbox.Timedout';

  constructor({ awsRequestId, timeoutMilliseconds }: HandlerCall) {
    super(`RequestId: ${awsRequestId} Error: Task timed out after ${(timeoutMilliseconds / 1_000).toFixed(2)} seconds`);
  }
}

class ResponseTooLarge extends Error {
  override readonly name = 'Function.ResponseSizeTooLarge';

  constructor() {
    super(`Response payload size exceeded maximum allowed payload size (${LARGEST_RESPONSE} bytes).`);
  }
}
