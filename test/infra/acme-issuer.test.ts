import { join } from 'node:path';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { Aws, type Stack, Stage, Tags } from 'aws-cdk-lib';
import { CfnAcmeEndpoint } from 'aws-cdk-lib/aws-certificatemanager';
import { AcmeIssuer } from '../../infra/acme-issuer.ts';
import { CertificateRenewer } from '../../infra/certificate-renewer.ts';
import { parseIssuerProperties } from '../../lambdas/core/provision-event.ts';
import { readPrivateCa } from '../../lambdas/handlers/private-cas.ts';
import { resourceOf, resourcesOf, testStack } from './synthesized.ts';

const BINDING = 'a-binding';

describe('AcmeIssuer', () => {
  let stack: Stack;
  let renewer: CertificateRenewer;

  beforeEach(() => {
    stack = testStack();
    renewer = new CertificateRenewer(stack, 'Renewer');
  });

  it.each([
    ['letsencrypt', 'https://acme-v02.api.letsencrypt.org/directory', 'public', AcmeIssuer.letsEncrypt],
    [
      'letsencrypt-staging',
      'https://acme-staging-v02.api.letsencrypt.org/directory',
      'none',
      AcmeIssuer.letsEncryptStaging,
    ],
    ['zerossl', 'https://acme.zerossl.com/v2/DV90', 'public', AcmeIssuer.zeroSsl],
    ['google', 'https://dv.acme-v02.api.pki.goog/directory', 'public', AcmeIssuer.googleTrustServices],
  ] as const)('knows %s', (name, directoryUrl, trust, make) => {
    make(stack, 'Issuer', { renewer, email: 'ops@leane.dev', externalAccountBinding: BINDING });
    const { Properties } = resourceOf(stack, 'Custom::AcmeIssuer');
    const parsed = parseIssuerProperties(Properties);
    expect(parsed).toMatchObject({ name, settings: { directoryUrl, trust, email: 'ops@leane.dev' } });
  });

  it('is a custom resource of the provision function, which has time for a repetition', () => {
    AcmeIssuer.letsEncrypt(stack, 'Issuer', { renewer });
    expect(resourceOf(stack, 'Custom::AcmeIssuer').Properties).toMatchObject({
      ServiceToken: { 'Fn::GetAtt': [resourceOf(stack, 'AWS::Lambda::Function', 'Provision').id, 'Arn'] },
      ServiceTimeout: '2100',
    });
  });

  it("takes an ACM endpoint's directory URL that is known at the deployment", () => {
    const { attrEndpointUrl: directoryUrl } = new CfnAcmeEndpoint(stack, 'Endpoint', {
      authorizationBehavior: 'PRE_APPROVED',
      certificateAuthority: { publicCertificateAuthority: { allowedKeyAlgorithms: ['EC_prime256v1'] } },
    });
    AcmeIssuer.acm(stack, 'Issuer', { renewer, directoryUrl, externalAccountBinding: BINDING });
    const { Name, Settings } = resourceOf(stack, 'Custom::AcmeIssuer').Properties;
    expect(Name).toBe('acm');
    const [, parts] = Settings['Fn::Join'];
    expect(parts).toContainEqual({ 'Fn::GetAtt': ['Endpoint', 'EndpointUrl'] });
    expect(JSON.stringify(Settings)).not.toContain('.invalid');
  });

  it('lets renew and provision read the bindings of all issuers, and nobody else', () => {
    AcmeIssuer.zeroSsl(stack, 'ZeroSsl', { renewer, externalAccountBinding: 'one' });
    AcmeIssuer.googleTrustServices(stack, 'Google', {
      renewer,
      externalAccountBinding: 'arn:aws:secretsmanager:eu-central-1:111122223333:secret:two-AbCdEf',
    });
    const readers = Object.entries(resourcesOf(stack, 'AWS::IAM::Policy')).flatMap(([id, { Properties }]) =>
      Properties.PolicyDocument.Statement.filter(
        ({ Sid }: { readonly Sid?: string }) => Sid === 'ReadExternalAccountBindings',
      ).map(({ Resource }: { readonly Resource: readonly unknown[] }) => [id.replace(/RoleDefault.*/, ''), Resource]),
    );
    const secrets = ['one-??????', 'two-AbCdEf'].map(
      (name) => `arn:aws:secretsmanager:eu-central-1:111122223333:secret:${name}`,
    );
    expect(Object.fromEntries(readers)).toEqual({ RenewerRenew: secrets, RenewerProvision: secrets });
  });

  it('passes on its own tags and those of its stack', () => {
    const issuer = AcmeIssuer.letsEncrypt(stack, 'Issuer', { renewer });
    Tags.of(stack).add('team', 'platform');
    Tags.of(issuer).add('tier', 'gold');
    const { Properties } = resourceOf(stack, 'Custom::AcmeIssuer');
    expect(parseIssuerProperties(Properties).tags).toEqual({ team: 'platform', tier: 'gold' });
  });

  it('refuses a tag that a secret can not have', () => {
    const issuer = AcmeIssuer.letsEncrypt(stack, 'Issuer', { renewer });
    Tags.of(issuer).add('evercert:renewer', 'mine');
    expect(() => resourceOf(stack, 'Custom::AcmeIssuer')).toThrow('reserved for evercert');
  });

  it('tells the scan how a private CA is reached, in a layer with a file of the issuer', () => {
    const caBundle = '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n';
    AcmeIssuer.letsEncrypt(stack, 'Public', { renewer });
    new AcmeIssuer(stack, 'Private', { ...privateIssuer('step-ca'), caBundle, allowPrivateAddresses: true });
    const { id, Properties: layer } = resourceOf(stack, 'AWS::Lambda::LayerVersion');
    const functions = Object.entries(resourcesOf(stack, 'AWS::Lambda::Function'));
    const layered = functions.flatMap(([name, { Properties }]) => (Properties.Layers ? [[name, Properties]] : []));
    expect(layered).toEqual([[expect.stringMatching(/^RenewerScan/), expect.anything()]]);
    const [, scan] = layered[0] ?? [];
    expect(scan).toMatchObject({
      Layers: [{ Ref: id }],
      Environment: { Variables: { EVERCERT_PRIVATE_CA_FOLDER: '/opt/evercert/private-cas' } },
    });
    // As Lambda unpacks it.
    const opt = join(Stage.of(stack)?.assetOutdir ?? '', `asset.${layer.Content.S3Key.replace('.zip', '')}`);
    const log = { info: fail, warn: fail, error: fail };
    expect(readPrivateCa(join(opt, 'evercert/private-cas'), 'step-ca', log)).toEqual({
      caBundle,
      allowPrivateAddresses: true,
      allowHttp: false,
    });
  });

  it('refuses more private CAs than a function can have layers', () => {
    const add = (name: string) => new AcmeIssuer(stack, name, { ...privateIssuer(name), allowPrivateAddresses: true });
    for (const name of ['a', 'b', 'c', 'd', 'e']) add(name);
    expect(() => add('f')).toThrow('issuer f: one renewer takes at most 5 issuers with caBundle');
  });

  it('refuses a stack of another region than its renewer', () => {
    const east = testStack('us-east-1');
    expect(() => AcmeIssuer.letsEncrypt(east, 'LetsEncrypt', { renewer })).toThrow(
      'issuer letsencrypt: its stack is in us-east-1 and its renewer in eu-central-1',
    );
  });

  it('refuses two issuers of one name', () => {
    AcmeIssuer.letsEncrypt(stack, 'One', { renewer });
    expect(() => AcmeIssuer.letsEncrypt(stack, 'Two', { renewer })).toThrow('two issuers of the name letsencrypt');
  });

  const privateIssuer = (issuerName: string) => ({
    renewer,
    issuerName,
    directoryUrl: 'https://ca.example/directory',
  });

  it.each([
    [{ directoryUrl: 'ftp://ca.example' }, 'issuer private: directoryUrl'],
    [{ directoryUrl: 'http://ca.example/directory' }, 'issuer private: directoryUrl: must be an https URL'],
    [{ email: 'nobody' }, 'issuer private: email: must be an e-mail address'],
    [{ trust: 'bundle' as const }, 'issuer private: caBundle: is missing'],
    [{ caBundle: 'no PEM' }, 'issuer private: caBundle: must hold PEM certificates'],
    [{ caBundle: `-----BEGIN CERTIFICATE-----\n${Aws.NO_VALUE}` }, 'issuer private: caBundle has to be known at synth'],
    [{ directoryUrl: 'https://acme.zerossl.com/v2/DV90' }, 'issuer private: externalAccountBinding is missing'],
    [{ issuerName: 'My CA' }, 'issuer name "My CA": it: must be lower-case'],
  ])('refuses %j at synth', (props, sentence) => {
    expect(() => new AcmeIssuer(stack, 'Issuer', { ...privateIssuer('private'), ...props })).toThrow(sentence);
  });
});

function fail(message: string): never {
  throw new Error(message);
}
