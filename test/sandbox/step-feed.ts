import type { StepEvent } from './observed-steps.ts';
import type { LogEntry } from './sandbox.ts';

/** Lets somebody wait for the end of steps by name. A step that fails ends everybody's waiting. */
export class StepFeed {
  #ended = new Map<string, PromiseWithResolvers<void>>();
  #started = Promise.withResolvers<string>();

  readonly onStep = ({ name, phase }: StepEvent): void => {
    if (phase === 'ends') this.#of(name).resolve();
    if (phase === 'fails')
      for (const waiting of this.#ended.values())
        waiting.reject(new Error(`the step "${name}" failed; the log says why`));
  };

  readonly onLog = ({ message, fields }: LogEntry): void => {
    if (message === 'renewal started') this.#started.resolve(`${fields['certificate']}: ${fields['reason']}`);
  };

  /** Resolves to what the scan has started, and why. */
  started(): Promise<string> {
    return this.#started.promise;
  }

  ended(name: string): Promise<void> {
    return this.#of(name).promise;
  }

  reset(): void {
    this.#ended = new Map();
    this.#started = Promise.withResolvers();
  }

  #of(name: string): PromiseWithResolvers<void> {
    const known = this.#ended.get(name) ?? Promise.withResolvers<void>();
    // Whoever waits sees the failure; a step that nobody waits for is no unhandled rejection.
    known.promise.catch(() => undefined);
    this.#ended.set(name, known);
    return known;
  }
}
