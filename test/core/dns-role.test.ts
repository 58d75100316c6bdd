import { describe, expect, it } from '@jest/globals';
import { accountOf, rolesFor } from '../../lambdas/core/dns-role.ts';
import { parseSettings, settingsFromEnvironment, settingsToEnvironment } from '../../lambdas/core/settings.ts';

const role = (account: string) => ({ roleArn: `arn:aws:iam::${account}:role/dns` });
const ZONES = [
  { zone: 'example.com', ...role('111111111111') },
  { zone: 'sub.example.com', ...role('222222222222'), externalId: 'x-1' },
];
const OWN = role('333333333333');

describe('rolesFor', () => {
  it.each<[string, string, typeof OWN | undefined, boolean, readonly unknown[]]>([
    ['our own account', '_acme-challenge.example.org', undefined, false, [undefined]],
    [
      'the role of the longest zone, whole labels',
      '_acme-challenge.www.sub.example.com',
      OWN,
      false,
      [{ ...role('222222222222'), externalId: 'x-1' }],
    ],
    ['the role of the zone around it', '_acme-challenge.notsub.example.com', OWN, false, [role('111111111111')]],
    ["the certificate's role", '_acme-challenge.example.org', OWN, false, [OWN]],
    [
      "the certificate's role, then our own account, where a CNAME record leads",
      '_acme-challenge.example.org',
      OWN,
      true,
      [OWN, undefined],
    ],
  ])('is %s', (_, name, certificateRole, followed, expected) => {
    expect(rolesFor(name, ZONES, certificateRole, followed)).toEqual(expected);
  });
});

it('An account is named with its role', () => {
  expect(accountOf(undefined)).toBe('this account');
  expect(accountOf(OWN)).toBe('account 333333333333 (role arn:aws:iam::333333333333:role/dns)');
});

it('Roles, targets and the pace survive the environment', () => {
  const settings = parseSettings({ dnsRoles: ZONES, cnameTargets: ['acme.example.net'], startsPerMinute: 10 });
  expect(settingsFromEnvironment(settingsToEnvironment(settings))).toEqual(settings);
});

it.each([
  [{ EVERCERT_DNS_ROLES: 'role' }, 'environment: dnsRoles must be a list'],
  [
    { EVERCERT_DNS_ROLES: '[{"zone":"example.com","roleArn":"dns"}]' },
    'environment: dnsRoles[0].roleArn: must be the ARN',
  ],
  [{ EVERCERT_CNAME_TARGETS: 'Example.com.' }, 'environment: cnameTargets[0]: must be a name'],
])('A setting that can not be is refused by name: %j', (environment, words) => {
  expect(() => settingsFromEnvironment(environment)).toThrow(words);
});
