import { describe, expect, it } from '@jest/globals';
import type { Clock } from '../../lambdas/renewal/ports/clock.ts';

/** What every `Clock` promises. `stop` is called after each test. */
export function clockContract(name: string, start: () => { readonly clock: Clock; readonly stop?: () => void }): void {
  const using = async (test: (clock: Clock) => Promise<void>) => {
    const { clock, stop } = start();
    try {
      await test(clock);
    } finally {
      stop?.();
    }
  };

  describe(`${name} keeps the contract of Clock: it`, () => {
    it('does not go backwards', () =>
      using(async (clock) => {
        let before = clock.now();
        for (let sleep = 0; sleep < 20; sleep += 1) {
          await clock.sleep(sleep % 3);
          expect(clock.now()).toBeGreaterThanOrEqual(before);
          before = clock.now();
        }
      }));

    it('tells milliseconds since the epoch', () =>
      using(async (clock) => {
        expect(clock.now()).toBeGreaterThan(Date.UTC(2020, 0, 1));
        expect(clock.now()).toBeLessThan(Date.UTC(2100, 0, 1));
      }));

    it('sleeps no shorter than it was asked to', () =>
      using(async (clock) => {
        for (const milliseconds of [1, 2, 5, 1.5, ...Array<number>(50).fill(1)]) {
          const before = clock.now();
          await clock.sleep(milliseconds);
          expect(clock.now() - before).toBeGreaterThanOrEqual(milliseconds);
        }
      }));

    it('wakes several sleepers in the order of their times', () =>
      using(async (clock) => {
        const woken: number[] = [];
        await Promise.all(
          [30, 10, 20].map(async (milliseconds) => {
            await clock.sleep(milliseconds);
            woken.push(milliseconds);
          }),
        );
        expect(woken).toEqual([10, 20, 30]);
      }));

    it.each([0, -1, -1_000])('does not wait for %d milliseconds', (milliseconds) =>
      using(async (clock) => {
        const order: string[] = [];
        const later = clock.sleep(20).then(() => order.push('20 ms'));
        await clock.sleep(milliseconds);
        order.push('at once');
        await later;
        expect(order).toEqual(['at once', '20 ms']);
      }),
    );
  });
}
