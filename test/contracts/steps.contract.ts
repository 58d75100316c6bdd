import { describe, expect, it } from '@jest/globals';
import { RenewalFailure } from '../../lambdas/core/failure.ts';
import type { Steps } from '../../lambdas/renewal/ports/steps.ts';

/** `execute` runs a flow to its end as one execution, replays included, and says how much time the flow has waited. */
export function stepsContract(
  name: string,
  execute: <T>(flow: (steps: Steps) => Promise<T>) => Promise<{ readonly result: T; readonly waited: number }>,
): void {
  describe(`${name} keeps the contract of Steps: it`, () => {
    it('runs steps in the order in which they are awaited, each once, and returns what they return', async () => {
      const ran: string[] = [];
      const { result } = await execute(async (steps) => {
        const first = await steps.run('first', async () => ran.push('first'));
        await steps.wait('a while', 1000);
        const second = await steps.run('second', async () => ran.push('second'));
        return [first, second];
      });
      expect(ran).toEqual(['first', 'second']);
      expect(result).toEqual([1, 2]);
    });

    it('returns plain data as it was, and undefined as undefined', async () => {
      const data = { text: 'ü', list: [1, null, { nested: true }], empty: '' };
      const { result } = await execute(async (steps) => ({
        data: await steps.run('data', async () => data),
        nothing: await steps.run('nothing', async () => undefined),
      }));
      expect(result.data).toEqual(data);
      expect(result.nothing).toBeUndefined();
    });

    it('waits as long as it was asked to', async () => {
      const { waited } = await execute((steps) => steps.wait('half a minute', 30_000));
      expect(waited).toBeGreaterThanOrEqual(30_000);
    });

    it('polls at once, then after each wait, counting from 1, until it is done', async () => {
      const attempts: number[] = [];
      const { result, waited } = await execute((steps) =>
        steps.poll('until three', async (attempt) => {
          attempts.push(attempt);
          return attempt < 3 ? { done: false, waitMilliseconds: 5000 * attempt } : { done: true, value: 'three' };
        }),
      );
      expect(result).toBe('three');
      expect(attempts).toEqual([1, 2, 3]);
      expect(waited).toBeGreaterThanOrEqual(15_000);
    });

    it('gives each check of a poll what the one before it kept', async () => {
      const seen: (readonly string[] | undefined)[] = [];
      await execute((steps) =>
        steps.poll<null, readonly string[]>('all gone', async (_attempt, kept) => {
          seen.push(kept);
          const left = (kept ?? ['a', 'b', 'c']).slice(1);
          return left.length > 0 ? { done: false, waitMilliseconds: 1000, keep: left } : { done: true, value: null };
        }),
      );
      expect(seen).toEqual([undefined, ['b', 'c'], ['c']]);
    });

    it('passes a failure on with its code, message, class and details, from steps and from polls', async () => {
      const failure = () =>
        new RenewalFailure('ca-rate-limited', 'the CA asks to wait', { retry: 'never', details: { retryAt: 5 } });
      const caught = {
        code: 'ca-rate-limited',
        message: 'the CA asks to wait',
        retry: 'never',
        details: { retryAt: 5 },
      };
      const { result } = await execute(async (steps) => ({
        run: await steps.run('fails', async () => Promise.reject(failure())).catch((error: unknown) => error),
        poll: await steps.poll('fails too', async () => Promise.reject(failure())).catch((error: unknown) => error),
      }));
      expect(result.run).toMatchObject(caught);
      expect(result.poll).toMatchObject(caught);
    });

    it('passes anything else that is thrown on as a failure, or as it was, with its message', async () => {
      const broken = async (): Promise<never> => {
        throw new TypeError('undefined is not a function');
      };
      const { result } = await execute(async (steps) => ({
        run: await steps.run('breaks', broken).catch((error: unknown) => error),
        poll: await steps.poll('breaks too', broken).catch((error: unknown) => error),
      }));
      for (const caught of [result.run, result.poll]) expect(String(caught)).toContain('undefined is not a function');
    });

    it('goes on after a failure that was caught', async () => {
      const ran: string[] = [];
      await execute(async (steps) => {
        await steps.run('fails', async () => Promise.reject(new Error('no'))).catch(() => ran.push('caught'));
        await steps.wait('a while', 1000);
        await steps.run('afterwards', async () => ran.push('afterwards'));
      });
      expect(ran.at(-1)).toBe('afterwards');
    });

    it('refuses a second step of the same name', async () => {
      await expect(
        execute(async (steps) => {
          await steps.run('once', async () => 1);
          await steps.run('once', async () => 2);
        }),
      ).rejects.toThrow('two steps of one execution are called once');
    });
  });
}
