import type { VirtualClock } from './virtual-clock.ts';

/**
 * Makes any operation of the sandbox fail, wait or lose its answer.
 *
 * ```ts
 * sandbox.faults.add({ operation: 'route53:ChangeResourceRecordSets', times: 2, error: THROTTLING });
 * sandbox.faults.add({ operation: 'acme:finalize', phase: 'after', drop: true }); // happened, but nobody hears of it
 * ```
 */
export interface Fault {
  /** `service:operation`; a trailing `*` matches any rest: `secretsmanager:*`. */
  readonly operation: string;
  /** Before the operation has an effect (default), or after it. */
  readonly phase?: 'before' | 'after';
  /** How many matching requests are hit; all of them when left out. */
  readonly times?: number;
  /** How many matching requests pass first. */
  readonly skip?: number;
  /** Whether a request is hit; sees what the server parsed. */
  readonly when?: (request: unknown) => boolean;
  /** Answer with this error instead. */
  readonly error?: FaultError;
  /** Close the connection without an answer. */
  readonly drop?: true;
  /** Kill the run that asks: its process is gone before, or after, the effect. */
  readonly kill?: true;
  /** The request arrives twice, and the client gets the second answer. `phase` must be `before`. */
  readonly repeat?: true;
  /** Answer so much later, virtual milliseconds. */
  readonly delay?: number;
}

/** An error on the wire; each server renders it in its own format (AWS: XML or JSON, CA: problem document). */
export interface FaultError {
  readonly status: number;
  /** AWS: the error code, such as `Throttling`; CA: the last part of the problem type, such as `rateLimited`. */
  readonly name: string;
  readonly message: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export type FaultAction = { readonly error: FaultError } | { readonly drop: true } | { readonly repeat: true };

/** Follows what happens in the servers. */
export interface Watcher {
  /** An operation has had its effect; nothing has been done to its answer yet. */
  effect(operation: string, request: unknown): void;
  /** A fault has hit a request. */
  hit(operation: string, fault: Fault, request: unknown): void;
}

export class Faults {
  readonly #clock: VirtualClock;
  readonly #watchers: Watcher[] = [];
  #planned: { fault: Fault; seen: number; hits: number }[] = [];

  constructor(clock: VirtualClock) {
    this.#clock = clock;
  }

  /** Returns a function that takes the fault away again. */
  add(fault: Fault): () => void {
    const entry = { fault, seen: 0, hits: 0 };
    this.#planned.push(entry);
    return () => {
      this.#planned = this.#planned.filter((other) => other !== entry);
    };
  }

  watch(watcher: Watcher): void {
    this.#watchers.push(watcher);
  }

  clear(): void {
    this.#planned = [];
  }

  /**
   * For the servers: called before and after each operation's effect. Waits out delays and returns what to answer
   * instead, if anything.
   */
  async at(phase: 'before' | 'after', operation: string, request: unknown): Promise<FaultAction | undefined> {
    if (phase === 'after') for (const watcher of this.#watchers) watcher.effect(operation, request);
    for (const entry of this.#planned) {
      const { fault } = entry;
      if ((fault.phase ?? 'before') !== phase || !matches(fault.operation, operation)) continue;
      if (fault.when && !fault.when(request)) continue;
      entry.seen += 1;
      if (entry.seen <= (fault.skip ?? 0) || entry.hits >= (fault.times ?? Number.POSITIVE_INFINITY)) continue;
      entry.hits += 1;
      for (const watcher of this.#watchers) watcher.hit(operation, fault, request);
      if (fault.delay) await this.#clock.hold(fault.delay);
      if (fault.kill) this.#clock.kill();
      if (fault.kill || fault.drop) return { drop: true };
      if (fault.error) return { error: fault.error };
      if (fault.repeat) return { repeat: true };
    }
    return undefined;
  }
}

function matches(pattern: string, operation: string): boolean {
  return pattern.endsWith('*') ? operation.startsWith(pattern.slice(0, -1)) : pattern === operation;
}
