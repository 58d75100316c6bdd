import { expect, it } from '@jest/globals';
import { durableSteps } from '../../lambdas/handlers/durable-steps.ts';
import type { Clock } from '../../lambdas/renewal/ports/clock.ts';
import type { Steps } from '../../lambdas/renewal/ports/steps.ts';
import { measuredSteps } from '../../lambdas/renewal/steps/measured-steps.ts';
import { measuredStepsContract } from '../contracts/measured-steps.contract.ts';
import { stepsContract } from '../contracts/steps.contract.ts';
import type { DurableExecution } from '../sandbox/durable-execution.ts';
import { startDurableTestBed } from '../sandbox/durable-test-bed.ts';

const DURABLE = { executionTimeoutSeconds: 86_400, retentionDays: 1 };

/** What a flow has thrown leaves it as it was, not as the service reports it. */
async function execute<T>(flow: (steps: Steps, clock: Clock) => Promise<T>) {
  const bed = await startDurableTestBed();
  try {
    let ended: { readonly result: T } | { readonly error: unknown } | undefined;
    const handler = bed.durable(async (_event, context) => {
      ended = await flow(durableSteps(context), bed.clock).then(
        (result) => ({ result }),
        (error: unknown) => ({ error }),
      );
    });
    bed.lambda.register('flow', handler, { durable: DURABLE });
    const began = bed.clock.now();
    const { execution } = await bed.lambda.invoke('flow:live', {}, { type: 'Event' });
    expect(bed.lambda.bugs).toEqual([]);
    if (!ended || !execution) throw new Error(`the execution is ${execution?.status}`);
    if ('error' in ended) throw ended.error;
    return { result: ended.result, waited: bed.clock.now() - began, execution };
  } finally {
    await bed.stop();
  }
}

stepsContract('the durable implementation', execute);

measuredStepsContract('the durable implementation', execute);

it('An end that is only replayed has not ended here', async () => {
  const ended: boolean[] = [];
  await execute(async (steps, clock) => {
    const measured = measuredSteps(steps, clock, { phase: () => undefined, wentLive: () => undefined });
    await measured.steps.run('record failure', async () => null);
    ended.push(measured.endedHere());
    await measured.steps.wait('a while', 1_000);
  });
  expect(ended).toEqual([true, false]);
});

it('Waiting between the polls of a durable execution costs no compute, and each resume is a new invocation', async () => {
  const { execution } = await execute(async (steps) => {
    await steps.wait('half a minute', 30_000);
    return steps.poll('three times', async (attempt) =>
      attempt < 3 ? { done: false, waitMilliseconds: 60_000 } : { done: true, value: null },
    );
  });
  expect(execution.invocations).toHaveLength(4);
  expect(execution.aliveMilliseconds).toBe(0);
});

it('What fails in a durable step is stored by message, code and details alone', async () => {
  const cause = new Error('POST {"privateKey":"hunter2"}');
  const { execution } = await execute(async (steps) => {
    await steps.run('fails', async () => Promise.reject(new Error('broken', { cause }))).catch(() => undefined);
  });
  expect(stored(execution)).toContain('broken. This is a bug in evercert');
  expect(stored(execution)).not.toMatch(/hunter2|durable-steps\.test/);
});

function stored({ operations, error }: DurableExecution): string {
  return JSON.stringify([operations, error]);
}
