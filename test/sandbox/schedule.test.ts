import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { HOUR } from '../../lambdas/core/duration.ts';
import { type Sandbox, startSandbox } from './sandbox.ts';

describe('The schedule', () => {
  let sandbox: Sandbox;

  beforeEach(async () => {
    sandbox = await startSandbox({ now: 0 });
  });

  afterEach(() => sandbox.stop());

  // Not only once IAM has been asked before: the first question of a process takes longer than one turn of the event loop.
  it('starts a scan before time passes', async () => {
    const moments: number[] = [];
    sandbox.faults.watch({
      effect: (operation) => void (operation === 'secretsmanager:ListSecrets' && moments.push(sandbox.clock.now())),
      hit: () => undefined,
    });
    await Promise.all([sandbox.scan(), sandbox.clock.advance(HOUR)]);
    expect(moments).toEqual([0]);
  });
});
