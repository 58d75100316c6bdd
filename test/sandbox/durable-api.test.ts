import {
  CheckpointDurableExecutionCommand,
  GetDurableExecutionCommand,
  GetDurableExecutionStateCommand,
  type InvocationType,
  InvokeCommand,
  ListDurableExecutionsByFunctionCommand,
  type OperationUpdate,
  StopDurableExecutionCommand,
} from '@aws-sdk/client-lambda';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { DAY, MINUTE } from '../../lambdas/core/duration.ts';
import { type DurableTestBed, startDurableTestBed } from './durable-test-bed.ts';
import type { LambdaContext } from './lambda-handler.ts';

const CONFIG = { executionTimeoutSeconds: 900, retentionDays: 14 };
const SUCCEEDED = { Status: 'SUCCEEDED', Result: '"done"' };

/** What a handler is called with: https://docs.aws.amazon.com/durable-execution/ */
interface DurableEvent {
  readonly DurableExecutionArn: string;
  readonly CheckpointToken: string;
  readonly InitialExecutionState: {
    readonly Operations: readonly Readonly<Record<string, unknown>>[];
    readonly NextMarker?: string;
  };
  readonly UpdatedOperationIds: readonly string[];
}

type Invoked = (event: DurableEvent, context: LambdaContext) => Promise<unknown>;

let bed: DurableTestBed;
let functions = 0;
let name: string;

beforeAll(async () => {
  bed = await startDurableTestBed();
});

beforeEach(() => {
  functions += 1;
  name = `durable-${functions}`;
});

afterEach(async () => {
  await bed.lambda.idle();
  expect(bed.lambda.bugs.splice(0)).toEqual([]);
  expect(bed.aws.server.bugs).toEqual([]);
});

afterAll(() => bed.stop());

function deploy(handler: Invoked, durable = CONFIG): void {
  bed.lambda.register(name, (event, context) => handler(event as DurableEvent, context), { durable });
}

function invoke(qualified: string, type: InvocationType, event: unknown = {}, executionName?: string) {
  return bed.client.send(
    new InvokeCommand({
      FunctionName: qualified,
      InvocationType: type,
      Payload: JSON.stringify(event),
      DurableExecutionName: executionName,
    }),
  );
}

/** Runs a handler that makes checkpoints itself, and answers what it returns. */
async function inAnExecution<T>(work: (event: DurableEvent) => Promise<T>): Promise<T> {
  let answer: { readonly value: T } | undefined;
  deploy(async (event) => {
    answer ??= { value: await work(event) };
    return SUCCEEDED;
  });
  await bed.lambda.invoke(`${name}:live`, {}, { type: 'Event' });
  if (!answer) throw new Error(JSON.stringify(bed.lambda.executions.at(-1)));
  return answer.value;
}

function checkpoint(event: DurableEvent, updates: OperationUpdate[], token = event.CheckpointToken) {
  const { DurableExecutionArn } = event;
  return bed.client.send(
    new CheckpointDurableExecutionCommand({ DurableExecutionArn, CheckpointToken: token, Updates: updates }),
  );
}

/** What a checkpoint is refused with. */
function refusal(updates: OperationUpdate[]): Promise<unknown> {
  return inAnExecution((event) =>
    checkpoint(event, updates).then(
      () => 'accepted',
      ({ name: error, message, $metadata }) => ({ error, message, status: $metadata.httpStatusCode }),
    ),
  );
}

const invalid = (message: string) => ({ error: 'InvalidParameterValueException', message, status: 400 });
const payloadOf = ({ Payload }: { readonly Payload?: { transformToString(): string } }) =>
  JSON.parse(Payload?.transformToString() ?? '');

