/** Time, as this folder needs it; whoever has a clock with more methods can pass it. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  sleep(milliseconds: number): Promise<void>;
}
