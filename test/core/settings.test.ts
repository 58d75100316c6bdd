import { describe, expect, it } from '@jest/globals';
import { parseSettings, settingsFromEnvironment, settingsToEnvironment } from '../../lambdas/core/settings.ts';
import { messageOf } from './message-of.ts';

describe('settings', () => {
  it('travel through an environment and back', () => {
    const settings = parseSettings({
      prefix: 'tls',
      dnsResolvers: ['192.0.2.1:53', '[2001:db8::1]:5353'],
      authoritativePort: 5353,
      leaseMinutes: 20,
    });
    expect(settingsFromEnvironment(settingsToEnvironment(settings))).toEqual(settings);
  });

  it('leave the rest of the environment alone', () => {
    expect(settingsFromEnvironment({ AWS_REGION: 'eu-central-1', PATH: '/bin', EVERCERT_PREFIX: '' }).prefix).toBe(
      'evercert',
    );
  });

  it.each([
    [{ EVERCERT_LEASE_MINUTES: 'ten' }, 'environment: leaseMinutes must be'],
    [{ EVERCERT_DNS_RESOLVERS: 'ns.example' }, 'environment: dnsResolvers[0]: must be an IP address'],
    [{ EVERCERT_PREFX: 'tls' }, 'environment: unknown variable EVERCERT_PREFX'],
  ])('refuse %j', (environment, sentence) => {
    expect(messageOf(() => settingsFromEnvironment(environment))).toContain(sentence);
  });
});
