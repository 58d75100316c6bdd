import { describe, expect, it } from '@jest/globals';
import { parseIssuerSettings } from '../../lambdas/core/issuer-settings.ts';
import { messageOf } from './message-of.ts';

describe('issuer settings', () => {
  it.each([
    [{ directoryUrl: 'http://ca.internal/directory' }, 'directoryUrl: must be an https URL (or set allowHttp'],
    [{ directoryUrl: 'ca.example' }, 'directoryUrl: must be an https URL'],
    [{ directoryUrl: 'https://ca.example/d', email: 'nobody' }, 'email: must be an e-mail address'],
    [{ directoryUrl: 'https://ca.example/d', trust: 'bundle' }, 'caBundle: is missing'],
  ])('refuses %j', (input, sentence) => {
    expect(messageOf(() => parseIssuerSettings(input))).toContain(sentence);
  });
});
