import { type DurableContext, DurableOperationError } from '@aws/durable-execution-sdk-js';
import { toFailure } from '../core/failure.ts';
import { parseStoredFailure, toStoredFailure } from '../core/stored-failure.ts';
import type { Polled, Steps } from '../renewal/ports/steps.ts';
import { uniqueNames } from '../renewal/steps/unique-names.ts';

/**
 * Steps that Lambda checkpoints: on a resume they are not run again, and waiting between them costs nothing. A step that
 * fails is not repeated by the service, because what is worth repeating has been repeated inside of it.
 * https://docs.aws.amazon.com/lambda/latest/dg/durable-execution-sdk.html
 */
export function durableSteps(context: DurableContext): Steps {
  const once = uniqueNames();
  return {
    run: async (name, step) => {
      once(name);
      return context
        .step(name, () => storable(step()), { retryStrategy: () => ({ shouldRetry: false }) })
        .catch(rebuild);
    },
    wait: async (name, milliseconds) => {
      once(name);
      await context.wait(name, wholeSeconds(milliseconds));
    },
    poll: async <T, K>(name: string, check: (attempt: number, kept: K | undefined) => Promise<Polled<T, K>>) => {
      once(name);
      const polled = await context
        .waitForCondition<Polled<T, K>>(
          name,
          (before, { attempt }) => storable(check(attempt, before.done ? undefined : before.keep)),
          {
            initialState: { done: false, waitMilliseconds: 0 },
            waitStrategy: (polled) =>
              polled.done
                ? { shouldContinue: false }
                : { shouldContinue: true, delay: wholeSeconds(polled.waitMilliseconds) },
          },
        )
        .catch(rebuild);
      if (!polled.done) throw new TypeError(`${name} ended before it was done`);
      return polled.value;
    },
  };
}

/** A failure as the service stores it, and shows it to whoever may read executions. */
export class DurableFailure extends DurableOperationError {
  override readonly errorType = 'RenewalFailure';

  constructor(error: unknown) {
    const { message, data } = toStoredFailure(toFailure(error));
    super(message, undefined, data);
  }
}

function storable<T>(work: Promise<T>): Promise<T> {
  return work.catch((error: unknown) => {
    throw new DurableFailure(error);
  });
}

function rebuild(error: unknown): never {
  const stored = error instanceof DurableOperationError ? error : undefined;
  throw (stored && parseStoredFailure({ message: stored.message, data: stored.errorData ?? '' })) ?? error;
}

/** The service knows whole seconds, from one on. */
function wholeSeconds(milliseconds: number): { seconds: number } {
  return { seconds: Math.max(1, Math.ceil(milliseconds / 1000)) };
}