describe('the invocation of a durable function', () => {
  it('needs a version, an alias or $LATEST', async () => {
    deploy(async () => SUCCEEDED);
    await expect(invoke(name, 'RequestResponse')).rejects.toMatchObject({
      name: 'InvalidParameterValueException',
      message: 'You cannot invoke a durable function using an unqualified ARN.',
    });
    for (const qualifier of ['live', '1', '$LATEST']) {
      expect(payloadOf(await invoke(`${name}:${qualifier}`, 'RequestResponse'))).toBe('done');
    }
    await expect(invoke(`${name}:2`, 'RequestResponse')).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
  });

  it('waits for the end when it is synchronous, which takes 15 minutes at most', async () => {
    deploy(async (event) => {
      if (event.InitialExecutionState.Operations.length > 1) return SUCCEEDED;
      await checkpoint(event, [{ Id: 'w', Type: 'WAIT', Action: 'START', WaitOptions: { WaitSeconds: 600 } }]);
      return { Status: 'PENDING' };
    });
    const from = bed.clock.now();
    const answer = await invoke(`${name}:live`, 'RequestResponse');
    expect(answer).toMatchObject({
      StatusCode: 200,
      ExecutedVersion: '1',
      DurableExecutionArn: expect.stringMatching(`:function:${name}:1/durable-execution/[\\w-]+/[\\w-]+$`),
    });
    expect(payloadOf(answer)).toBe('done');
    expect(bed.clock.now() - from).toBeGreaterThanOrEqual(10 * MINUTE);
    deploy(async () => SUCCEEDED, { ...CONFIG, executionTimeoutSeconds: 901 });
    await expect(invoke(`${name}:live`, 'RequestResponse')).rejects.toMatchObject({
      name: 'InvalidParameterValueException',
      message: 'You cannot synchronously invoke a durable function with an executionTimeout greater than 15 minutes.',
    });
    expect(await invoke(`${name}:live`, 'Event')).toMatchObject({ StatusCode: 202 });
  });

  it('reports the error of an execution that failed', async () => {
    deploy(async () => ({
      Status: 'FAILED',
      Error: { ErrorType: 'RangeError', ErrorMessage: 'too far', ErrorData: 'x' },
    }));
    const answer = await invoke(`${name}:live`, 'RequestResponse');
    expect(answer).toMatchObject({ StatusCode: 200, FunctionError: 'Unhandled' });
    expect(payloadOf(answer)).toEqual({ errorType: 'RangeError', errorMessage: 'too far', errorData: 'x' });
  });

  it('is accepted at once when it is asynchronous, and noted when it is over', async () => {
    const { promise: over, resolve } = Promise.withResolvers<void>();
    deploy(async () => {
      await over;
      return SUCCEEDED;
    });
    const answer = await invoke(`${name}:live`, 'Event', { a: 1 }, 'one');
    expect(answer).toMatchObject({
      StatusCode: 202,
      DurableExecutionArn: expect.stringContaining('/durable-execution/one/'),
    });
    expect(bed.lambda.invocations.at(-1)).toMatchObject({
      outcome: 'running',
      durableExecutionName: 'one',
      event: { a: 1 },
    });
    resolve();
    await bed.lambda.idle();
    expect(bed.lambda.invocations.at(-1)).toMatchObject({ outcome: 'succeeded', attempts: 1, result: 'done' });
  });

  it('gives the handler the execution, a token and its input as the first operation', async () => {
    let seen: { readonly event: DurableEvent; readonly context: LambdaContext } | undefined;
    deploy(async (event, context) => {
      seen = { event, context };
      return SUCCEEDED;
    });
    await invoke(`${name}:live`, 'RequestResponse', { a: 1 });
    expect(seen?.event).toEqual({
      DurableExecutionArn: expect.stringMatching(/^arn:aws:lambda:eu-central-1:123456789012:function:/),
      CheckpointToken: expect.stringMatching(/^[A-Za-z0-9+/]+={0,2}$/),
      InitialExecutionState: {
        Operations: [
          {
            Id: expect.stringMatching(/^[\w-]{1,64}$/),
            Type: 'EXECUTION',
            Status: 'STARTED',
            StartTimestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
            ExecutionDetails: { InputPayload: '{"a":1}' },
          },
        ],
      },
      UpdatedOperationIds: [],
    });
    expect(seen?.context).toMatchObject({
      functionName: name,
      functionVersion: '1',
      invokedFunctionArn: expect.stringMatching(`:function:${name}:1$`),
    });
  });

  it('is told on a resume what has changed since', async () => {
    const updated: (readonly string[])[] = [];
    deploy(async (event) => {
      updated.push(event.UpdatedOperationIds);
      if (updated.length > 1) return SUCCEEDED;
      await checkpoint(event, [
        { Id: 's', Type: 'STEP', Action: 'SUCCEED' },
        { Id: 'w', Type: 'WAIT', Action: 'START', WaitOptions: { WaitSeconds: 1 } },
      ]);
      return { Status: 'PENDING' };
    });
    await bed.lambda.invoke(`${name}:live`, {}, { type: 'Event' });
    expect(updated).toEqual([[], ['w']]);
  });
});

