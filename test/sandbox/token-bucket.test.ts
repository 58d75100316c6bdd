import { describe, expect, it } from '@jest/globals';
import { TokenBucket } from './token-bucket.ts';

describe('a token bucket', () => {
  it('is full at first and gives no more than its capacity', () => {
    const bucket = new TokenBucket({ capacity: 3, perSecond: 1 }, { now: () => 0 });
    expect([bucket.take(), bucket.take(2), bucket.take()]).toEqual([true, true, false]);
  });

  it('takes nothing for a request that it refuses', () => {
    const bucket = new TokenBucket({ capacity: 3, perSecond: 1 }, { now: () => 0 });
    expect([bucket.take(4), bucket.take(3)]).toEqual([false, true]);
  });

  it('tells whether it holds enough without taking anything', () => {
    const bucket = new TokenBucket({ capacity: 2, perSecond: 1 }, { now: () => 0 });
    expect([bucket.holds(3), bucket.holds(2), bucket.take(2), bucket.holds()]).toEqual([false, true, true, false]);
  });

  it('refills continuously as the clock moves on', () => {
    let now = 0;
    const bucket = new TokenBucket({ capacity: 10, perSecond: 2 }, { now: () => now });
    bucket.take(10);
    now = 499;
    expect(bucket.take()).toBe(false);
    now = 500;
    expect(bucket.take()).toBe(true);
    now = 1_500;
    expect([bucket.take(2), bucket.take()]).toEqual([true, false]);
  });

  it('never holds more than its capacity, however long nobody asks', () => {
    let now = 0;
    const bucket = new TokenBucket({ capacity: 2, perSecond: 100 }, { now: () => now });
    now = 3_600_000;
    expect([bucket.take(2), bucket.take()]).toEqual([true, false]);
  });

  it('is full again after a reset', () => {
    const bucket = new TokenBucket({ capacity: 2, perSecond: 1 }, { now: () => 0 });
    bucket.take(2);
    bucket.reset();
    expect(bucket.take(2)).toBe(true);
  });
});
