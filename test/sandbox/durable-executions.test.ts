import { type DurableContext, type DurableExecutionHandler, StepSemantics } from '@aws/durable-execution-sdk-js';
import { StopDurableExecutionCommand } from '@aws-sdk/client-lambda';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { DAY, HOUR, MINUTE, SECOND } from '../../lambdas/core/duration.ts';
import type { DurableExecution } from './durable-execution.ts';
import { type DurableTestBed, startDurableTestBed } from './durable-test-bed.ts';
import type { Invocation } from './lambda.ts';

const CONFIG = { executionTimeoutSeconds: DAY / SECOND, retentionDays: 14 };

let bed: DurableTestBed;
let functions = 0;
/** Deployed for the test that runs. */
let name: string;

beforeAll(async () => {
  bed = await startDurableTestBed();
});

beforeEach(() => {
  functions += 1;
  name = `durable-${functions}`;
  Object.assign(bed.lambda.settings, {
    timeoutMilliseconds: 15 * MINUTE,
    invocationAttempts: Number.POSITIVE_INFINITY,
    initialOperations: 1_000,
  });
});

afterEach(async () => {
  await bed.lambda.idle();
  bed.aws.calls.reset();
  expect(bed.lambda.bugs.splice(0)).toEqual([]);
  expect(bed.aws.server.bugs).toEqual([]);
});

afterAll(() => bed.stop());

function deploy(handler: DurableExecutionHandler, durable = CONFIG): void {
  bed.lambda.register(name, bed.durable(handler), { durable });
}

async function run(event: unknown = {}, executionName?: string): Promise<DurableExecution> {
  const { execution } = await bed.lambda.invoke(`${name}:live`, event, { type: 'Event', executionName });
  if (!execution) throw new Error('not a durable function');
  return execution;
}

const noRetry = { retryStrategy: () => ({ shouldRetry: false }) };

