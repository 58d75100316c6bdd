/** What has to be ended, in the reverse order of its start. */
export interface Stops {
  add(stop: () => unknown): void;
  /** Adds what was started and hands it back. */
  keep<T extends { stop(): Promise<void> }>(started: T): T;
  /** Ends all of it, whatever some of it throws, and throws that afterwards. */
  stop(): Promise<void>;
}

export function createStops(): Stops {
  const stops: (() => unknown)[] = [];
  return {
    add: (stop) => {
      stops.push(stop);
    },
    keep: (started) => {
      stops.push(() => started.stop());
      return started;
    },
    stop: async () => {
      const problems: unknown[] = [];
      for (const each of stops.splice(0).reverse()) {
        try {
          await each();
        } catch (error) {
          problems.push(error);
        }
      }
      if (problems.length > 0) throw new AggregateError(problems, problems.map(String).join('; '));
    },
  };
}
