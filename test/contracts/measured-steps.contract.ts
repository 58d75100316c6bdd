import { describe, expect, it } from '@jest/globals';
import type { Clock } from '../../lambdas/renewal/ports/clock.ts';
import type { Steps } from '../../lambdas/renewal/ports/steps.ts';
import { measuredSteps } from '../../lambdas/renewal/steps/measured-steps.ts';

type Execute = <T>(flow: (steps: Steps, clock: Clock) => Promise<T>) => Promise<{ readonly result: T }>;

/** What is measured is the same however steps are made durable; `execute` as for `stepsContract`. */
export function measuredStepsContract(name: string, execute: Execute): void {
  describe(`what is measured of ${name}:`, () => {
    /** Runs a flow; what it has told over all of its invocations, and what it told in the last one of its own end. */
    const measure = async (flow: (steps: Steps) => Promise<unknown>) => {
      const told: (readonly [string, number?])[] = [];
      const { result } = await execute(async (steps, clock) => {
        const measured = measuredSteps(steps, clock, {
          phase: (phase, milliseconds) => told.push([phase, milliseconds]),
          wentLive: () => told.push(['went live']),
        });
        await flow(measured.steps);
        return measured.endedHere();
      });
      return { told, endedHere: result };
    };

    it('a phase takes from the end of the one before to its own, waits and steps in between included', async () => {
      const { told } = await measure(async (steps) => {
        await steps.run('claim', async () => 'claimed');
        await steps.run('store challenge values', async () => 'stored');
        await steps.wait('let TXT values propagate 1', 20_000);
        await steps.poll('wait in sync 1', async (attempt) =>
          attempt < 3 ? { done: false, waitMilliseconds: 5_000 } : { done: true, value: null },
        );
        await steps.wait('a while', 7_000);
        await steps.run('go live, order 2', async () => undefined);
      });
      expect(told).toEqual([['claim', 0], ['wait in sync', 30_000], ['go live', 7_000], ['went live']]);
    });

    it('everything is told once, whatever is replayed afterwards', async () => {
      const { told } = await measure(async (steps) => {
        await steps.run('go live', async () => undefined);
        for (const wait of ['one', 'two', 'three']) await steps.wait(wait, 1_000);
        await steps.run('announce', async () => undefined);
      });
      expect(told.map(([what]) => what)).toEqual(['go live', 'went live', 'announce']);
    });

    it('steps return what they return, undefined as well', async () => {
      const returned: unknown[] = [];
      await measure(async (steps) => {
        returned.push(await steps.run('claim', async () => ({ value: 'a', at: 'b' })));
        returned.push(await steps.run('go live', async () => undefined));
        returned.push(await steps.poll('wait for validation', async () => ({ done: true, value: [1] })));
      });
      expect(returned).toEqual([{ value: 'a', at: 'b' }, undefined, [1]]);
    });

    it('a phase that fails has no time, and its failure has ended here', async () => {
      const { told, endedHere } = await measure(async (steps) => {
        await steps.wait('a while', 1_000);
        await steps.run('place order', async () => Promise.reject(new Error('no'))).catch(() => undefined);
      });
      expect({ told, endedHere }).toEqual({ told: [], endedHere: true });
    });
  });
}
