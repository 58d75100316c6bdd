import { describe, expect, it } from '@jest/globals';
import { parseOptions } from './options.ts';

const GIVEN = {
  '--domain': 'leane.dev',
  '--hosted-zone-id': 'Z0123456789',
  '--email': 'ops@leane.dev',
  '--regions': 'eu-central-1,us-east-1',
};
const args = (changed: Readonly<Record<string, string | undefined>> = {}) =>
  Object.entries({ ...GIVEN, ...changed }).flatMap(([name, value]) => (value === undefined ? [] : [name, value]));

describe('the options of test:aws', () => {
  it('are a domain, its zone, an e-mail address and regions', () => {
    expect(parseOptions(args())).toEqual({
      domain: 'leane.dev',
      hostedZoneId: 'Z0123456789',
      email: 'ops@leane.dev',
      regions: ['eu-central-1', 'us-east-1'],
      yes: false,
    });
    expect(parseOptions([...args({ '--profile': 'trial' }), '--yes'])).toMatchObject({ profile: 'trial', yes: true });
  });

  it.each(Object.keys(GIVEN))('are refused with the usage when %s is missing or malformed', (name) => {
    expect(() => parseOptions(args({ [name]: undefined }))).toThrow(`${name} is missing. Usage: npm run test:aws`);
    expect(() => parseOptions(args({ [name]: '*' }))).toThrow(`${name} can not be "*". Usage: npm run test:aws`);
  });

  it('are refused when one of them is unknown', () => {
    expect(() => parseOptions([...args(), '--force'])).toThrow(/--force.*Usage: npm run test:aws/);
  });
});
