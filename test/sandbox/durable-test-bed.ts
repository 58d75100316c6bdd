import {
  type DurableExecutionClient,
  type DurableExecutionHandler,
  withDurableExecution,
} from '@aws/durable-execution-sdk-js';
import {
  CheckpointDurableExecutionCommand,
  GetDurableExecutionStateCommand,
  LambdaClient,
} from '@aws-sdk/client-lambda';
import { LambdaService } from './lambda.ts';
import type { LambdaHandler } from './lambda-handler.ts';
import { startTestAws, type TestAws } from './test-aws.ts';
import { VirtualClock } from './virtual-clock.ts';

/** Lambda over HTTP, for the tests of its durable functions. */
export interface DurableTestBed {
  readonly clock: VirtualClock;
  readonly lambda: LambdaService;
  readonly aws: TestAws;
  /** Asks once, so that a test sees every answer. */
  readonly client: LambdaClient;
  /** A handler as Lambda calls it. */
  durable(handler: DurableExecutionHandler): LambdaHandler;
  stop(): Promise<void>;
}

export async function startDurableTestBed(): Promise<DurableTestBed> {
  const clock = new VirtualClock(Date.UTC(2026, 10, 24));
  const lambda = new LambdaService({ clock });
  const aws = await startTestAws(clock, [lambda]);
  const client = new LambdaClient(aws.clientOptions());
  const repeating = new LambdaClient({ ...aws.clientOptions(), maxAttempts: 3 });
  const durableExecutionClient = transportOver(repeating);
  return {
    clock,
    lambda,
    aws,
    client,
    durable: (handler) => withDurableExecution(handler, { durableExecutionClient }) as unknown as LambdaHandler,
    stop: async () => {
      await lambda.idle();
      client.destroy();
      repeating.destroy();
      await aws.stop();
    },
  };
}

/**
 * What the SDK's own transport sends. That one loads the client with `import()`, which fails where Jest runs the SDK as
 * CommonJS; `durable-default-transport.test.ts` runs it without Jest.
 */
function transportOver(client: LambdaClient): DurableExecutionClient {
  return {
    checkpoint: (request) => client.send(new CheckpointDurableExecutionCommand(request)),
    getExecutionState: (request) => client.send(new GetDurableExecutionStateCommand(request)),
  };
}