describe('a durable function', () => {
  it('runs its steps once, waits without being there, and is replayed from the beginning each time', async () => {
    const began: number[] = [];
    const steps: string[] = [];
    deploy(async (event: { readonly n: number }, context: DurableContext) => {
      began.push(bed.clock.now());
      const first = await context.step('first', async () => {
        steps.push('first');
        return event.n + 1;
      });
      await context.wait('pause', { hours: 2 });
      const second = await context.step('second', async () => {
        steps.push('second');
        return first * 2;
      });
      return { first, second };
    });
    const from = bed.clock.now();
    const execution = await run({ n: 20 });
    expect(execution).toMatchObject({ status: 'SUCCEEDED', result: '{"first":21,"second":42}', input: '{"n":20}' });
    expect(steps).toEqual(['first', 'second']);
    expect(began).toEqual([from, from + 2 * HOUR]);
    expect(
      execution.operations.map(({ name, type, subType, status, payload }) => [name, type, subType, status, payload]),
    ).toEqual([
      ['first', 'STEP', 'Step', 'SUCCEEDED', '21'],
      ['pause', 'WAIT', 'Wait', 'SUCCEEDED', undefined],
      ['second', 'STEP', 'Step', 'SUCCEEDED', '42'],
    ]);
    expect(execution).toMatchObject({ aliveMilliseconds: 0, startedAt: from, endedAt: from + 2 * HOUR });
    expect(execution.usage.operations).toBe(4);
  });

  it('is there while it works, in virtual time', async () => {
    deploy(async (_event, context: DurableContext) => {
      await context.step('slow', () => bed.clock.sleep(3 * MINUTE));
      await context.wait('pause', { minutes: 10 });
      await context.step('slow too', () => bed.clock.sleep(MINUTE));
    });
    const execution = await run();
    expect(execution.aliveMilliseconds).toBe(4 * MINUTE);
    expect((execution.endedAt ?? 0) - execution.startedAt).toBe(14 * MINUTE);
  });

  it('repeats a step that fails when its time has come', async () => {
    const at: number[] = [];
    deploy(async (_event, context: DurableContext) =>
      context.step(
        'fails twice',
        async ({ attempt }) => {
          at.push(bed.clock.now());
          if (attempt < 3) throw new Error(`attempt ${attempt}`);
          return attempt;
        },
        { retryStrategy: (_error, attempt) => ({ shouldRetry: true, delay: { minutes: attempt } }) },
      ),
    );
    const execution = await run();
    expect(execution).toMatchObject({ status: 'SUCCEEDED', result: '3', aliveMilliseconds: 0 });
    expect(at.map((time) => time - execution.startedAt)).toEqual([0, MINUTE, 3 * MINUTE]);
    expect(execution.operations).toMatchObject([{ attempts: 3, status: 'SUCCEEDED' }]);
    expect(execution.invocations).toHaveLength(3);
    expect(execution.usage.operations).toBe(1 + 3);
  });

  it('polls a condition, and keeps its state in between', async () => {
    deploy(async (_event, context: DurableContext) =>
      context.waitForCondition('three', async (state: number) => state + 1, {
        initialState: 0,
        waitStrategy: (state) =>
          state < 3 ? { shouldContinue: true, delay: { seconds: 30 } } : { shouldContinue: false },
      }),
    );
    const execution = await run();
    expect(execution).toMatchObject({ status: 'SUCCEEDED', result: '3' });
    expect((execution.endedAt ?? 0) - execution.startedAt).toBe(MINUTE);
    expect(execution.operations).toMatchObject([{ subType: 'WaitForCondition', attempts: 3, payload: '3' }]);
    expect(execution.usage.operations).toBe(1 + 1 + 3);
  });

  it('fails with the error that leaves it', async () => {
    deploy(async (_event, context: DurableContext) => {
      await context.step('breaks', async () => Promise.reject(new RangeError('too far')), noRetry);
    });
    expect(await run()).toMatchObject({
      status: 'FAILED',
      error: { ErrorType: 'StepError', ErrorMessage: 'too far' },
      operations: [{ status: 'FAILED', error: { ErrorType: 'RangeError', ErrorMessage: 'too far' } }],
    });
  });

  it('goes on after an error that it catches, in the same way on a replay', async () => {
    const caught: string[] = [];
    deploy(async (_event, context: DurableContext) => {
      await context
        .step('breaks', async () => Promise.reject(new RangeError('too far')), noRetry)
        .catch((error: unknown) => caught.push(String(error)));
      await context.wait('pause', { seconds: 1 });
    });
    expect(await run()).toMatchObject({ status: 'SUCCEEDED', result: undefined });
    expect(caught).toEqual(['StepError: too far', 'StepError: too far']);
  });

  it('runs branches at the same time, and resumes when the first of them can go on', async () => {
    const at: [string, number][] = [];
    deploy(async (_event, context: DurableContext) => {
      const branch = (label: string, minutes: number) => async (child: DurableContext) => {
        await child.wait(`${label} waits`, { minutes });
        await child.step(`${label} works`, async () => void at.push([label, bed.clock.now()]));
      };
      await context.parallel('both', [branch('slow', 10), branch('fast', 3)]);
    });
    const execution = await run();
    expect(execution.status).toBe('SUCCEEDED');
    expect(at).toEqual([
      ['fast', execution.startedAt + 3 * MINUTE],
      ['slow', execution.startedAt + 10 * MINUTE],
    ]);
    expect(execution.aliveMilliseconds).toBe(0);
  });

  it('sees the end of a wait at its next checkpoint when another branch keeps it there', async () => {
    deploy(async (_event, context: DurableContext) => {
      await Promise.all([
        context.step('long', () => bed.clock.sleep(10 * MINUTE)),
        context.wait('short', { minutes: 1 }).then(() => context.step('after', async () => undefined)),
      ]);
    });
    const execution = await run();
    expect(execution).toMatchObject({ status: 'SUCCEEDED', aliveMilliseconds: 10 * MINUTE });
    expect(execution.invocations).toHaveLength(1);
  });

  it('does not poll for what real time knows nothing of', async () => {
    deploy(async (_event, context: DurableContext) => context.wait('pause', { hours: 2 }));
    expect(await run()).toMatchObject({ status: 'SUCCEEDED' });
    expect(bed.aws.calls.of('lambda:CheckpointDurableExecution')).toBe(1);
  });

  it('asks for the rest of a state that its event does not hold', async () => {
    bed.lambda.settings.initialOperations = 2;
    let steps = 0;
    deploy(async (_event, context: DurableContext) => {
      for (let n = 0; n < 5; n += 1) {
        await context.step(`step ${n}`, async () => {
          steps += 1;
        });
      }
      await context.wait('pause', { seconds: 1 });
    });
    expect(await run()).toMatchObject({ status: 'SUCCEEDED' });
    expect(steps).toBe(5);
    expect(bed.aws.calls.of('lambda:GetDurableExecutionState')).toBe(1);
  });

  it('is not told what happened in a child context that is closed', async () => {
    const events: { InitialExecutionState: { Operations: { Name?: string }[] } }[] = [];
    const handler = bed.durable(async (_event, context: DurableContext) => {
      await context.runInChildContext('child', (child) => child.step('inside', async () => 1));
      await context.wait('pause', { seconds: 1 });
    });
    bed.lambda.register(
      name,
      (event, context) => {
        events.push(event as (typeof events)[number]);
        return handler(event, context);
      },
      { durable: CONFIG },
    );
    expect(await run()).toMatchObject({
      status: 'SUCCEEDED',
      operations: [{ name: 'child' }, { name: 'inside' }, { name: 'pause' }],
    });
    expect(events[1]?.InitialExecutionState.Operations.map((operation) => operation.Name)).toEqual([
      undefined,
      'child',
      'pause',
    ]);
  });

  it('keeps a result of a child context that is larger than 256 KB by replaying it', async () => {
    deploy(async (_event, context: DurableContext) => {
      const large = await context.runInChildContext('large', async (child) => {
        const half = await child.step('half', async () => 'x'.repeat(200_000));
        return half + half;
      });
      await context.wait('pause', { seconds: 1 });
      return large.length;
    });
    expect(await run()).toMatchObject({
      status: 'SUCCEEDED',
      result: '400000',
      operations: [{ replayChildren: true }, {}, {}],
    });
  });
});

