import { beforeEach, describe, expect, it } from '@jest/globals';
import { CfnOutput, RemovalPolicy, Stack, Tags } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { Distribution } from 'aws-cdk-lib/aws-cloudfront';
import { HttpOrigin } from 'aws-cdk-lib/aws-cloudfront-origins';
import { AccountPrincipal, ArnPrincipal, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { HostedZone, PublicHostedZone } from 'aws-cdk-lib/aws-route53';
import { AcmeCertificate } from '../../infra/acme-certificate.ts';
import type { AcmeCertificateProps } from '../../infra/acme-certificate-props.ts';
import { AcmeIssuer } from '../../infra/acme-issuer.ts';
import { CertificateRenewer } from '../../infra/certificate-renewer.ts';
import { parseCertificateProperties } from '../../lambdas/core/provision-event.ts';
import { resourceOf, resourcesOf, testApp, testStack } from './synthesized.ts';

const NAMES = ['leane.dev', '*.leane.dev'];

describe('AcmeCertificate', () => {
  let stack: Stack;
  let renewer: CertificateRenewer;
  let issuer: AcmeIssuer;

  beforeEach(() => {
    stack = testStack();
    renewer = new CertificateRenewer(stack, 'Renewer');
    issuer = AcmeIssuer.letsEncrypt(stack, 'LetsEncrypt', { renewer });
  });

  const certificate = (props: Partial<AcmeCertificateProps> = {}, id = 'Certificate') =>
    new AcmeCertificate(stack, id, { domainNames: NAMES, issuer, ...props });
  const resource = () => resourceOf(stack, 'Custom::AcmeCertificate');
  const attribute = (name: string) => ({ 'Fn::GetAtt': [resource().id, name] });

  it('is a custom resource with what the provision function takes', () => {
    certificate({ key: 'rsa-2048', renewBefore: '20d', hostedZoneId: 'Z123', removalPolicy: RemovalPolicy.DESTROY });
    const { Properties } = resource();
    expect(Properties).toMatchObject({
      ServiceToken: { 'Fn::GetAtt': [resourceOf(stack, 'AWS::Lambda::Function', 'Provision').id, 'Arn'] },
      ServiceTimeout: '2100',
    });
    expect(parseCertificateProperties(Properties)).toEqual({
      name: 'leane.dev',
      spec: {
        domainNames: NAMES,
        issuer: ['letsencrypt'],
        key: 'rsa-2048',
        reuseKey: false,
        renewBefore: '20d',
        acm: ['eu-central-1'],
        dns: { hostedZoneId: 'Z123' },
      },
      waitForIssuance: true,
      tags: {},
      removalPolicy: 'destroy',
    });
  });

  it('is kept when the stack goes, unless it is told otherwise', () => {
    certificate();
    expect(parseCertificateProperties(resource().Properties).removalPolicy).toBe('retain');
    // The custom resource itself has to be deleted, so that provision hears of it.
    expect(resource().DeletionPolicy).toBe('Delete');
  });

  it('waits for its issuers', () => {
    const second = AcmeIssuer.letsEncryptStaging(stack, 'Staging', { renewer });
    certificate({ issuer: [issuer, second] });
    expect(parseCertificateProperties(resource().Properties).spec.issuer).toEqual([
      'letsencrypt',
      'letsencrypt-staging',
    ]);
    expect([...(resource().DependsOn ?? [])].sort()).toEqual(
      Object.keys(resourcesOf(stack, 'Custom::AcmeIssuer')).sort(),
    );
  });

  it('has the ARN of each region that it is declared for', () => {
    const made = certificate({ acm: ['eu-central-1', 'us-east-1'] });
    const elsewhere = made.certificateIn('us-east-1');
    expect(stack.resolve(made.certificateArn)).toEqual(attribute('CertificateArn.eu-central-1'));
    expect(stack.resolve(made.certificateRef.certificateArn)).toEqual(attribute('CertificateArn.eu-central-1'));
    expect(stack.resolve(elsewhere.certificateArn)).toEqual(attribute('CertificateArn.us-east-1'));
    expect(elsewhere.env.region).toBe('us-east-1');
    expect(made.certificateIn('us-east-1')).toBe(elsewhere);
  });

  it('refuses the ARN of a region that was not declared, naming those that were', () => {
    const made = certificate({ acm: ['us-east-1'] });
    expect(() => made.certificateArn).toThrow('certificate leane.dev: it is not in ACM in eu-central-1');
    expect(() => made.certificateIn('eu-west-1')).toThrow('add the region to acm (us-east-1)');
    expect(() => made.certificateIn('eu-west-11')).toThrow('there is no AWS region "eu-west-11"');
  });

  it('refuses a key in us-east-1 that CloudFront can not use, and takes those that it can', () => {
    const acm = ['us-east-1'];
    const wrong = certificate({ key: 'ecdsa-p384', acm });
    expect(() => wrong.certificateIn('us-east-1')).toThrow('CloudFront can not use a key of type ecdsa-p384');
    for (const key of ['ecdsa-p256', 'rsa-2048', 'rsa-3072', 'rsa-4096'] as const) {
      const right = certificate({ key, acm, certificateName: key }, key);
      expect(stack.resolve(right.certificateIn('us-east-1').certificateArn)).toBeDefined();
    }
  });

  it('measures the days to expiry of the import, in the region where it is', () => {
    const made = certificate({ acm: ['eu-central-1', 'us-east-1'] });
    const elsewhere = made.certificateIn('us-east-1').metricDaysToExpiry();
    expect(stack.resolve(made.metricDaysToExpiry().dimensions)).toEqual({
      CertificateArn: attribute('CertificateArn.eu-central-1'),
    });
    expect(elsewhere).toMatchObject({
      namespace: 'AWS/CertificateManager',
      metricName: 'DaysToExpiry',
      region: 'us-east-1',
    });
  });

  it('measures those of the secret’s pair where the renewer has a metric for each certificate', () => {
    const other = testStack();
    const counting = new CertificateRenewer(other, 'Renewer', { renewer: 'blue', certificateMetrics: true });
    const paid = new AcmeCertificate(other, 'Certificate', {
      domainNames: NAMES,
      issuer: AcmeIssuer.letsEncrypt(other, 'LetsEncrypt', { renewer: counting }),
      acm: [],
    });
    expect(paid.metricDaysToExpiry()).toMatchObject({
      namespace: 'evercert',
      metricName: 'DaysToExpiry',
      dimensions: { Certificate: 'leane.dev', Renewer: 'blue' },
    });
    const { Variables } = resourceOf(other, 'AWS::Lambda::Function', 'Scan').Properties.Environment;
    expect(Variables).toMatchObject({ EVERCERT_CERTIFICATE_METRICS: 'true' });
    // Without, there is nothing that it could refer to.
    const free = certificate({ acm: [] });
    expect(() => free.metricDaysToExpiry()).toThrow('it is not in ACM in eu-central-1');
  });

  it('lets somebody read its secret, and no other', () => {
    const role = new Role(stack, 'Reader', { assumedBy: new ServicePrincipal('ec2.amazonaws.com') });
    certificate().grantRead(role);
    const { Properties } = resourceOf(stack, 'AWS::IAM::Policy', 'Reader');
    expect(Properties.PolicyDocument.Statement).toEqual([
      {
        Effect: 'Allow',
        Action: expect.arrayContaining(['secretsmanager:DescribeSecret', 'secretsmanager:GetSecretValue']),
        Resource: attribute('SecretArn'),
      },
    ]);
  });

  it('lets nobody read whom it can not let in: a policy on the secret would be needed', () => {
    const made = certificate();
    const elsewhere = 'arn:aws:iam::999999999999:role/web';
    const others = {
      role: Role.fromRoleArn(stack, 'Web', elsewhere),
      arn: new ArnPrincipal(elsewhere),
      account: new AccountPrincipal('999999999999'),
      service: new ServicePrincipal('ec2.amazonaws.com'),
    };
    for (const other of Object.values(others)) {
      expect(() => made.grantRead(other)).toThrow(
        /^certificate leane\.dev: grantRead can let in roles and users of its own/,
      );
    }
    expect(() => made.grantRead(others.role)).toThrow(`{"AWS":["${elsewhere}"]} needs a policy on the secret`);
    expect(() => made.grantRead(Role.fromRoleName(stack, 'Own', 'web'))).not.toThrow();
  });

  it('without waiting is registered only, and has no ARN to give', () => {
    const made = certificate({ waitForIssuance: false });
    expect(parseCertificateProperties(resource().Properties).waitForIssuance).toBe(false);
    expect(() => made.certificateArn).toThrow('certificate leane.dev: with waitForIssuance: false it has no ARN');
    expect(() => made.certificateIn('eu-central-1')).toThrow('it has no ARN');
    expect(stack.resolve(made.secret.secretArn)).toEqual(attribute('SecretArn'));
  });

  it('passes the tags of the stack and its own on', () => {
    Tags.of(stack).add('team', 'platform');
    Tags.of(certificate()).add('service', 'web');
    expect(JSON.parse(resource().Properties.Tags)).toEqual({ service: 'web', team: 'platform' });
  });

  it('takes the hosted zone of its own stack, and one that CDK looks up', () => {
    const { hostedZoneId: ofStack } = new PublicHostedZone(stack, 'Zone', { zoneName: 'leane.dev' });
    const { hostedZoneId: lookedUp } = HostedZone.fromLookup(stack, 'LookedUp', { domainName: 'example.com' });
    certificate({ hostedZoneId: ofStack });
    expect(() => certificate({ hostedZoneId: lookedUp, domainNames: ['example.com'] }, 'Other')).not.toThrow();
    const { Spec } = resourceOf(stack, 'Custom::AcmeCertificate', 'Certificate').Properties;
    const zone = resourceOf(stack, 'AWS::Route53::HostedZone').id;
    const text = Spec['Fn::Join'][1].map((part: unknown) => (typeof part === 'string' ? part : 'Z123')).join('');
    expect(JSON.stringify(Spec)).toContain(`{"Ref":"${zone}"}`);
    expect(JSON.parse(text)).toMatchObject({ dns: { hostedZoneId: 'Z123' } });
  });

  it('has no tags where there are none', () => {
    certificate();
    expect(resource().Properties).not.toHaveProperty('Tags');
  });

  it.each([
    ['that evercert keeps for itself', 'Evercert:renewer', 'mine', 'keys that begin with evercert: are reserved'],
    ['with a character that a secret’s tag can not have', 'team', 'a, b', 'a value may have letters, digits'],
  ])('refuses a tag %s', (_what, key, value, words) => {
    Tags.of(certificate()).add(key, value);
    expect(() => resource()).toThrow(`tags of Test/Certificate: the tag "${key}": ${words}`);
  });

  it('refuses more tags than a secret has room for', () => {
    const made = certificate({ acm: ['eu-central-1', 'us-east-1'] });
    for (let count = 1; count <= 16; count += 1) Tags.of(made).add(`tag-${count}`, '');
    expect(() => resource()).toThrow('tags of Test/Certificate: there are 16 tags and 2 regions in acm');
  });

  it('takes a tag whose value the deployment knows', () => {
    Tags.of(certificate()).add('stack', stack.stackId);
    expect(JSON.stringify(resource().Properties.Tags)).toContain('AWS::StackId');
  });

  it.each([
    ['ecdsa-p384', 'can not use the key of Test/Certificate, of type ecdsa-p384; choose ecdsa-p256 or RSA'],
    ['ecdsa-p256', undefined],
  ] as const)('in a stack of us-east-1 with a key of type %s meets a distribution', (key, refusal) => {
    const east = testStack('us-east-1');
    const here = AcmeIssuer.letsEncrypt(east, 'Issuer', { renewer: new CertificateRenewer(east, 'Renewer') });
    const made = new AcmeCertificate(east, 'Certificate', { domainNames: NAMES, issuer: here, key });
    new Distribution(east, 'Distribution', {
      defaultBehavior: { origin: new HttpOrigin('origin.example') },
      domainNames: NAMES,
      certificate: made,
    });
    const synth = () => Template.fromStack(east);
    if (refusal === undefined) expect(synth).not.toThrow();
    else expect(synth).toThrow(refusal);
  });

  it('with a key that CloudFront can not use may be used by others in us-east-1', () => {
    const east = testStack('us-east-1');
    const here = AcmeIssuer.letsEncrypt(east, 'Issuer', { renewer: new CertificateRenewer(east, 'Renewer') });
    const made = new AcmeCertificate(east, 'Certificate', { domainNames: NAMES, issuer: here, key: 'ecdsa-p384' });
    new CfnOutput(east, 'Arn', { value: made.certificateArn });
    expect(() => Template.fromStack(east)).not.toThrow();
  });

  it('refuses two certificates of one name', () => {
    certificate();
    expect(() => certificate({}, 'Other')).toThrow('two certificates of the name leane.dev');
    expect(() => certificate({ domainNames: ['*.leane.dev'] }, 'Another')).toThrow('two certificates of the name');
  });

  it.each([
    ['Leane.DEV', 'leane.dev'],
    ['*.leane.dev.', 'leane.dev'],
    ['bücher.example', 'xn--bcher-kva.example'],
  ])('of %s has the name %s, as the certificate will', (domainName, name) => {
    expect(certificate({ domainNames: [domainName] }).certificateName).toBe(name);
  });

  it('refuses issuers of different renewers', () => {
    const other = AcmeIssuer.letsEncrypt(stack, 'OtherIssuer', {
      renewer: new CertificateRenewer(stack, 'OtherRenewer', { renewer: 'other' }),
    });
    expect(() => certificate({ issuer: [issuer, other] })).toThrow('its issuers belong to 2 renewers');
    expect(() => certificate({ issuer: [] }, 'None')).toThrow('issuer must have at least 1 entries');
  });

  it('is refused in a stack that can not reach its renewer, and is used there as certificateIn says', () => {
    const env = { region: 'us-east-1', account: '111122223333' };
    const east = new Stack(Stack.of(renewer).node.scope, 'East', { env, crossRegionReferences: true });
    const make = (scope: Stack) => new AcmeCertificate(scope, 'Other', { domainNames: ['example.com'], issuer });
    expect(() => make(east)).toThrow(
      'certificate example.com: its stack is in us-east-1 and its renewer in eu-central-1, whose functions CloudFormation can not',
    );
    new Distribution(east, 'Distribution', {
      defaultBehavior: { origin: new HttpOrigin('origin.example') },
      domainNames: NAMES,
      certificate: certificate({ acm: ['us-east-1'] }).certificateIn('us-east-1'),
    });
    const { ViewerCertificate: viewer } = resourceOf(east, 'AWS::CloudFront::Distribution').Properties
      .DistributionConfig;
    expect(JSON.stringify(viewer)).toContain('CertificateArnuseast1');
    const account = '444455556666';
    const foreign = new Stack(Stack.of(renewer).node.scope, 'Foreign', { env: { region: 'eu-central-1', account } });
    expect(() => make(foreign)).toThrow('its renewer in 111122223333; make a CertificateRenewer in 444455556666');
    const beside = new Stack(Stack.of(renewer).node.scope, 'Beside', { env: { ...env, region: 'eu-central-1' } });
    expect(() => make(beside)).not.toThrow();
  });

  it.each<[Partial<AcmeCertificateProps>, string]>([
    [{ domainNames: ['leane_dev'] }, 'certificate leane_dev: domainNames: "leane_dev" is not a domain name'],
    [{ domainNames: [] }, 'domainNames must have at least 1 entries'],
    [{ domainNames: ['*.leane.dev', 'www.leane.dev'] }, 'certificate leane.dev: domainNames: '],
    [{ acm: ['eu-central-7'] }, 'certificate leane.dev: acm: there is no AWS region "eu-central-7"'],
    [{ renewBefore: 'soon' }, 'certificate leane.dev: renewBefore: must be a time'],
    [{ hostedZoneId: 'leane.dev' }, 'certificate leane.dev: dns.hostedZoneId: must be a hosted zone id'],
    [{ removalPolicy: RemovalPolicy.SNAPSHOT }, 'certificate leane.dev: removalPolicy is snapshot'],
    [{ certificateName: 'a b' }, 'certificate name "a b": it: must be at most 512'],
    [{ certificateName: 'x'.repeat(201) }, 'Name: must be at most 200'],
    [{ certificateName: '_issuers/x' }, 'certificate name "_issuers/x"'],
    [
      { certificateName: 'arn:aws:secretsmanager:eu-central-1:111122223333:secret:x-AbCdEf' },
      'it must be a name, not an ARN',
    ],
  ])('refuses %j at synth', (props, sentence) => {
    expect(() => certificate(props)).toThrow(sentence);
  });

  it('wants to know the region of the stack at synth, where it uses it', () => {
    const anywhere = new Stack(testApp(), 'Anywhere');
    const here = AcmeIssuer.letsEncrypt(anywhere, 'LetsEncrypt', {
      renewer: new CertificateRenewer(anywhere, 'Renewer'),
    });
    const make = (props: Partial<AcmeCertificateProps>, id: string) =>
      new AcmeCertificate(anywhere, id, { domainNames: NAMES, issuer: here, ...props });
    expect(() => make({}, 'One')).toThrow('give the stack an env.region');
    expect(() => make({ acm: ['us-east-1'] }, 'Two').certificateIn('us-east-1')).not.toThrow();
  });
});

describe('many certificates in one stack', () => {
  const adviceOn = (count: number, props: Partial<AcmeCertificateProps> = {}): readonly unknown[] => {
    const stack = testStack();
    const issuer = AcmeIssuer.letsEncrypt(stack, 'Issuer', { renewer: new CertificateRenewer(stack, 'Renewer') });
    for (let index = 0; index < count; index += 1)
      new AcmeCertificate(stack, `C${index}`, { domainNames: [`c${index}.leane.dev`], issuer, ...props });
    return stack.node.metadata.filter(({ type, data }) => type === 'aws:cdk:warning' && /More than 100/.test(data));
  };

  it('are advised against once, from the hundred and first that is waited for', () => {
    expect(adviceOn(100)).toHaveLength(0);
    expect(adviceOn(102)).toHaveLength(1);
    expect(adviceOn(102, { waitForIssuance: false })).toHaveLength(0);
  });
});