describe('an execution name', () => {
  const starts = () => bed.lambda.executions.filter(({ functionName }) => functionName === name).length;

  it('has 1 to 64 letters, digits, - and _', async () => {
    deploy(async () => SUCCEEDED);
    await invoke(`${name}:live`, 'Event', {}, `${'a'.repeat(62)}-_`);
    for (const bad of ['a'.repeat(65), 'a.b', 'a b']) {
      await expect(invoke(`${name}:live`, 'Event', {}, bad)).rejects.toMatchObject({ name: 'ValidationException' });
    }
  });

  it('with the same payload finds the execution that runs', async () => {
    deploy(async () => {
      await bed.clock.sleep(MINUTE);
      return SUCCEEDED;
    });
    const first = await invoke(`${name}:live`, 'Event', { a: 1 }, 'one');
    const [again, waited] = await Promise.all([
      invoke(`${name}:live`, 'Event', { a: 1 }, 'one'),
      invoke(`${name}:live`, 'RequestResponse', { a: 1 }, 'one'),
    ]);
    expect(again.DurableExecutionArn).toBe(first.DurableExecutionArn);
    expect(payloadOf(waited)).toBe('done');
    expect(starts()).toBe(1);
  });

  it('with the same payload finds the execution that is over, and its result', async () => {
    let calls = 0;
    deploy(async () => {
      calls += 1;
      return { Status: 'SUCCEEDED', Result: String(calls) };
    });
    for (let n = 0; n < 2; n += 1) {
      expect(payloadOf(await invoke(`${name}:live`, 'RequestResponse', { a: 1 }, 'one'))).toBe(1);
    }
    expect(await invoke(`${name}:live`, 'Event', { a: 1 }, 'one')).toMatchObject({ StatusCode: 202 });
    await bed.lambda.idle();
    expect(calls).toBe(1);
  });

  it('with another payload is refused, whether the execution runs or is over', async () => {
    deploy(async () => SUCCEEDED);
    const refused = {
      name: 'DurableExecutionAlreadyStartedException',
      $metadata: expect.objectContaining({ httpStatusCode: 409 }),
    };
    await invoke(`${name}:live`, 'Event', { a: 1 }, 'one');
    await expect(invoke(`${name}:live`, 'Event', { a: 2 }, 'one')).rejects.toMatchObject(refused);
    await bed.lambda.idle();
    await expect(invoke(`${name}:live`, 'RequestResponse', { a: 2 }, 'one')).rejects.toMatchObject(refused);
  });

  it('on another version is refused', async () => {
    deploy(async () => SUCCEEDED);
    await invoke(`${name}:live`, 'RequestResponse', {}, 'one');
    deploy(async () => SUCCEEDED);
    await expect(invoke(`${name}:live`, 'Event', {}, 'one')).rejects.toMatchObject({
      name: 'DurableExecutionAlreadyStartedException',
    });
  });

  it('belongs to one function', async () => {
    deploy(async () => SUCCEEDED);
    await invoke(`${name}:live`, 'RequestResponse', {}, 'one');
    name = `${name}-b`;
    deploy(async () => SUCCEEDED);
    await invoke(`${name}:live`, 'RequestResponse', { other: true }, 'one');
    expect(starts()).toBe(1);
  });

  it('is free again when the retention is over', async () => {
    deploy(async () => SUCCEEDED, { ...CONFIG, retentionDays: 2 });
    const { DurableExecutionArn } = await invoke(`${name}:live`, 'RequestResponse', {}, 'one');
    await bed.clock.advance(2 * DAY);
    await bed.client.send(new GetDurableExecutionCommand({ DurableExecutionArn }));
    await bed.clock.advance(MINUTE);
    await invoke(`${name}:live`, 'RequestResponse', { other: true }, 'one');
    expect(starts()).toBe(2);
    await expect(bed.client.send(new GetDurableExecutionCommand({ DurableExecutionArn }))).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
      $metadata: expect.objectContaining({ httpStatusCode: 404 }),
    });
  });
});

