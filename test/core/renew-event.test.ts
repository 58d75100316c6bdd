import { describe, expect, it } from '@jest/globals';
import { parseRenewEvent } from '../../lambdas/core/renew-event.ts';
import { messageOf } from './message-of.ts';

const minimal = { domainNames: ['leane.dev', '*.leane.dev'], issuer: 'letsencrypt' };

describe('renew events', () => {
  it.each([
    [{}, 'renew event: certificate is missing (a string)'],
    [{ certificate: '_issuers/x' }, 'renew event: certificate: must be at most 512 letters'],
    [
      { certificate: 'x', spec: { ...minimal, domainNames: ['*'] } },
      'renew event: spec.domainNames: "*" is not a domain name',
    ],
    [{ certificate: 'x', spec: { ...minimal, profil: 'classic' } }, 'renew event: unknown field "spec.profil"'],
  ])('refuses the renew event %j', (input, sentence) => {
    expect(messageOf(() => parseRenewEvent(input))).toContain(sentence);
  });
});
