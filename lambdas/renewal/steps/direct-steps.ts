import type { Clock } from '../ports/clock.ts';
import type { Polled, Steps } from '../ports/steps.ts';
import { uniqueNames } from './unique-names.ts';

/** Everything in one invocation: nothing is checkpointed, a wait is a wait. */
export function directSteps(clock: Clock): Steps {
  const once = uniqueNames();
  return {
    run: async (name, step) => {
      once(name);
      return step();
    },
    wait: async (name, milliseconds) => {
      once(name);
      await clock.sleep(milliseconds);
    },
    poll: async <T, K>(name: string, check: (attempt: number, kept: K | undefined) => Promise<Polled<T, K>>) => {
      once(name);
      let kept: K | undefined;
      for (let attempt = 1; ; attempt += 1) {
        const polled = await check(attempt, kept);
        if (polled.done) return polled.value;
        kept = polled.keep;
        await clock.sleep(polled.waitMilliseconds);
      }
    },
  };
}
