import { withDurableExecution } from '@aws/durable-execution-sdk-js';
import { emulatedAws, setEnvironment } from '../environment.ts';
import type { DurableExecution } from './durable-execution.ts';
import { startDurableTestBed } from './durable-test-bed.ts';
import type { LambdaHandler } from './lambda-handler.ts';

export interface DefaultTransportReport {
  readonly execution: DurableExecution;
  readonly calls: Readonly<Record<string, number>>;
  readonly bugs: number;
}

/** A durable function as it is deployed: nothing is configured, the SDK finds Lambda through the environment. */
export async function runOverDefaultTransport(): Promise<DefaultTransportReport> {
  const bed = await startDurableTestBed();
  const restore = setEnvironment(emulatedAws(bed.aws.server.url));
  bed.lambda.settings.initialOperations = 1;
  const handler = withDurableExecution(async (event: { readonly n: number }, context) => {
    const twice = await context.step('double', async () => event.n * 2);
    await context.wait('pause', { hours: 1 });
    return context.waitForCondition('count', async (state: number) => state + 1, {
      initialState: twice,
      waitStrategy: (state) =>
        state < twice + 2 ? { shouldContinue: true, delay: { minutes: 5 } } : { shouldContinue: false },
    });
  });
  const durable = { executionTimeoutSeconds: 86_400, retentionDays: 1 };
  bed.lambda.register('deployed', handler as unknown as LambdaHandler, { durable });
  const { execution } = await bed.lambda.invoke('deployed:live', { n: 20 }, { type: 'Event' });
  if (!execution) throw new Error('The function is not durable.');
  const report = {
    execution,
    calls: bed.aws.calls.by('lambda'),
    bugs: bed.lambda.bugs.length + bed.aws.server.bugs.length,
  };
  restore();
  await bed.stop();
  return report;
}
