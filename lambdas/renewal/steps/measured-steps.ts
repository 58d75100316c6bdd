import { type Phase, phaseEndingWith } from '../../core/phase.ts';
import type { Clock } from '../ports/clock.ts';
import type { Polled, Steps } from '../ports/steps.ts';

export interface Measured {
  readonly steps: Steps;
  /**
   * Whether the last step has run here, or no step has: `false` when its stored end was all that there was to know of it.
   * What is told to somebody only then is told at most once, whatever is repeated.
   */
  endedHere(): boolean;
}

/** Told right after a step's end has been stored, in the invocation that the step has ended in. */
export interface Measurements {
  phase(phase: Phase, milliseconds: number): void;
  wentLive(): void;
}

interface Timed<T> {
  readonly value: T;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/**
 * The same steps with a measured time. A step that ends a phase keeps the moment beside its result, so that the next phase
 * is measured from there in whichever invocation it ends, without a checkpoint more. A phase that fails has no time.
 */
export function measuredSteps(steps: Steps, clock: Clock, told: Measurements): Measured {
  let began = clock.now();
  let here = true;

  const ended = (phase: Phase, at: number) => {
    if (here) told.phase(phase, at - began);
    if (here && phase === GO_LIVE) told.wentLive();
    began = at;
  };
  const watched = <A extends readonly unknown[], T>(work: (...args: A) => Promise<T>) => {
    here = false;
    return (...args: A) => {
      here = true;
      return work(...args);
    };
  };

  return {
    endedHere: () => here,
    steps: {
      wait: (name, milliseconds) => steps.wait(name, milliseconds),
      run: async (name, step) => {
        const work = watched(step);
        const phase = phaseEndingWith(name);
        if (!phase) return steps.run(name, work);
        const { value, at } = await steps.run(name, async () => timed(await work(), clock));
        ended(phase, at);
        return value;
      },
      poll: async <T, K>(name: string, check: (attempt: number, kept: K | undefined) => Promise<Polled<T, K>>) => {
        const work = watched(check);
        const phase = phaseEndingWith(name);
        if (!phase) return steps.poll(name, work);
        const { value, at } = await steps.poll<Timed<T>, K>(name, async (attempt, kept) => {
          const polled = await work(attempt, kept);
          return polled.done ? { done: true, value: timed(polled.value, clock) } : polled;
        });
        ended(phase, at);
        return value;
      },
    },
  };
}

const GO_LIVE: Phase = 'go live';

function timed<T>(value: T, clock: Clock): Timed<T> {
  return { value, at: clock.now() };
}