describe('an invocation that dies', () => {
  it('is followed by another after a second, two, four and so on, at most five minutes', async () => {
    const at: number[] = [];
    bed.lambda.register(
      name,
      async () => {
        at.push(bed.clock.now());
        throw new Error('out of memory');
      },
      { durable: { ...CONFIG, executionTimeoutSeconds: 1_500 } },
    );
    const execution = await run();
    expect(execution).toMatchObject({
      status: 'TIMED_OUT',
      error: { ErrorMessage: 'Execution timed out after 1500 seconds.' },
    });
    const pauses = at.slice(1).map((time, index) => (time - (at[index] ?? 0)) / SECOND);
    expect(pauses).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300]);
    expect(execution.invocations[0]).toMatchObject({ error: { ErrorType: 'Error', ErrorMessage: 'out of memory' } });
    expect(execution.usage.operations).toBe(1 + at.length);
  });

  it('fails the execution once as many have died in a row as the settings say', async () => {
    bed.lambda.settings.invocationAttempts = 3;
    bed.lambda.register(name, async () => Promise.reject(new TypeError('broken')), { durable: CONFIG });
    const execution = await run();
    expect(execution).toMatchObject({ status: 'FAILED', error: { ErrorType: 'TypeError', ErrorMessage: 'broken' } });
    expect(execution.invocations).toHaveLength(3);
  });

  it('loses the step that it was in, and nothing before', async () => {
    const steps: string[] = [];
    deploy(async (_event, context: DurableContext) => {
      await context.step('one', async () => void steps.push('one'));
      await context.step('two', async () => {
        steps.push('two');
        // What the SDK takes for a crash: the run is killed while the step works.
        if (steps.length === 2) await killed();
      });
    });
    const killed = async () => {
      bed.aws.faults.add({ operation: 'lambda:GetDurableExecution', kill: true, times: 1 });
      await fetch(`${bed.aws.server.url}/2025-12-01/durable-executions/x`, {
        headers: {
          authorization:
            'AWS4-HMAC-SHA256 Credential=A/20261124/eu-central-1/lambda/aws4_request, SignedHeaders=host, Signature=0',
        },
      });
    };
    const execution = await run();
    expect(execution).toMatchObject({
      status: 'SUCCEEDED',
      invocations: [{ error: { ErrorType: 'Runtime.ExitError' } }, {}],
    });
    expect(steps).toEqual(['one', 'two', 'two']);
  });

  it.each(['before', 'after'] as const)(
    'is killed %s a checkpoint takes effect, and the execution goes on',
    async (phase) => {
      let order = 0;
      let late = 0;
      deploy(async (_event, context: DurableContext) => {
        await context.step('order', async () => {
          order += 1;
        });
        late += 1;
        await context.wait('pause', { minutes: 1 });
        return 'done';
      });
      bed.aws.faults.add({ operation: 'lambda:CheckpointDurableExecution', phase, kill: true, times: 1 });
      const execution = await run();
      expect(execution).toMatchObject({ status: 'SUCCEEDED', result: '"done"' });
      expect(execution.invocations).toHaveLength(3);
      expect(execution.invocations[0]).toMatchObject({
        error: { ErrorMessage: expect.stringContaining('signal: killed') },
      });
      expect(order).toBe(phase === 'before' ? 2 : 1);
      expect(late).toBe(2);
    },
  );

  it('consumes an attempt of a step that runs at most once', async () => {
    let calls = 0;
    deploy(async (_event, context: DurableContext) =>
      context.step(
        'publish',
        async () => {
          calls += 1;
        },
        { semantics: StepSemantics.AtMostOncePerRetry, ...noRetry },
      ),
    );
    bed.aws.faults.add({ operation: 'lambda:CheckpointDurableExecution', phase: 'after', kill: true, times: 1 });
    expect(await run()).toMatchObject({
      status: 'FAILED',
      error: { ErrorMessage: expect.stringContaining('was initiated but failed to reach completion') },
    });
    expect(calls).toBe(0);
  });

  it('has run longer than its function may', async () => {
    bed.lambda.settings.timeoutMilliseconds = MINUTE;
    let calls = 0;
    deploy(async (_event, context: DurableContext) =>
      context.step('slow once', async () => {
        calls += 1;
        if (calls === 1) await bed.clock.sleep(2 * MINUTE);
        return calls;
      }),
    );
    const execution = await run();
    expect(execution).toMatchObject({
      status: 'SUCCEEDED',
      result: '2',
      invocations: [
        {
          error: {
            ErrorType: 'Sandbox.Timedout',
            ErrorMessage: expect.stringMatching(/^RequestId: [\w-]+ Error: Task timed out after 60\.00 seconds$/),
          },
        },
        {},
      ],
    });
  });

  it('has run longer than its own function may, whatever the settings say', async () => {
    const slow: DurableExecutionHandler = async (_event, context) =>
      context.step('slow', () => bed.clock.sleep(2 * MINUTE), noRetry);
    const durable = { ...CONFIG, executionTimeoutSeconds: 90 };
    bed.lambda.register(name, bed.durable(slow), { durable, timeoutMilliseconds: MINUTE });
    expect((await run()).invocations[0]).toMatchObject({ error: { ErrorType: 'Sandbox.Timedout' } });
  });

  it("does not count when a checkpoint's answer is lost: its client asks again", async () => {
    let calls = 0;
    deploy(async (_event, context: DurableContext) =>
      context.step('once', async () => {
        calls += 1;
        return calls;
      }),
    );
    bed.aws.faults.add({ operation: 'lambda:CheckpointDurableExecution', phase: 'after', drop: true, times: 1 });
    const execution = await run();
    expect(execution).toMatchObject({ status: 'SUCCEEDED', result: '1' });
    expect(execution.invocations).toHaveLength(1);
    expect(calls).toBe(1);
  });
});

