import { describe, expect, it } from '@jest/globals';
import { parseCertificateSpec } from '../../lambdas/core/certificate-spec.ts';
import { parseIssuerSettings } from '../../lambdas/core/issuer-settings.ts';
import { parseRenewEvent } from '../../lambdas/core/renew-event.ts';
import { parseScanEvent } from '../../lambdas/core/scan-event.ts';
import { parseSettings, settingsFromEnvironment, settingsToEnvironment } from '../../lambdas/core/settings.ts';

const minimal = { domainNames: ['leane.dev', '*.leane.dev'], issuer: 'letsencrypt' };

const messageOf = (parse: () => unknown): string => {
  try {
    parse();
  } catch (error) {
    expect(error).toMatchObject({ name: 'RenewalFailure', code: 'invalid-input' });
    return (error as Error).message;
  }
  return 'nothing was thrown';
};

describe('parseCertificateSpec', () => {
  it('fills in the defaults', () => {
    expect(parseCertificateSpec(minimal)).toEqual({
      domainNames: ['leane.dev', '*.leane.dev'],
      issuer: ['letsencrypt'],
      key: 'ecdsa-p256',
      reuseKey: false,
      acm: [],
      dns: {},
    });
  });

  it('reads its own output as the same spec', () => {
    const spec = parseCertificateSpec({
      ...minimal,
      acm: ['eu-central-1', 'us-gov-west-1', 'eu-central-1'],
      renewBefore: '33%',
    });
    expect(parseCertificateSpec(JSON.parse(JSON.stringify(spec)))).toEqual(spec);
    expect(spec.acm).toEqual(['eu-central-1', 'us-gov-west-1']);
  });

  it.each([
    [{ ...minimal, domainNames: [] }, 'certificate spec: domainNames must have at least 1 entries'],
    [{ ...minimal, domainNames: ['leane.dev', 7] }, 'certificate spec: domainNames[1] must be a string, not 7'],
    [
      { ...minimal, domainNames: ['foo_bar.dev'] },
      'domainNames: "foo_bar.dev" is not a domain name that a certificate can have',
    ],
    [{ issuer: 'letsencrypt' }, 'certificate spec: domainNames is missing (a list)'],
    [
      { ...minimal, key: 'rsa-1024' },
      'certificate spec: key must be one of "ecdsa-p256", "ecdsa-p384", "rsa-2048", "rsa-3072", "rsa-4096", not "rsa-1024"',
    ],
    [{ ...minimal, issuer: 'Lets Encrypt' }, 'issuer: must be lower-case letters, digits and hyphens'],
    [{ ...minimal, acm: ['Frankfurt'] }, 'acm[0]: must be an AWS region, such as us-east-1'],
    [{ ...minimal, renewBefore: 'soon' }, 'renewBefore: must be a time such as 30d or 36h'],
    [{ ...minimal, dns: { hostedZoneId: 'leane.dev' } }, 'dns.hostedZoneId: must be a hosted zone id'],
    [{ ...minimal, keyType: 'rsa-2048' }, 'certificate spec: unknown field "keyType"'],
    [null, 'certificate spec: it must be an object, not'],
  ])('refuses %j in one sentence that names the field', (input, sentence) => {
    expect(messageOf(() => parseCertificateSpec(input))).toContain(sentence);
  });
});

describe('events', () => {
  it('a scan event may be empty', () => {
    expect(parseScanEvent({})).toEqual({ force: false, dryRun: false });
  });

  it.each([
    [{ certificate: ['leane.dev'] }, 'scan event: unknown field "certificate"'],
    [{ certificates: 'leane.dev' }, 'scan event: certificates must be a list, not "leane.dev"'],
    [{ certificates: [] }, 'scan event: certificates must have at least 1 entries'],
    [{ forse: true }, 'scan event: unknown field "forse"'],
    [{ force: 'yes' }, 'scan event: force must be a boolean, not "yes"'],
    [undefined, 'scan event: it is missing (an object)'],
  ])('refuses the scan event %j', (input, sentence) => {
    expect(messageOf(() => parseScanEvent(input))).toContain(sentence);
  });

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
