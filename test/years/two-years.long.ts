import { describe, expect } from '@jest/globals';
import { itRenewsInsideWindows } from './inside-windows.ts';

describe('every renewal is inside of its window, and none is one too many, when nothing fails', () => {
  itRenewsInsideWindows('two years of a certificate of 90 and one of 45 days', {
    days: 730,
    renewals: { classic: 12, tlsserver: 24 },
    left: 0.32,
  });
  // It is renewed twice a week: two years of it would cost more than the others together.
  itRenewsInsideWindows('half a year of a certificate of 6 days', {
    days: 183,
    renewals: { shortlived: expect.any(Number) },
    left: 0.48,
  });
});
