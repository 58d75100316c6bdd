/**
 * Durability as `renew` knows it: named, checkpointed pieces of one attempt.
 *
 * Contract (`test/contracts/steps.contract.ts`):
 * - Steps MUST run in the order in which they are awaited, and a step that has completed MUST NOT run again in the
 *   same execution: on a replay its stored result is returned.
 * - A step MAY run more than once when it was interrupted before its result was stored: what it does is idempotent.
 * - What a step returns MUST be plain JSON data and MUST NOT hold key material; `undefined` comes back as `undefined`.
 * - A `RenewalFailure` thrown in a step MUST reach the caller with its code, message, retry class and details.
 * - Names are unique within one execution.
 */
export interface Steps {
  run<T>(name: string, step: () => Promise<T>): Promise<T>;

  /** Waits without being charged for it, where the implementation can. */
  wait(name: string, milliseconds: number): Promise<void>;

  /**
   * Repeats `check` until it is done, waiting in between as long as each answer says. Has no deadline of its own:
   * `check` throws when it has seen enough. The first check runs at once. What one check keeps (plain data) is given to
   * the next, which may run in another process.
   */
  poll<T, K = never>(name: string, check: (attempt: number, kept: K | undefined) => Promise<Polled<T, K>>): Promise<T>;
}

/** `attempt` counts from 1. */
export type Polled<T, K = never> =
  | { readonly done: true; readonly value: T }
  | { readonly done: false; readonly waitMilliseconds: number; readonly keep?: K };
