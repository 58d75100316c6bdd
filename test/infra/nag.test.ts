import { beforeAll, describe, expect, it } from '@jest/globals';
import { type App, type Stack, Validations } from 'aws-cdk-lib';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { Key } from 'aws-cdk-lib/aws-kms';
import { parseConfig } from '../../infra/app-config.ts';
import { CertificateRenewer } from '../../infra/certificate-renewer.ts';
import { DnsRoleStack } from '../../infra/dns-role.ts';
import { EvercertStack } from '../../infra/evercert-stack.ts';
import { checkWithNag } from '../../infra/nag.ts';
import { testApp } from './synthesized.ts';

const config = parseConfig({
  issuers: { letsencrypt: { authority: 'letsencrypt', email: 'ops@leane.dev' } },
  certificates: [{ domainNames: ['leane.dev', '*.leane.dev'], issuer: 'letsencrypt' }],
  alertEmails: ['ops@leane.dev'],
  adoptedSecrets: ['legacy/tls'],
});

function checkedApp(region: string | undefined): { readonly app: App; readonly stack: EvercertStack } {
  const app = testApp();
  const stack = new EvercertStack(app, 'Evercert', { ...(region ? { env: { region } } : {}), config });
  checkWithNag(app);
  return { app, stack };
}

describe('cdk-nag', () => {
  it.each(['eu-central-1', 'cn-north-1'])('has nothing to say about the stack in %s', (region) => {
    expect(() => checkedApp(region).app.synth()).not.toThrow();
  });

  it('has nothing to say about a renewer without durable functions, with a key, or with its zones named', () => {
    const { app, stack } = checkedApp('eu-central-1');
    const encryptionKey = new Key(stack, 'Key', { enableKeyRotation: true });
    new CertificateRenewer(stack, 'Direct', { execution: 'direct', renewer: 'direct', encryptionKey });
    expect(() => app.synth()).not.toThrow();
  });

  it('has nothing to say about functions in a VPC', () => {
    const app = testApp();
    const subnetIds = ['subnet-0a1b2c3d'];
    const inVpc = { ...config, vpc: { vpcId: 'vpc-0a1b2c3d', subnetIds, securityGroupIds: [] } };
    new EvercertStack(app, 'Evercert', { env: { region: 'eu-central-1' }, config: inVpc });
    checkWithNag(app);
    expect(() => app.synth()).not.toThrow();
  });

  it.each([[[]], [['Z1']]])('has nothing to say about the role in the account with the zones %j', (hostedZoneIds) => {
    const app = testApp();
    const renewRoleArns = ['arn:aws:iam::123456789012:role/evercert/evercert/*'];
    new DnsRoleStack(app, 'Dns', { role: { renewRoleArns, hostedZoneIds } });
    checkWithNag(app);
    expect(() => app.synth()).not.toThrow();
  });

  it('fails the synth for a wildcard that nobody has acknowledged', () => {
    const { app, stack } = checkedApp('eu-central-1');
    stack.renewer.scanFunction.addToRolePolicy(new PolicyStatement({ actions: ['s3:*'], resources: ['*'] }));
    expect(() => app.synth()).toThrow('AwsSolutions-IAM5[Action::s3:*]');
  });

  describe('acknowledgements', () => {
    let stack: Stack;
    beforeAll(() => {
      stack = checkedApp('eu-central-1').stack;
    });

    it('have a reason each that says more than a word', () => {
      const reasons = stack.node
        .findAll()
        .flatMap(({ node }) => node.metadata)
        .filter(({ type }) => type === Validations.ACKNOWLEDGED_RULES_METADATA_KEY)
        .flatMap(({ data }) => Object.values(data as Record<string, string>));
      expect(reasons.length).toBeGreaterThan(10);
      expect(reasons.filter((reason) => reason.split(' ').length < 4)).toEqual([]);
    });
  });
});
