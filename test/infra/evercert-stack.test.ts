import { describe, expect, it } from '@jest/globals';
import { Template } from 'aws-cdk-lib/assertions';
import { type EvercertConfig, parseConfig } from '../../infra/app-config.ts';
import { EvercertStack } from '../../infra/evercert-stack.ts';
import { settingsFromEnvironment } from '../../lambdas/core/settings.ts';
import { resourceOf, resourcesOf, testApp } from './synthesized.ts';

function stackOf(config: Partial<EvercertConfig>): EvercertStack {
  const parsed = parseConfig({ issuers: { letsencrypt: { authority: 'letsencrypt' } }, certificates: [], ...config });
  const env = { region: 'eu-central-1', account: '111122223333' };
  return new EvercertStack(testApp(), 'Evercert', { env, config: parsed });
}

describe('EvercertStack', () => {
  it('has the ARN of each import that is there after the deployment as an output', () => {
    const issuer = 'letsencrypt';
    const stack = stackOf({
      certificates: [
        { domainNames: ['leane.dev'], issuer, acm: ['eu-central-1', 'us-east-1'] },
        // Not for CloudFront, but for a load balancer there.
        { domainNames: ['strong.leane.dev'], issuer, key: 'ecdsa-p384', acm: ['us-east-1'] },
        { domainNames: ['default.leane.dev'], issuer },
        { domainNames: ['secret.leane.dev'], issuer, acm: [] },
        { domainNames: ['later.leane.dev'], issuer, waitForIssuance: false },
      ],
    });
    const { id } = resourceOf(stack, 'Custom::AcmeCertificate', 'Certificateleanedev');
    const outputs = Template.fromStack(stack).findOutputs('*') as Record<string, { readonly Value: unknown }>;
    expect(Object.keys(outputs).filter((name) => name.startsWith('CertificateArn'))).toEqual([
      'CertificateArnleanedev',
      'CertificateArnleanedevuseast1',
      'CertificateArnstrongleanedevuseast1',
      'CertificateArndefaultleanedev',
    ]);
    expect(outputs['CertificateArnleanedevuseast1']?.Value).toEqual({ 'Fn::GetAtt': [id, 'CertificateArn.us-east-1'] });
  });

  it('takes names that differ in punctuation alone, and a zone that is named twice', () => {
    const issuer = 'letsencrypt';
    const stack = stackOf({
      hostedZoneIds: ['Z1', 'Z1'],
      certificates: ['my-shop.dev', 'myshop.dev'].map((name) => ({ domainNames: [name], issuer })),
    });
    const outputs = Template.fromStack(stack).findOutputs('*') as Record<string, { readonly Description?: string }>;
    expect(outputs).toMatchObject({
      CertificateArnmyshopdev: { Description: 'my-shop.dev in ACM in eu-central-1' },
      CertificateArnmyshopdev2: { Description: 'myshop.dev in ACM in eu-central-1' },
    });
  });

  it('refuses more ARNs than a stack can have outputs', () => {
    const certificates = (count: number, waitForIssuance: boolean) =>
      Array.from({ length: count }, (_, index) => ({
        domainNames: [`c${index}.leane.dev`],
        issuer: 'letsencrypt',
        acm: ['eu-central-1', 'us-east-1'],
        waitForIssuance,
      }));
    expect(() => stackOf({ certificates: certificates(98, true) })).not.toThrow();
    expect(() => stackOf({ certificates: certificates(99, true) })).toThrow(
      'configuration: the stack would have 202 outputs, and CloudFormation takes 200',
    );
    expect(() => stackOf({ certificates: certificates(99, false) })).not.toThrow();
  });

  it('has the dashboard that the file asks for', () => {
    const dashboards = (config: Partial<EvercertConfig>) =>
      Object.keys(resourcesOf(stackOf(config), 'AWS::CloudWatch::Dashboard'));
    expect(dashboards({})).toHaveLength(1);
    expect(dashboards({ dashboard: false })).toEqual([]);
  });

  it('tells the functions every setting that is one of theirs', () => {
    const settings: Partial<EvercertConfig> = {
      prefix: 'tls',
      renewer: 'blue',
      execution: 'durable',
      dnsResolvers: ['192.0.2.1:5353'],
      authoritativePort: 8053,
      dnsRoles: [{ zone: 'leane.dev', roleArn: 'arn:aws:iam::444455556666:role/evercert-dns', externalId: 'blue-1' }],
      cnameTargets: ['challenges.leane.dev'],
      startsPerMinute: 30,
      leaseMinutes: 60,
      propagationMinutes: 45,
      certificateMetrics: true,
    };
    const stack = stackOf(settings);
    const functions = Object.values(resourcesOf(stack, 'AWS::Lambda::Function'));
    expect(functions).toHaveLength(3);
    for (const { Properties } of functions) {
      const { EVERCERT_RENEW_FUNCTION: _alias, ...environment } = Properties.Environment.Variables;
      expect(settingsFromEnvironment(environment)).toMatchObject(settings);
    }
  });

  it('begins the alarm about a lifetime at the share that is set, and refuses what is none', () => {
    const alarm = resourceOf(stackOf({ minimumRemainingShare: 40 }), 'AWS::CloudWatch::Alarm', 'LifetimeLow');
    expect(alarm.Properties.Threshold).toBe(40);
    expect(() => stackOf({ minimumRemainingShare: 100 })).toThrow('minimumRemainingShare is 100; it is a share of');
  });
});