describe("the execution's own time-out", () => {
  it('ends an execution that waits', async () => {
    deploy(async (_event, context: DurableContext) => context.wait('long', { hours: 2 }), {
      ...CONFIG,
      executionTimeoutSeconds: 3_600,
    });
    const execution = await run();
    expect(execution).toMatchObject({ status: 'TIMED_OUT', operations: [{ status: 'STARTED' }] });
    expect((execution.endedAt ?? 0) - execution.startedAt).toBe(HOUR);
    expect(execution.invocations).toHaveLength(1);
  });

  it('ends an execution that works', async () => {
    deploy(async (_event, context: DurableContext) => context.step('long', () => bed.clock.sleep(10 * MINUTE)), {
      ...CONFIG,
      executionTimeoutSeconds: 60,
    });
    expect(await run()).toMatchObject({ status: 'TIMED_OUT', operations: [{ status: 'STARTED' }] });
  });
});

describe('an execution that has not succeeded', () => {
  const ends: Readonly<Record<string, DurableExecutionHandler>> = {
    FAILED: async () => {
      throw new Error('no');
    },
    TIMED_OUT: async (_event, context) => context.wait('long', { hours: 25 }),
    STOPPED: async (_event, context) => {
      const DurableExecutionArn = context.executionContext.durableExecutionArn;
      await bed.client.send(new StopDurableExecutionCommand({ DurableExecutionArn }));
    },
    SUCCEEDED: async () => 'done',
  };
  let discarded: unknown[];

  const deployWithQueue = (end: string) => {
    discarded = [];
    const handler = bed.durable(ends[end] ?? (async () => undefined));
    const onDiscarded = ({ event }: Invocation) => void discarded.push(event);
    bed.lambda.register(name, handler, { durable: CONFIG, asyncRetries: 2, onDiscarded });
  };

  it.each(['FAILED', 'TIMED_OUT', 'STOPPED'])('is not repeated, and its event is discarded: %s', async (end) => {
    deployWithQueue(end);
    const before = bed.lambda.executions.length;
    expect(await run({ n: 1 })).toMatchObject({ status: end });
    expect(bed.lambda.executions).toHaveLength(before + 1);
    expect(discarded).toEqual([{ n: 1 }]);
  });

  it('is the only one whose event is, and only when it was asynchronous', async () => {
    deployWithQueue('SUCCEEDED');
    expect(await run({ n: 1 })).toMatchObject({ status: 'SUCCEEDED' });
    bed.lambda.register(
      name,
      bed.durable(async () => Promise.reject(new Error('no'))),
      {
        durable: { ...CONFIG, executionTimeoutSeconds: 60 },
        onDiscarded: ({ event }) => void discarded.push(event),
      },
    );
    const { execution } = await bed.lambda.invoke(`${name}:live`, { n: 2 }, { type: 'RequestResponse' });
    expect(execution).toMatchObject({ status: 'FAILED' });
    expect(discarded).toEqual([]);
  });

  it('has its event discarded once, although a second one has found it by its name', async () => {
    deployWithQueue('TIMED_OUT');
    await Promise.all([run({ n: 1 }, 'one'), run({ n: 1 }, 'one')]);
    expect(discarded).toEqual([{ n: 1 }]);
  });
});

