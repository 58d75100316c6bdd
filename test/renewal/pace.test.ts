import { expect, it } from '@jest/globals';
import { createPace } from '../../lambdas/renewal/scan/pace.ts';

/** A clock that jumps. */
function jumping() {
  let time = 0;
  return {
    now: () => time,
    sleep: async (milliseconds: number) => {
      time += Math.max(0, milliseconds);
    },
  };
}

it('starts the first at once and the others evenly', async () => {
  const clock = jumping();
  const pace = createPace(60, clock);
  const times: number[] = [];
  for (let start = 0; start < 4; start += 1) {
    await pace();
    times.push(clock.now());
  }
  expect(times).toEqual([0, 1_000, 2_000, 3_000]);
});

it('does not wait when there was no hurry', async () => {
  const clock = jumping();
  const pace = createPace(60, clock);
  await pace();
  await clock.sleep(10_000);
  await pace();
  expect(clock.now()).toBe(10_000);
});

it('leaves to the next scan what it has no time for', async () => {
  const clock = jumping();
  const pace = createPace(1, clock);
  const started: boolean[] = [];
  for (let start = 0; start < 11; start += 1) started.push(await pace());
  expect(started).toEqual([...Array(9).fill(true), false, false]);
});
