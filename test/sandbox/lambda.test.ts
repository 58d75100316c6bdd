import { type InvocationType, InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { LambdaService } from './lambda.ts';
import { startTestAws, type TestAws } from './test-aws.ts';
import { VirtualClock } from './virtual-clock.ts';

const MINUTE = 60_000;

let clock: VirtualClock;
let lambda: LambdaService;
let aws: TestAws;
let client: LambdaClient;

beforeEach(async () => {
  clock = new VirtualClock(Date.UTC(2026, 10, 24));
  lambda = new LambdaService({ clock });
  aws = await startTestAws(clock, [lambda]);
  client = new LambdaClient(aws.clientOptions());
});

afterEach(async () => {
  await lambda.idle();
  expect(aws.server.bugs).toEqual([]);
  await aws.stop();
});

function invoke(name: string, type: InvocationType, event?: unknown, more: object = {}) {
  const Payload = event === undefined ? undefined : JSON.stringify(event);
  return client.send(new InvokeCommand({ FunctionName: name, InvocationType: type, Payload, ...more }));
}

function payloadOf({ Payload }: { readonly Payload?: { transformToString(): string } }): unknown {
  return JSON.parse(Payload?.transformToString() ?? '');
}

/** Work that ends when the test says so. */
function gate(): { readonly open: () => void; readonly passed: Promise<void> } {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { open: resolve, passed: promise };
}

describe('a synchronous invocation', () => {
  it('answers with what the function returns', async () => {
    lambda.register('double', async (event) => ({ twice: (event as { n: number }).n * 2 }));
    const answer = await invoke('double', 'RequestResponse', { n: 21 });
    expect(answer).toMatchObject({ StatusCode: 200, ExecutedVersion: '$LATEST' });
    expect(answer.FunctionError).toBeUndefined();
    expect(payloadOf(answer)).toEqual({ twice: 42 });
  });

  it('sends event and result through JSON', async () => {
    const seen: unknown[] = [];
    lambda.register('json', async (event) => {
      seen.push(event);
      return { date: new Date(0), gone: undefined, map: new Map([[1, 2]]) };
    });
    expect(payloadOf(await invoke('json', 'RequestResponse', { at: new Date(0) }))).toEqual({
      date: '1970-01-01T00:00:00.000Z',
      map: {},
    });
    expect(seen).toEqual([{ at: '1970-01-01T00:00:00.000Z' }]);
  });

  it('answers null for a function that returns nothing, and gives it an empty event when there is none', async () => {
    const seen: unknown[] = [];
    lambda.register('nothing', async (event) => {
      seen.push(event);
    });
    expect(payloadOf(await invoke('nothing', 'RequestResponse'))).toBeNull();
    expect(seen).toEqual([{}]);
  });

  it('answers 200 with the error that the function throws', async () => {
    lambda.register('fail', async () => {
      throw new RangeError('too far');
    });
    const answer = await invoke('fail', 'RequestResponse', {});
    expect(answer).toMatchObject({ StatusCode: 200, FunctionError: 'Unhandled' });
    expect(payloadOf(answer)).toEqual({
      errorType: 'RangeError',
      errorMessage: 'too far',
      trace: expect.arrayContaining(['RangeError: too far']),
    });
  });

  it('reports a result that is larger than 6 MB', async () => {
    lambda.register('chatty', async () => 'x'.repeat(6 * 1024 * 1024 + 99));
    const answer = await invoke('chatty', 'RequestResponse', {});
    expect(answer.FunctionError).toBe('Unhandled');
    expect(payloadOf(answer)).toMatchObject({ errorType: 'Function.ResponseSizeTooLarge' });
  });

  it('lets virtual time pass while the function waits', async () => {
    lambda.register('slow', async (_event, context) => {
      await clock.sleep(5 * MINUTE);
      return context.getRemainingTimeInMillis();
    });
    const answer = await clock.run(() => invoke('slow', 'RequestResponse', {}));
    expect(payloadOf(answer)).toBe(10 * MINUTE);
  });
});

describe('an asynchronous invocation', () => {
  it('answers 202 before the function runs', async () => {
    const { open, passed } = gate();
    lambda.register('background', () => passed);
    const answer = await invoke('background', 'Event', { a: 1 });
    expect(answer.StatusCode).toBe(202);
    expect(lambda.invocations).toMatchObject([{ function: 'background', event: { a: 1 }, outcome: 'running' }]);
    open();
    await lambda.idle();
    expect(lambda.invocations).toMatchObject([{ outcome: 'succeeded', attempts: 1 }]);
  });

  it('is over when idle resolves, those that it started too', async () => {
    const order: string[] = [];
    lambda.register('child', async () => {
      await clock.sleep(MINUTE);
      order.push('child');
    });
    lambda.register('parent', async () => {
      await clock.sleep(MINUTE);
      await invoke('child', 'Event', {});
      order.push('parent');
    });
    await invoke('parent', 'Event', {});
    await lambda.idle();
    expect(order).toEqual(['parent', 'child']);
  });

  it('runs in a run of the virtual clock', async () => {
    const began = clock.now();
    lambda.register('waits', async () => {
      await clock.sleep(14 * MINUTE);
      return (clock.now() - began) / MINUTE;
    });
    await invoke('waits', 'Event', {});
    await lambda.idle();
    expect(lambda.invocations).toMatchObject([{ result: 14 }]);
  });

  it('that fails is not repeated where retries are set to none', async () => {
    lambda.register('fail', async () => {
      throw new Error('no');
    });
    await invoke('fail', 'Event', {});
    await lambda.idle();
    expect(lambda.invocations).toMatchObject([{ outcome: 'failed', attempts: 1, error: { message: 'no' } }]);
  });

  it('that fails is repeated after one and two minutes with the same request id', async () => {
    lambda.settings.asyncRetries = 2;
    const began = clock.now();
    const calls: { readonly minutes: number; readonly id: string }[] = [];
    lambda.register('fail', async (_event, { awsRequestId: id }) => {
      calls.push({ minutes: (clock.now() - began) / MINUTE, id });
      throw new Error('no');
    });
    await invoke('fail', 'Event', {});
    await lambda.idle();
    expect(calls.map(({ minutes }) => minutes)).toEqual([0, 1, 3]);
    expect(new Set(calls.map(({ id }) => id)).size).toBe(1);
    expect(lambda.invocations).toMatchObject([{ outcome: 'failed', attempts: 3 }]);
  });

  it.each([
    ['is repeated while it is not older than its function takes', 1, 2],
    ['is given up instead of repeated once it is older, and discarded', 3, 1],
  ])('that fails %s', async (_what, minutes, attempts) => {
    const discarded: unknown[] = [];
    const fail = async () => {
      await clock.sleep(minutes * MINUTE);
      throw new Error('no');
    };
    lambda.register('fail', fail, {
      asyncRetries: 1,
      maximumEventAgeMilliseconds: 2 * MINUTE,
      onDiscarded: ({ event }) => void discarded.push(event),
    });
    await invoke('fail', 'Event', { n: 1 });
    await lambda.idle();
    expect(lambda.invocations).toMatchObject([{ outcome: 'failed', attempts }]);
    expect(discarded).toEqual([{ n: 1 }]);
  });

  it('stops repeating once it succeeds', async () => {
    lambda.settings.asyncRetries = 2;
    let calls = 0;
    lambda.register('recovers', async () => {
      calls += 1;
      if (calls === 1) throw new Error('not yet');
      return calls;
    });
    await invoke('recovers', 'Event', {});
    await lambda.idle();
    expect(lambda.invocations).toMatchObject([{ outcome: 'succeeded', attempts: 2, result: 2 }]);
  });

  it('is logged with its durable execution name', async () => {
    lambda.register('durable:live', async () => undefined);
    await invoke('durable:live', 'Event', {}, { DurableExecutionName: 'attempt-1' });
    expect(lambda.invocations).toMatchObject([{ durableExecutionName: 'attempt-1' }]);
  });
});

describe('an invocation that is ended', () => {
  it.each(['RequestResponse', 'Event'] as const)('has run longer than its function may (%s)', async (type) => {
    lambda.settings.timeoutMilliseconds = 3_000;
    lambda.register('slow', () => clock.sleep(3_001));
    const answer = await invoke('slow', type, {});
    await lambda.idle();
    const errorMessage = expect.stringMatching(/^RequestId: [\w-]+ Error: Task timed out after 3\.00 seconds$/);
    expect(lambda.invocations).toMatchObject([
      { outcome: 'failed', error: { name: 'Sandbox.Timedout', message: errorMessage } },
    ]);
    if (type === 'Event') return;
    expect(answer.FunctionError).toBe('Unhandled');
    expect(payloadOf(answer)).toEqual({ errorType: 'Sandbox.Timedout', errorMessage });
  });

  it('was killed', async () => {
    const { passed } = gate();
    lambda.register('killed', async () => {
      // Whom no request names is everybody.
      clock.kill();
      await passed;
    });
    const answer = await invoke('killed', 'RequestResponse', {});
    expect(answer.FunctionError).toBe('Unhandled');
    expect(payloadOf(answer)).toEqual({
      errorType: 'Runtime.ExitError',
      errorMessage: expect.stringMatching(/^RequestId: [\w-]+ Error: Runtime exited with error: signal: killed$/),
    });
  });

  it('is repeated like any that fails', async () => {
    lambda.settings.asyncRetries = 1;
    let calls = 0;
    lambda.register('killed-once', async () => {
      calls += 1;
      if (calls === 1) clock.kill();
      await clock.sleep(MINUTE);
    });
    await invoke('killed-once', 'Event', {});
    await lambda.idle();
    expect(lambda.invocations).toMatchObject([{ outcome: 'succeeded', attempts: 2 }]);
  });
});

describe('an invocation without HTTP', () => {
  it.each(['RequestResponse', 'Event'] as const)('ends with what the function returned (%s)', async (type) => {
    lambda.register('double', async (event) => ({ twice: (event as { n: number }).n * 2 }));
    const { invocation } = await lambda.invoke('double', { n: 21 }, { type });
    expect(invocation).toMatchObject({ type, outcome: 'succeeded', result: { twice: 42 } });
    expect(lambda.invocations).toEqual([invocation]);
  });

  it('ends with what the function threw, as it was', async () => {
    const error = new RangeError('too far');
    lambda.register('fail', () => Promise.reject(error));
    const { invocation } = await lambda.invoke('fail', {}, { type: 'RequestResponse' });
    expect(invocation.error).toBe(error);
  });

  it('throws what Lambda refuses', async () => {
    await expect(lambda.invoke('nobody', {}, { type: 'Event' })).rejects.toMatchObject({
      errorName: 'ResourceNotFoundException',
    });
  });
});

describe('a function', () => {
  it('is found by name, partial ARN, ARN and qualifier', async () => {
    lambda.register('f', async (_event, { invokedFunctionArn }) => invokedFunctionArn);
    const arn = 'arn:aws:lambda:eu-central-1:123456789012:function:f';
    for (const name of ['f', '123456789012:function:f', arn]) {
      expect(payloadOf(await invoke(name, 'RequestResponse'))).toBe(arn);
    }
    expect(payloadOf(await invoke(`${arn}:live`, 'RequestResponse'))).toBe(`${arn}:live`);
    expect(payloadOf(await invoke('f', 'RequestResponse', {}, { Qualifier: 'live' }))).toBe(`${arn}:live`);
  });

  it('that was deployed under a qualifier is not there without it', async () => {
    lambda.register('f:live', async () => 'live');
    expect(payloadOf(await invoke('f:live', 'RequestResponse'))).toBe('live');
    await expect(invoke('f', 'RequestResponse')).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
    await expect(invoke('f:old', 'RequestResponse')).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
  });

  it('that is deployed again replaces the one before', async () => {
    lambda.register('f', async () => 'old');
    lambda.register('f', async () => 'new');
    expect(payloadOf(await invoke('f', 'RequestResponse'))).toBe('new');
  });

  it('is not called by a dry run', async () => {
    lambda.register('f', async () => 'called');
    expect((await invoke('f', 'DryRun')).StatusCode).toBe(204);
    expect(lambda.invocations).toEqual([]);
  });
});

describe('a refused invocation', () => {
  const large = (bytes: number) => 'x'.repeat(bytes - 2);

  it('is larger than 6 MB, or than 1 MB when it is asynchronous', async () => {
    lambda.register('f', async () => undefined);
    const tooLarge = {
      name: 'RequestEntityTooLargeException',
      $metadata: expect.objectContaining({ httpStatusCode: 413 }),
    };
    await invoke('f', 'RequestResponse', large(6 * 1024 * 1024));
    await expect(invoke('f', 'RequestResponse', large(6 * 1024 * 1024 + 1))).rejects.toMatchObject(tooLarge);
    await invoke('f', 'Event', large(1024 * 1024));
    await expect(invoke('f', 'Event', large(1024 * 1024 + 1))).rejects.toMatchObject(tooLarge);
  });

  it('is not JSON', async () => {
    lambda.register('f', async () => undefined);
    const asked = client.send(new InvokeCommand({ FunctionName: 'f', Payload: Buffer.from('{') }));
    await expect(asked).rejects.toMatchObject({ name: 'InvalidRequestContentException' });
  });

  it('is of an unknown type', async () => {
    lambda.register('f', async () => undefined);
    await expect(invoke('f', 'Later' as InvocationType)).rejects.toMatchObject({ name: 'ValidationException' });
  });

  it('is throttled by a fault, and leaves no trace', async () => {
    lambda.register('f', async () => undefined);
    const error = { status: 429, name: 'TooManyRequestsException', message: 'Rate Exceeded.' };
    aws.faults.add({ operation: 'lambda:Invoke', times: 1, error });
    await expect(invoke('f', 'Event', {})).rejects.toMatchObject({ name: 'TooManyRequestsException' });
    expect(lambda.invocations).toEqual([]);
  });
});
