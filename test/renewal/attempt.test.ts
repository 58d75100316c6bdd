import { expect, it } from '@jest/globals';
import { type Attempt, expectOwnAttempt } from '../../lambdas/renewal/attempt.ts';

it('An attempt that another version of evercert began is not gone on with', () => {
  expect(() => expectOwnAttempt({ schema: 1 } as Attempt)).not.toThrow();
  for (const other of [{}, { schema: 2 }]) {
    expect(() => expectOwnAttempt(other as unknown as Attempt)).toThrow(
      expect.objectContaining({ code: 'other-version' }),
    );
  }
});
