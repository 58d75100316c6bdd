import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { parseExternalAccountBinding } from '../../lambdas/core/external-account-binding.ts';
import { thrownBy } from '../acme/thrown.ts';

const HMAC = 'zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W';

describe('an external account binding', () => {
  const bytes = Buffer.from(HMAC, 'base64url');
  const parse = (input: unknown) => parseExternalAccountBinding(input, 'external account binding in the secret eab');

  it.each([
    ['base64url without padding', bytes.toString('base64url')],
    ['base64 with padding', bytes.toString('base64')],
    ['base64 without padding', bytes.toString('base64').replace(/=+$/, '')],
    ['base64url with padding', `${Buffer.alloc(32, 0xfb).toString('base64url')}=`],
    ['spaces around it', ` ${bytes.toString('base64url')}\n`],
  ])('takes the key in %s', (_what, hmacKey) => {
    const parsed = parse({ kid: 'kid-1', hmacKey });
    expect(Buffer.from(parsed.hmacKey, 'base64url')).toEqual(Buffer.from(hmacKey.trim(), 'base64'));
  });

  it('takes every key in every alphabet', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 128 }), (raw) => {
        const key = Buffer.from(raw);
        for (const hmacKey of [key.toString('base64'), key.toString('base64url')]) {
          expect(Buffer.from(parse({ kid: 'k', hmacKey }).hmacKey, 'base64url')).toEqual(key);
        }
      }),
    );
  });

  it.each([
    ['hmacKey', { kid: 'kid-1', hmacKey: 'not base64!' }],
    ['hmacKey', { kid: 'kid-1', hmacKey: 'abcde' }],
    ['hmacKey', { kid: 'kid-1', hmacKey: '====' }],
    ['kid', { kid: ' ', hmacKey: HMAC }],
    ['kid', { kid: 'kid\n1', hmacKey: HMAC }],
  ])('names %s when that is malformed, and never its value', async (field, binding) => {
    const { code, message } = await thrownBy(() => parse(binding), [binding.hmacKey]);
    expect([code, message]).toEqual([
      'invalid-input',
      expect.stringMatching(`^external account binding in the secret eab: ${field} must be`),
    ]);
  });

  it('is an object with both, and is not quoted', async () => {
    const { code, message } = await thrownBy(() => parse({ kid: 'abc', hmac: HMAC }), [HMAC]);
    expect([code, message]).toEqual([
      'invalid-input',
      'external account binding in the secret eab must be a JSON object with the strings kid and hmacKey',
    ]);
  });
});
