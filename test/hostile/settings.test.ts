import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { parseIssuerSettings } from '../../lambdas/core/issuer-settings.ts';
import { parseSettings, settingsFromEnvironment, settingsToEnvironment } from '../../lambdas/core/settings.ts';
import { HOSTILE_ISSUERS } from './corpus/issuers.ts';
import { damaged, hostileJson, hostileText } from './hostile-json.ts';
import { runs } from './runs.ts';
import { kindOf, typedNow } from './typed.ts';

const ISSUER = {
  directoryUrl: 'https://ca.example/directory',
  email: 'ops@leane.dev',
  externalAccountBinding: { secret: 'eab' },
  keyRollover: 'once',
  caBundle: '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----',
  trust: 'bundle',
  allowedHosts: ['files.ca.example'],
  allowPrivateAddresses: false,
  allowHttp: false,
};
const SETTINGS = {
  prefix: 'evercert',
  renewer: 'evercert',
  dnsResolvers: ['192.0.2.1:53'],
  dnsRoles: [{ zone: 'leane.dev', roleArn: 'arn:aws:iam::123456789012:role/dns', externalId: 'ab' }],
  cnameTargets: ['acme.example.com'],
  leaseMinutes: 15,
};

describe('Hostile settings', () => {
  it.each([
    ['an issuer', ISSUER, parseIssuerSettings],
    ['a deployment', SETTINGS, parseSettings],
  ] as const)('are refused by name, or stay what they are: %s', (_what, valid, parse: (input: unknown) => unknown) => {
    expect(kindOf(typedNow(() => parse(valid)))).toBe('a value');
    fc.assert(
      fc.property(fc.oneof({ weight: 4, arbitrary: damaged(valid) }, hostileJson), (input) => {
        const outcome = typedNow(() => parse(input));
        if ('failure' in outcome) expect(outcome.failure.code).toBe('invalid-input');
        else expect(parse(outcome.value)).toEqual(outcome.value);
      }),
      runs(),
    );
  });

  it('are refused, or survive the way into the environment and back', () => {
    const valid = settingsToEnvironment(parseSettings(SETTINGS));
    const variable = fc.oneof(
      fc.constantFrom(...Object.keys(valid)),
      hostileText.map((text) => `EVERCERT_${text}`),
    );
    fc.assert(
      fc.property(variable, hostileText, (name, text) => {
        const outcome = typedNow(() => settingsFromEnvironment({ ...valid, [name]: text }));
        if ('failure' in outcome) expect(outcome.failure.code).toBe('invalid-input');
        else expect(settingsFromEnvironment(settingsToEnvironment(outcome.value))).toEqual(outcome.value);
      }),
      runs(),
    );
  });

  it.each(HOSTILE_ISSUERS)('of an issuer: $what', ({ settings, code }) => {
    expect(kindOf(typedNow(() => parseIssuerSettings({ ...ISSUER, ...settings })))).toBe(code);
  });
});
