import { describe, expect, it } from '@jest/globals';
import { parseRenewBefore } from '../../lambdas/core/duration.ts';

describe('parseRenewBefore', () => {
  it.each(['', '0d', '30', '100%', '0%', '-1d', '1.5d', '30 d', 'd', '9999999d'])('refuses %j', (text) => {
    expect(parseRenewBefore(text)).toBeUndefined();
  });
});
