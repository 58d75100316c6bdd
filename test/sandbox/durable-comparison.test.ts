import type { DurableContext, DurableExecutionHandler } from '@aws/durable-execution-sdk-js';
import { type DurableOperation, LocalDurableTestRunner } from '@aws/durable-execution-sdk-js-testing';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type DurableTestBed, startDurableTestBed } from './durable-test-bed.ts';

/**
 * AWS's own test runner as a second opinion. Its waits take real time (`skipTime: false`), because with its fake clock
 * some executions end without a replay; therefore waits are of one second.
 */
let bed: DurableTestBed;
/** All of them at once, because of the real waits. */
let results: ReadonlyMap<string, { readonly sandbox: Compared; readonly runner: Compared }>;

beforeAll(async () => {
  bed = await startDurableTestBed();
  await LocalDurableTestRunner.setupTestEnvironment({ skipTime: false });
  results = new Map(
    await Promise.all(
      Object.entries(HANDLERS).map(async ([kind, make]) => {
        const [sandbox, runner] = await Promise.all([
          inTheSandbox(bed.durable(make())),
          onTheRunner(bed.durable(make())),
        ]);
        return [kind, { sandbox, runner }] as const;
      }),
    ),
  );
});

afterAll(async () => {
  await LocalDurableTestRunner.teardownTestEnvironment();
  await bed.stop();
});

interface Compared {
  readonly status: unknown;
  readonly result: unknown;
  readonly error: unknown;
  readonly operations: readonly unknown[];
  readonly invocations: number;
}

async function onTheRunner(handlerFunction: ReturnType<DurableTestBed['durable']>): Promise<Compared> {
  const runner = new LocalDurableTestRunner({ handlerFunction: handlerFunction as never });
  const execution = await runner.run({ payload: { n: 1 } });
  const status = execution.getStatus();
  return {
    status,
    result: status === 'SUCCEEDED' ? execution.getResult() : undefined,
    error: status === 'FAILED' ? words(execution.getError()) : undefined,
    operations: execution.getOperations().map(compared),
    invocations: execution.getInvocations().length,
  };
}

function compared(operation: DurableOperation) {
  const details = { STEP: () => operation.getStepDetails(), CONTEXT: () => operation.getContextDetails() };
  const type = operation.getType();
  const detail = type === 'STEP' || type === 'CONTEXT' ? details[type]() : undefined;
  return {
    name: operation.getName(),
    type,
    subType: operation.getSubType(),
    status: operation.getStatus(),
    result: detail?.result,
    error: detail?.error && words(detail.error),
  };
}

function words(error: { readonly errorType?: string; readonly errorMessage?: string; readonly errorData?: string }) {
  return { type: error.errorType, message: error.errorMessage, data: error.errorData };
}

let functions = 0;

async function inTheSandbox(handler: ReturnType<DurableTestBed['durable']>): Promise<Compared> {
  functions += 1;
  const name = `compared-${functions}`;
  bed.lambda.register(name, handler, { durable: { executionTimeoutSeconds: 3_600, retentionDays: 1 } });
  const { execution } = await bed.lambda.invoke(`${name}:live`, { n: 1 }, { type: 'Event' });
  if (!execution) throw new Error('not durable');
  const of = (error = execution.error) =>
    error && { type: error.ErrorType, message: error.ErrorMessage, data: error.ErrorData };
  return {
    status: execution.status,
    result: execution.result === undefined ? undefined : JSON.parse(execution.result),
    error: of(),
    operations: execution.operations.map(({ name, type, subType, status, payload, error }) => ({
      name,
      type,
      subType,
      status,
      result: payload === undefined ? undefined : parse(payload),
      error: error && of(error),
    })),
    invocations: execution.invocations.length,
  };
}

/** The runner shows a result that is no JSON as it is. */
function parse(payload: string): unknown {
  try {
    return JSON.parse(payload);
  } catch {
    return payload;
  }
}

const second = { seconds: 1 };
const noRetry = { retryStrategy: () => ({ shouldRetry: false }) };

/** Made anew for each of the two, so that what they count starts at nothing. */
const HANDLERS: Readonly<Record<string, () => DurableExecutionHandler>> = {
  'steps and a wait': () => async (event: { readonly n: number }, context: DurableContext) => {
    const one = await context.step('one', async () => ({ n: event.n, at: new Date(0) }));
    await context.wait('pause', second);
    return [one, await context.step('two', async () => 'two')];
  },
  'a step that fails and is repeated': () => async (_event, context: DurableContext) =>
    context.step(
      'fails once',
      async ({ attempt }) => {
        if (attempt === 1) throw new TypeError('not yet');
        return attempt;
      },
      { retryStrategy: () => ({ shouldRetry: true, delay: second }) },
    ),
  'a condition with several polls': () => async (_event, context: DurableContext) =>
    context.waitForCondition('three', async (state: { readonly n: number }) => ({ n: state.n + 1 }), {
      initialState: { n: 0 },
      waitStrategy: ({ n }) => (n < 3 ? { shouldContinue: true, delay: second } : { shouldContinue: false }),
    }),
  'an error out of a step': () => async (_event, context: DurableContext) => {
    await context.step('before', async () => 1);
    await context.step('breaks', async () => Promise.reject(new RangeError('too far')), noRetry);
  },
  'an error that is caught and thrown again after a wait': () => async (_event, context: DurableContext) => {
    const caught = await context
      .step('breaks', async () => Promise.reject(new RangeError('too far')), noRetry)
      .catch((error: unknown) => error);
    await context.wait('pause', second);
    throw caught;
  },
  'an error out of no step': () => async () => {
    throw new RangeError('at once');
  },
  'results that are undefined': () => async (_event, context: DurableContext) => {
    await context.step('nothing', async () => undefined);
    await context.wait('pause', second);
    return (await context.step('nothing again', async () => undefined)) === undefined ? undefined : 'something';
  },
  'code that is not deterministic': () => {
    let invocations = 0;
    return async (_event, context: DurableContext) => {
      invocations += 1;
      await context.step(`step of ${invocations}`, async () => 1);
      await context.wait('pause', second);
    };
  },
  'child contexts, one with a result that is too large to keep': () => async (_event, context: DurableContext) => {
    const large = await context.runInChildContext('large', async (child) => {
      const half = await child.step('half', async () => 'x'.repeat(200_000));
      return half + half;
    });
    const small = await context.runInChildContext('small', (child) => child.step('inside', async () => 1));
    await context.wait('pause', second);
    return [large.length, small];
  },
  'branches at the same time': () => async (_event, context: DurableContext) => {
    const both = await context.parallel('both', [
      async (child: DurableContext) => child.wait('waits', second),
      async (child: DurableContext) => child.step('works', async () => 1),
    ]);
    return both.totalCount;
  },
};

describe("the sandbox's durable functions and AWS's test runner agree about", () => {
  it.each(Object.keys(HANDLERS))('%s', (kind) => {
    const result = results.get(kind);
    expect(result?.sandbox.status).toMatch(/^(SUCCEEDED|FAILED)$/);
    expect(result?.sandbox).toEqual(result?.runner);
  });

  it('which code is not deterministic', () => {
    expect(bed.lambda.bugs.map(({ message }) => message)).toEqual([expect.stringContaining('Operation name mismatch')]);
  });
});