describe('a version', () => {
  const waitThenName =
    (version: string): Invoked =>
    async (event) => {
      if (event.InitialExecutionState.Operations.length > 1)
        return { Status: 'SUCCEEDED', Result: JSON.stringify(version) };
      await checkpoint(event, [{ Id: 'w', Type: 'WAIT', Action: 'START', WaitOptions: { WaitSeconds: 60 } }]);
      return { Status: 'PENDING' };
    };

  it('is published by each deployment; what runs stays on the one that it started on', async () => {
    deploy(waitThenName('first'));
    const first = bed.lambda.invoke(`${name}:live`, {}, { type: 'Event' });
    deploy(waitThenName('second'));
    const second = bed.lambda.invoke(`${name}:live`, {}, { type: 'Event' });
    expect((await first).execution).toMatchObject({ version: '1', result: '"first"' });
    expect((await second).execution).toMatchObject({ version: '2', result: '"second"' });
    expect(payloadOf(await invoke(`${name}:1`, 'RequestResponse'))).toBe('first');
  });

  it('is not pinned by $LATEST', async () => {
    deploy(waitThenName('first'));
    const running = bed.lambda.invoke(`${name}:$LATEST`, {}, { type: 'Event' });
    deploy(waitThenName('second'));
    expect((await running).execution).toMatchObject({ version: '$LATEST', result: '"second"' });
  });
});

