import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { HOUR } from '../../lambdas/core/duration.ts';
import { type StackSandbox, startStackSandbox } from './stack-sandbox.ts';

describe('the CloudFormation of a sandbox', () => {
  let world: StackSandbox;
  /** When each request reached `provision`, virtual milliseconds. */
  const reached: number[] = [];

  beforeEach(async () => {
    reached.splice(0);
    world = await startStackSandbox({ zones: ['leane.dev'] });
    const { clock, faults } = world.sandbox;
    const effect = (operation: string) => {
      if (operation === 'lambda:Invoke') reached.push(clock.now());
    };
    faults.watch({ effect, hit: () => undefined });
  });

  afterEach(() => world.stop());

  it('asks again where Lambda refuses a request of it, before anybody else’s time goes on', async () => {
    const { clock, faults } = world.sandbox;
    const began = clock.now();
    const error = { status: 503, name: 'ServiceUnavailableException', message: 'Service Unavailable' };
    faults.add({ operation: 'lambda:Invoke', times: 2, error });
    const delivered = world.deliver({});
    await clock.advance(HOUR);
    await delivered;
    expect(reached).toEqual([began]);
  });
});
