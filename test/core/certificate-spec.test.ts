import { describe, expect, it } from '@jest/globals';
import { parseCertificateSpec } from '../../lambdas/core/certificate-spec.ts';
import { messageOf } from './message-of.ts';

const minimal = { domainNames: ['leane.dev', '*.leane.dev'], issuer: 'letsencrypt' };

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