describe('a checkpoint token', () => {
  const stale = { name: 'InvalidParameterValueException', message: 'Invalid checkpoint token' };
  const succeed = (Id: string): OperationUpdate[] => [{ Id, Type: 'STEP', Action: 'SUCCEED' }];

  it('is good for one checkpoint, which answers the next', async () => {
    await inAnExecution(async (event) => {
      const { CheckpointToken } = await checkpoint(event, succeed('a'));
      await expect(checkpoint(event, succeed('b'))).rejects.toMatchObject(stale);
      await checkpoint(event, succeed('b'), CheckpointToken);
    });
  });

  it('comes with what has changed since the last one', async () => {
    const answer = await inAnExecution((event) => checkpoint(event, succeed('a')));
    expect(answer.NewExecutionState).toMatchObject({
      Operations: [{ Id: 'a', Status: 'SUCCEEDED', StepDetails: { Attempt: 1 } }],
    });
  });

  it('may be used again by a client that repeats its request, and by no other', async () => {
    await inAnExecution(async ({ DurableExecutionArn, CheckpointToken }) => {
      const request = (ClientToken: string) =>
        bed.client.send(
          new CheckpointDurableExecutionCommand({
            DurableExecutionArn,
            CheckpointToken,
            ClientToken,
            Updates: succeed('a'),
          }),
        );
      const first = await request('one');
      expect(await request('one')).toMatchObject({ CheckpointToken: first.CheckpointToken });
      await expect(request('two')).rejects.toMatchObject(stale);
    });
  });

  it('of an invocation that is over is refused', async () => {
    const events: DurableEvent[] = [];
    deploy(async (event) => {
      events.push(event);
      if (events.length === 1) throw new Error('dies');
      const [first] = events;
      if (first) await expect(checkpoint(event, succeed('a'), first.CheckpointToken)).rejects.toMatchObject(stale);
      return SUCCEEDED;
    });
    await expect(bed.lambda.invoke(`${name}:live`, {}, { type: 'Event' })).resolves.toMatchObject({
      execution: { status: 'SUCCEEDED' },
    });
    const [, last] = events;
    if (last) await expect(checkpoint(last, succeed('b'))).rejects.toMatchObject(stale);
    expect(events).toHaveLength(2);
  });

  it('is refused while the execution waits', async () => {
    let event: DurableEvent | undefined;
    let latest: string | undefined;
    deploy(async (invoked) => {
      if (event) return SUCCEEDED;
      event = invoked;
      const wait: OperationUpdate = { Id: 'w', Type: 'WAIT', Action: 'START', WaitOptions: { WaitSeconds: 600 } };
      latest = (await checkpoint(invoked, [wait])).CheckpointToken;
      return { Status: 'PENDING' };
    });
    const over = bed.lambda.invoke(`${name}:live`, {}, { type: 'Event' });
    await bed.clock.advance(MINUTE);
    if (event) await expect(checkpoint(event, succeed('a'), latest)).rejects.toMatchObject(stale);
    expect(latest).toBeDefined();
    expect((await over).execution).toMatchObject({ status: 'SUCCEEDED' });
  });

  it('of an invocation that was ended for running too long is refused', async () => {
    bed.lambda.settings.timeoutMilliseconds = MINUTE;
    let first: Parameters<typeof checkpoint>[0] | undefined;
    let refusal: unknown;
    deploy(async (event) => {
      if (first) refusal = await checkpoint(first, succeed('a')).catch((error: unknown) => error);
      first ??= event;
      if (!refusal) await bed.clock.sleep(2 * MINUTE);
      return { Status: 'SUCCEEDED', Result: '""' };
    });
    const { execution } = await bed.lambda.invoke(`${name}:live`, {}, { type: 'Event' });
    expect(execution).toMatchObject({ status: 'SUCCEEDED', operations: [] });
    expect(execution?.invocations.map(({ error }) => error?.ErrorType)).toEqual(['Sandbox.Timedout', undefined]);
    expect(refusal).toMatchObject(stale);
    bed.lambda.settings.timeoutMilliseconds = 15 * MINUTE;
  });

  it('is not there any more once a checkpoint has ended the execution', async () => {
    deploy(async (event) => {
      const answer = await checkpoint(event, [
        { Id: 'result', Type: 'EXECUTION', Action: 'SUCCEED', Payload: '"large"' },
      ]);
      expect(answer.CheckpointToken).toBeUndefined();
      await expect(checkpoint(event, succeed('b'))).rejects.toMatchObject(stale);
      return { Status: 'SUCCEEDED', Result: '' };
    });
    const { execution } = await bed.lambda.invoke(`${name}:live`, {}, { type: 'Event' });
    expect(execution).toMatchObject({ status: 'SUCCEEDED', result: '"large"' });
    await bed.lambda.idle();
    expect(bed.lambda.executions.at(-1)?.invocations).toHaveLength(1);
  });

  it('reads the state page by page, and stays good', async () => {
    await inAnExecution(async (event) => {
      const updates = ['a', 'b', 'c', 'd'].flatMap(succeed);
      const { CheckpointToken } = await checkpoint(event, updates);
      const ids: unknown[] = [];
      let Marker: string | undefined;
      do {
        const { DurableExecutionArn } = event;
        const page = await bed.client.send(
          new GetDurableExecutionStateCommand({ DurableExecutionArn, CheckpointToken, Marker, MaxItems: 2 }),
        );
        ids.push((page.Operations ?? []).map(({ Id, Type }) => (Type === 'EXECUTION' ? Type : Id)));
        Marker = page.NextMarker;
      } while (Marker);
      expect(ids).toEqual([['EXECUTION', 'a'], ['b', 'c'], ['d']]);
      await checkpoint(event, succeed('e'), CheckpointToken);
    });
  });
});

