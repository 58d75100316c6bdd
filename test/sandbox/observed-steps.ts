import type { Steps } from '../../lambdas/renewal/ports/steps.ts';

export interface StepEvent {
  readonly name: string;
  readonly phase: 'begins' | 'ends' | 'fails';
}

/** The same steps, and somebody who watches them. */
export function observedSteps(steps: Steps, onStep: (event: StepEvent) => void): Steps {
  const watched = async <T>(name: string, work: Promise<T>): Promise<T> => {
    onStep({ name, phase: 'begins' });
    try {
      const value = await work;
      onStep({ name, phase: 'ends' });
      return value;
    } catch (error) {
      onStep({ name, phase: 'fails' });
      throw error;
    }
  };
  return {
    run: (name, step) => watched(name, steps.run(name, step)),
    wait: (name, milliseconds) => watched(name, steps.wait(name, milliseconds)),
    poll: (name, check) => watched(name, steps.poll(name, check)),
  };
}
