import type { Clock } from './ports/clock.ts';
import type { Steps } from './ports/steps.ts';

/** Everything in one invocation: nothing is checkpointed, a wait is a wait. */
export function directSteps(clock: Clock): Steps {
  const names = new Set<string>();
  const once = (name: string) => {
    if (names.has(name)) throw new TypeError(`two steps of one execution are called ${name}`);
    names.add(name);
  };
  return {
    run: async (name, step) => {
      once(name);
      return step();
    },
    wait: async (name, milliseconds) => {
      once(name);
      await clock.sleep(milliseconds);
    },
    poll: async (name, check) => {
      once(name);
      for (let attempt = 1; ; attempt += 1) {
        const polled = await check(attempt);
        if (polled.done) return polled.value;
        await clock.sleep(polled.waitMilliseconds);
      }
    },
  };
}