describe('a limit', () => {
  const wait = (seconds: number): OperationUpdate[] => [
    { Id: 'w', Type: 'WAIT', Action: 'START', WaitOptions: { WaitSeconds: seconds } },
  ];

  it('of a wait is 1 to 31,622,400 seconds', async () => {
    const tooShort = { error: 'ValidationException', message: expect.stringContaining('greater than or equal to 1') };
    expect(await refusal(wait(0))).toMatchObject(tooShort);
    expect(await refusal(wait(31_622_401))).toMatchObject({
      error: 'ValidationException',
      message: expect.stringContaining('less than or equal to 31622400'),
    });
    expect(await inAnExecution((event) => checkpoint(event, wait(31_622_400)).then(() => 'accepted'))).toBe('accepted');
  });

  it.each([
    [{ Id: 'a'.repeat(65) }],
    [{ Id: 'a b' }],
    [{ Id: 'a', Name: '' }],
    [{ Id: 'a', Name: 'a'.repeat(257) }],
    [{ Id: 'a', Name: 'größer' }],
    [{ Id: 'a', SubType: 'a'.repeat(33) }],
    [{ Id: 'a', Action: 'JUMP' as 'START' }],
    [{ Id: 'a', Type: 'SLEEP' as 'STEP' }],
    [{ Id: 'a', StepOptions: { NextAttemptDelaySeconds: 0 } }],
  ])("of an operation's names and kinds is the API's (%#)", async (update) => {
    expect(await refusal([{ Type: 'STEP', Action: 'START', ...update }])).toMatchObject({
      error: 'ValidationException',
      status: 400,
    });
  });

  it('of a payload is 256 KB', async () => {
    const step = (bytes: number): OperationUpdate[] => [
      { Id: 'a', Type: 'STEP', Action: 'SUCCEED', Payload: 'x'.repeat(bytes) },
    ];
    expect(await refusal(step(262_145))).toEqual(
      invalid('STEP payload size must be less than or equal to 262144 bytes.'),
    );
    expect(await refusal(step(262_144))).toBe('accepted');
  });

  it('of an error is 32 KB', async () => {
    const step = (bytes: number): OperationUpdate[] => [
      { Id: 'a', Type: 'STEP', Action: 'FAIL', Error: { ErrorMessage: 'x'.repeat(bytes) } },
    ];
    expect(await refusal(step(32_768))).toEqual(invalid('Error object size must be less than 32768 bytes.'));
    expect(await refusal(step(32_700))).toBe('accepted');
  });

  it('of an execution is 3,000 operations', async () => {
    const steps = (from: number, count: number): OperationUpdate[] =>
      Array.from({ length: count }, (_, index) => ({ Id: `s${from + index}`, Type: 'STEP', Action: 'SUCCEED' }));
    await inAnExecution(async (event) => {
      // The execution itself is the first.
      const { CheckpointToken } = await checkpoint(event, steps(0, 2_998));
      await expect(checkpoint(event, steps(2_998, 2), CheckpointToken)).rejects.toMatchObject({
        name: 'InvalidParameterValueException',
      });
      await checkpoint(event, steps(2_998, 1), CheckpointToken);
    });
    expect(bed.lambda.executions.at(-1)?.usage.operations).toBe(3_000);
  });
});

