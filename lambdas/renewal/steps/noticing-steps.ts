import type { Polled, Steps } from '../ports/steps.ts';

/**
 * The same steps, for a process that takes a suspended run up again with what it knew then. What has ended in another
 * process meanwhile is no news to the flow, but may be to what is remembered beside it: `elsewhere` is called before the flow
 * goes on from a step whose stored end is all that there is of it here. `seen` has the names that this process knows of.
 */
export function noticingSteps(steps: Steps, seen: Set<string>, elsewhere: () => void): Steps {
  const notice = async <T>(name: string, going: (here: () => void) => Promise<T>): Promise<T> => {
    let ranHere = false;
    try {
      return await going(() => {
        ranHere = true;
      });
    } finally {
      if (!ranHere && !seen.has(name)) elsewhere();
      seen.add(name);
    }
  };
  return {
    wait: (name, milliseconds) => steps.wait(name, milliseconds),
    run: (name, step) =>
      notice(name, (here) =>
        steps.run(name, () => {
          here();
          return step();
        }),
      ),
    poll: <T, K>(name: string, check: (attempt: number, kept: K | undefined) => Promise<Polled<T, K>>) =>
      notice(name, (here) =>
        steps.poll<T, K>(name, (attempt, kept) => {
          here();
          return check(attempt, kept);
        }),
      ),
  };
}
