import { expect, it } from '@jest/globals';
import { ATTEMPT_SCHEMA, type Attempt, expectOwnAttempt } from '../../lambdas/renewal/attempt.ts';

it('An attempt that another version of evercert began is not gone on with', () => {
  expect(() => expectOwnAttempt({ schema: ATTEMPT_SCHEMA } as Attempt)).not.toThrow();
  for (const other of [{}, { schema: ATTEMPT_SCHEMA - 1 }, { schema: ATTEMPT_SCHEMA + 1 }]) {
    expect(() => expectOwnAttempt(other as unknown as Attempt)).toThrow(
      expect.objectContaining({ code: 'other-version' }),
    );
  }
});