describe('executions', () => {
  const forever: Invoked = async (event) => {
    if (event.InitialExecutionState.Operations.length > 1) return SUCCEEDED;
    await checkpoint(event, [{ Id: 'w', Type: 'WAIT', Action: 'START', WaitOptions: { WaitSeconds: 600 } }]);
    return { Status: 'PENDING' };
  };

  it('can be looked at, with or without their data', async () => {
    deploy(async () => SUCCEEDED);
    const { DurableExecutionArn } = await invoke(`${name}:live`, 'RequestResponse', { a: 1 }, 'one');
    const got = await bed.client.send(new GetDurableExecutionCommand({ DurableExecutionArn }));
    expect(got).toMatchObject({
      DurableExecutionArn,
      DurableExecutionName: 'one',
      FunctionArn: `arn:aws:lambda:eu-central-1:123456789012:function:${name}:1`,
      Status: 'SUCCEEDED',
      InputPayload: '{"a":1}',
      Result: '"done"',
      Version: '1',
      StartTimestamp: new Date(bed.clock.now()),
      EndTimestamp: new Date(bed.clock.now()),
      DurableConfig: { ExecutionTimeout: 900, RetentionPeriodInDays: 14 },
    });
    const bare = await bed.client.send(
      new GetDurableExecutionCommand({ DurableExecutionArn, IncludeExecutionData: false }),
    );
    expect(bare).toMatchObject({ Status: 'SUCCEEDED', ExecutionDataIncluded: false });
    expect(bare.InputPayload ?? bare.Result).toBeUndefined();
    const malformed = bed.client.send(new GetDurableExecutionCommand({ DurableExecutionArn: 'arn:aws:lambda:x' }));
    await expect(malformed).rejects.toMatchObject({ name: 'ValidationException' });
  });

  it('can be stopped, once', async () => {
    deploy(forever);
    const { DurableExecutionArn } = await invoke(`${name}:live`, 'Event', {}, 'one');
    const stop = (ErrorMessage: string) =>
      bed.client.send(
        new StopDurableExecutionCommand({ DurableExecutionArn, Error: { ErrorType: 'Operator', ErrorMessage } }),
      );
    await stop('enough');
    await stop('again');
    await bed.lambda.idle();
    expect(bed.lambda.executions.at(-1)).toMatchObject({
      status: 'STOPPED',
      error: { ErrorType: 'Operator', ErrorMessage: 'enough' },
    });
  });

  it('that are stopped make no checkpoint any more', async () => {
    deploy(async (event) => {
      const { DurableExecutionArn } = event;
      await bed.client.send(new StopDurableExecutionCommand({ DurableExecutionArn }));
      await expect(checkpoint(event, [{ Id: 'a', Type: 'STEP', Action: 'SUCCEED' }])).rejects.toMatchObject({
        message: 'Invalid checkpoint token',
      });
      return SUCCEEDED;
    });
    const { execution } = await bed.lambda.invoke(`${name}:live`, {}, { type: 'Event' });
    expect(execution).toMatchObject({ status: 'STOPPED', operations: [] });
  });

  it('are listed by function, the newest first, by name, status and version, page by page', async () => {
    deploy(async () => SUCCEEDED);
    for (const each of ['one', 'two', 'three']) await invoke(`${name}:live`, 'RequestResponse', {}, each);
    deploy(forever);
    await invoke(`${name}:live`, 'Event', {}, 'four');
    const list = async (more: object = {}) => {
      const page = await bed.client.send(new ListDurableExecutionsByFunctionCommand({ FunctionName: name, ...more }));
      return [
        (page.DurableExecutions ?? []).map(({ DurableExecutionName }) => DurableExecutionName),
        page.NextMarker,
      ] as const;
    };
    expect((await list())[0]).toEqual(['four', 'three', 'two', 'one']);
    expect((await list({ ReverseOrder: true }))[0]).toEqual(['one', 'two', 'three', 'four']);
    expect((await list({ Statuses: ['RUNNING', 'FAILED'] }))[0]).toEqual(['four']);
    expect((await list({ DurableExecutionName: 'two' }))[0]).toEqual(['two']);
    expect((await list({ Qualifier: '1' }))[0]).toEqual(['three', 'two', 'one']);
    const [first, Marker] = await list({ MaxItems: 3 });
    expect(first).toEqual(['four', 'three', 'two']);
    expect(await list({ MaxItems: 3, Marker })).toEqual([['one'], undefined]);
  });
});
