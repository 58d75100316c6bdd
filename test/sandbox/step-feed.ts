import type { StepEvent } from './observed-steps.ts';

/** Lets somebody wait for the end of steps by name. A step that fails ends everybody's waiting. */
export class StepFeed {
  #ended = new Map<string, PromiseWithResolvers<void>>();

  readonly onStep = ({ name, phase }: StepEvent): void => {
    if (phase === 'ends') this.#of(name).resolve();
    if (phase === 'fails')
      for (const waiting of this.#ended.values())
        waiting.reject(new Error(`the step "${name}" failed; the log says why`));
  };

  ended(name: string): Promise<void> {
    return this.#of(name).promise;
  }

  reset(): void {
    this.#ended = new Map();
  }

  #of(name: string): PromiseWithResolvers<void> {
    const known = this.#ended.get(name) ?? Promise.withResolvers<void>();
    // Whoever waits sees the failure; a step that nobody waits for is no unhandled rejection.
    known.promise.catch(() => undefined);
    this.#ended.set(name, known);
    return known;
  }
}
