import { describe, expect, it } from '@jest/globals';
import { config } from '../../examples/evercert.config.ts';
import { LoadBalancerAndDistribution } from '../../examples/load-balancer-and-distribution.ts';
import { parseConfig } from '../../infra/app-config.ts';
import { EvercertStack } from '../../infra/evercert-stack.ts';
import { parseCertificateProperties } from '../../lambdas/core/provision-event.ts';
import { resourceOf, resourcesOf, testApp } from './synthesized.ts';

const env = { region: 'eu-central-1', account: '111122223333' };

describe('the examples', () => {
  it('give one certificate to a load balancer in its region and to CloudFront from us-east-1', () => {
    const stack = new LoadBalancerAndDistribution(testApp(), 'Website', { env, domain: 'leane.dev' });
    const { id } = resourceOf(stack, 'Custom::AcmeCertificate');
    const arnIn = (region: string) => ({ 'Fn::GetAtt': [id, `CertificateArn.${region}`] });
    const listener = resourceOf(stack, 'AWS::ElasticLoadBalancingV2::Listener');
    expect(listener.Properties.Certificates).toEqual([{ CertificateArn: arnIn('eu-central-1') }]);
    const distribution = resourceOf(stack, 'AWS::CloudFront::Distribution');
    expect(distribution.Properties.DistributionConfig.ViewerCertificate).toMatchObject({
      AcmCertificateArn: arnIn('us-east-1'),
    });
  });

  it('deploy many certificates from one file', () => {
    const stack = new EvercertStack(testApp(), 'Evercert', { env, config: parseConfig(config) });
    const deployed = Object.values(resourcesOf(stack, 'Custom::AcmeCertificate')).map(({ Properties }) =>
      parseCertificateProperties(Properties),
    );
    expect(deployed).toMatchObject([
      { name: 'leane.dev', spec: { acm: ['eu-central-1', 'us-east-1'] }, waitForIssuance: true },
      { name: 'mail', spec: { issuer: ['letsencrypt', 'zerossl'], key: 'rsa-2048', acm: [] } },
      { name: 'iot.leane.dev', spec: { profile: 'shortlived' }, waitForIssuance: false },
    ]);
  });
});
