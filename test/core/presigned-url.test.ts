import { describe, expect, it } from '@jest/globals';
import { presignedUrlEnd } from '../../lambdas/core/presigned-url.ts';

describe('presignedUrlEnd', () => {
  const url = (query: string) => `https://bucket.s3.amazonaws.com/stack%7Cresource%7Crequest?${query}`;

  it('is the moment of the signature and its lifetime', () => {
    const query = 'X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Date=20201111T215705Z&X-Amz-Expires=7200&X-Amz-Signature=0a';
    expect(presignedUrlEnd(url(query))).toBe(Date.parse('2020-11-11T23:57:05Z'));
  });

  it.each([
    ['no date', url('X-Amz-Expires=7200')],
    ['no lifetime', url('X-Amz-Date=20201111T215705Z')],
    ['a date that is none', url('X-Amz-Date=20201341T215705Z&X-Amz-Expires=7200')],
    ['a lifetime that is none', url('X-Amz-Date=20201111T215705Z&X-Amz-Expires=-1')],
    ['no query', 'https://bucket.s3.amazonaws.com/key'],
    ['no URL', 'nowhere'],
  ])('is unknown with %s', (_what, text) => {
    expect(presignedUrlEnd(text)).toBeUndefined();
  });
});
