/** A token bucket as AWS throttles with: full at first, refilled continuously, never above its capacity. */
export class TokenBucket {
  readonly #capacity: number;
  readonly #perSecond: number;
  readonly #clock: { now(): number };
  #tokens: number;
  #filledAt: number;

  /** Time is `clock`'s, in milliseconds. */
  constructor(rate: TokenBucketRate, clock: { now(): number }) {
    this.#capacity = rate.capacity;
    this.#perSecond = rate.perSecond;
    this.#clock = clock;
    this.#tokens = rate.capacity;
    this.#filledAt = clock.now();
  }

  /** Whether it holds so many tokens now; for a request that draws on several buckets, and takes from all or none. */
  holds(tokens = 1): boolean {
    this.#refill();
    return tokens <= this.#tokens;
  }

  /** Takes `tokens` and answers `true`, or answers `false` and takes none: a refusal doesn't prolong itself. */
  take(tokens = 1): boolean {
    if (!this.holds(tokens)) return false;
    this.#tokens -= tokens;
    return true;
  }

  /** Fills it to the brim. */
  reset(): void {
    this.#tokens = this.#capacity;
    this.#filledAt = this.#clock.now();
  }

  #refill(): void {
    const now = this.#clock.now();
    this.#tokens = Math.min(this.#capacity, this.#tokens + ((now - this.#filledAt) / 1_000) * this.#perSecond);
    this.#filledAt = now;
  }
}

export interface TokenBucketRate {
  /** The burst: how many tokens it holds. */
  readonly capacity: number;
  readonly perSecond: number;
}