describe('code that is not deterministic', () => {
  const found = () => bed.lambda.bugs.splice(0).map(({ message }) => message);

  it('is found by the SDK when a step has another name on a replay, and noted', async () => {
    let invocations = 0;
    deploy(async (_event, context: DurableContext) => {
      invocations += 1;
      await context.step(`step of ${invocations}`, async () => 1);
      await context.wait('pause', { seconds: 1 });
    });
    expect(await run()).toMatchObject({ status: 'FAILED', error: { ErrorType: 'NonDeterministicExecutionError' } });
    expect(found()).toEqual([expect.stringContaining('Operation name mismatch')]);
  });

  it('is found by the service when a condition has another name on a replay, which the SDK does not look at', async () => {
    let invocations = 0;
    deploy(async (_event, context: DurableContext) => {
      invocations += 1;
      await context.waitForCondition(`poll of ${invocations}`, async (state: number) => state + 1, {
        initialState: 0,
        waitStrategy: (state) =>
          state < 2 ? { shouldContinue: true, delay: { seconds: 1 } } : { shouldContinue: false },
      });
    });
    expect(await run()).toMatchObject({
      status: 'FAILED',
      error: { ErrorMessage: expect.stringContaining('Inconsistent operation name.') },
    });
    expect(found()).toEqual([expect.stringContaining('WaitForCondition poll of 1 came again with name poll of 2')]);
  });

  it('is found by the service when it succeeds without an operation that an earlier invocation left open', async () => {
    let invocations = 0;
    deploy(async (_event, context: DurableContext) => {
      invocations += 1;
      if (invocations > 1) return;
      await Promise.all([context.wait('short', { seconds: 1 }), context.wait('long', { hours: 1 })]);
    });
    expect(await run()).toMatchObject({ status: 'SUCCEEDED' });
    expect(found()).toEqual([expect.stringContaining('Wait long was STARTED and never came again')]);
  });
});

describe('an answer that the service refuses', () => {
  it.each([
    [{ Status: 'PENDING' }, 'Cannot return PENDING status with no pending operations.'],
    [{ Status: 'DONE' }, 'Invalid Status in invocation output.'],
    [undefined, 'Invalid Status in invocation output.'],
    [{ Status: 'SUCCEEDED', Error: { ErrorMessage: 'x' } }, 'Cannot provide an Error for SUCCEEDED status.'],
    [{ Status: 'FAILED', Result: '1' }, 'Cannot provide a Result for FAILED status.'],
    [
      { Status: 'SUCCEEDED', Result: 'x'.repeat(1024 * 1024 + 1) },
      'Execution output payload size must be less than or equal to 1048576 bytes.',
    ],
  ])('fails the execution (%#)', async (answer, message) => {
    bed.lambda.register(name, async () => answer, { durable: CONFIG });
    const error = { ErrorType: 'InvalidParameterValueException', ErrorMessage: message };
    expect(await run()).toMatchObject({ status: 'FAILED', error, invocations: [{ error }] });
  });
});
