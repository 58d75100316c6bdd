import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type AwsClients, createAwsClients } from '../../lambdas/aws/clients.ts';
import { createLambdaStarter } from '../../lambdas/aws/lambda-starter.ts';
import { renewalStarterContract } from '../contracts/renewal-starter.contract.ts';
import { LambdaService } from '../sandbox/lambda.ts';
import { type AwsWorld, startAwsWorld } from './aws-world.ts';

const FUNCTION = 'evercert-renew';
const EVENT = { certificate: 'example.com', force: false };

let world: AwsWorld;
let clients: AwsClients;
let lambda: LambdaService;
let received: unknown[];

async function start() {
  received = [];
  world = await startAwsWorld(({ clock }) => {
    lambda = new LambdaService({ clock });
    return [lambda];
  });
  lambda.register(FUNCTION, async (event) => {
    received.push(event);
  });
  clients = createAwsClients({ clock: world.clock });
}

async function stop() {
  clients.destroy();
  await world.stop();
}

renewalStarterContract('Lambda', async () => {
  await start();
  return {
    starter: createLambdaStarter(clients.lambda, FUNCTION, { durable: false }),
    received: async () => {
      await lambda.idle();
      return received;
    },
    refuse: (message) => {
      world.faults.add({
        operation: 'lambda:Invoke',
        error: { status: 404, name: 'ResourceNotFoundException', message },
      });
    },
    stop,
  };
});

describe('the starter in Lambda', () => {
  beforeEach(start);
  afterEach(stop);

  it('starts again when the answer is lost', async () => {
    world.faults.add({ operation: 'lambda:Invoke', phase: 'after', times: 1, drop: true });
    await createLambdaStarter(clients.lambda, FUNCTION, { durable: false }).start(EVENT, 'attempt-1');
    await lambda.idle();
    expect(received).toEqual([EVENT, EVENT]);
  });

  it('waits while Lambda throttles', async () => {
    const error = { status: 429, name: 'TooManyRequestsException', message: 'Rate Exceeded.' };
    world.faults.add({ operation: 'lambda:Invoke', times: 6, error });
    await createLambdaStarter(clients.lambda, FUNCTION, { durable: false }).start(EVENT, 'attempt-1');
    await lambda.idle();
    expect(received).toEqual([EVENT]);
  });

  it.each([
    [true, 'attempt-1'],
    [false, undefined],
  ])('names the execution if the function is durable (%s)', async (durable, name) => {
    const names: unknown[] = [];
    world.faults.add({
      operation: 'lambda:Invoke',
      when: (request) => {
        names.push((request as { headers: Record<string, unknown> }).headers['x-amz-durable-execution-name']);
        return false;
      },
    });
    await createLambdaStarter(clients.lambda, FUNCTION, { durable }).start(EVENT, 'attempt-1');
    expect(names).toEqual([name]);
  });

  it('takes an execution that has been started already with another payload for started', async () => {
    const error = { status: 409, name: 'DurableExecutionAlreadyStartedException', message: 'already started' };
    world.faults.add({ operation: 'lambda:Invoke', error });
    await createLambdaStarter(clients.lambda, FUNCTION, { durable: true }).start(EVENT, 'attempt-1');
  });
});
