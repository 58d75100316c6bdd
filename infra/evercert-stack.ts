import { CfnOutput, Duration, RemovalPolicy, Stack, type StackProps } from 'aws-cdk-lib';
import { Key } from 'aws-cdk-lib/aws-kms';
import { HostedZone } from 'aws-cdk-lib/aws-route53';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import type { Construct } from 'constructs';
import { acknowledge } from './acknowledge.ts';
import { AcmeCertificate } from './acme-certificate.ts';
import { AcmeIssuer } from './acme-issuer.ts';
import type { CertificateConfig, IssuerConfig, ParsedConfig } from './app-config.ts';
import { CERTIFICATE_AUTHORITIES } from './certificate-authorities.ts';
import { CertificateRenewer } from './certificate-renewer.ts';
import { definedOnly } from './defined-only.ts';
import { defaultName } from './names.ts';
import { networkOf } from './network.ts';
import { refusal } from './refusal.ts';

export interface EvercertStackProps extends StackProps {
  readonly config: ParsedConfig;
}

const MOST_OUTPUTS = 200;

/** The engine, its issuers and its certificates in one stack. */
export class EvercertStack extends Stack {
  readonly renewer: CertificateRenewer;

  private readonly outputIds = new Map<string, number>();

  constructor(scope: Construct, id: string, props: EvercertStackProps) {
    super(scope, id, { description: 'evercert: TLS certificates that renew themselves', ...props });
    const { stackName: _id, region: _env, tags: _tags, issuers, certificates, alertEmails, ...engine } = props.config;
    const { hostedZoneIds, encryptionKeyArn, otherEncryptionKeyArns, ...others } = engine;
    const { leaseMinutes, propagationMinutes, vpc, ...settings } = others;
    const [defaultIssuer] = Object.keys(issuers);
    this.renewer = new CertificateRenewer(this, 'Renewer', {
      ...definedOnly(settings),
      ...(vpc === undefined ? {} : networkOf(this, vpc)),
      ...definedOnly({
        defaultIssuer,
        encryptionKey:
          encryptionKeyArn === undefined ? undefined : Key.fromKeyArn(this, 'EncryptionKey', encryptionKeyArn),
        lease: leaseMinutes === undefined ? undefined : Duration.minutes(leaseMinutes),
        propagationTimeout: propagationMinutes === undefined ? undefined : Duration.minutes(propagationMinutes),
      }),
      otherEncryptionKeys: otherEncryptionKeyArns.map((arn, index) =>
        Key.fromKeyArn(this, `OtherEncryptionKey-${index}`, arn),
      ),
      hostedZones: [...new Set(hostedZoneIds)].map((zoneId) =>
        HostedZone.fromHostedZoneId(this, `Zone-${zoneId}`, zoneId),
      ),
    });
    for (const address of alertEmails) this.subscribe(address);
    const byName = new Map(Object.entries(issuers).map(([name, issuer]) => [name, this.issuer(name, issuer)]));
    for (const certificate of certificates) this.certificate(certificate, byName);
    this.expectRoomForOutputs();
  }

  private subscribe(address: string): void {
    this.renewer.alertsTopic.addSubscription(new EmailSubscription(address));
    acknowledge(
      this.renewer,
      'Serverless-SNSRedrivePolicy',
      'A mail that SNS could not deliver would be stale in a queue; the state of an alarm stays in CloudWatch.',
    );
  }

  private issuer(issuerName: string, issuer: IssuerConfig): AcmeIssuer {
    const own = 'authority' in issuer ? knownAuthority(issuer) : issuer;
    return new AcmeIssuer(this, `Issuer-${issuerName}`, { ...definedOnly(own), renewer: this.renewer, issuerName });
  }

  private certificate(certificate: CertificateConfig, issuers: ReadonlyMap<string, AcmeIssuer>): void {
    const { name, issuer, removalPolicy, dns, ...spec } = certificate;
    const certificateName = name ?? defaultName(spec.domainNames);
    // Its own sentence comes before CDK's about two constructs of one id.
    const id = `Certificate-${certificateName}`;
    if (this.node.tryFindChild(id)) {
      throw refusal(`configuration: there are two certificates of the name ${certificateName}: give one another name`);
    }
    const made = new AcmeCertificate(this, id, {
      ...definedOnly(spec),
      certificateName,
      issuer: issuer.flatMap((each) => issuers.get(each) ?? []),
      removalPolicy: removalPolicy === 'destroy' ? RemovalPolicy.DESTROY : RemovalPolicy.RETAIN,
      ...definedOnly({ hostedZoneId: dns.hostedZoneId, followCname: dns.followCname }),
      ...(dns.roleArn === undefined
        ? {}
        : { dnsRole: definedOnly({ roleArn: dns.roleArn, externalId: dns.externalId }) }),
    });
    if (spec.waitForIssuance !== false) this.addArns(made, spec.acm ?? [this.region]);
  }

  /**
   * The imports, as outputs: `CertificateArnleanedev`, and with the region at the end where it isn't the stack's. An output's
   * name has letters and digits alone, so that the one of `my-shop.dev` beside `myshop.dev` gets a 2 at its end.
   */
  private addArns(certificate: AcmeCertificate, regions: readonly string[]): void {
    const { certificateName: name } = certificate;
    for (const region of regions) {
      const own = region === this.region;
      new CfnOutput(this, this.outputId(`CertificateArn-${name}${own ? '' : `-${region}`}`), {
        description: `${name} in ACM in ${region}`,
        value: certificate.arnIn(region),
      });
    }
  }

  /** https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html */
  private expectRoomForOutputs(): void {
    const count = this.node.findAll().filter((each) => each instanceof CfnOutput).length;
    if (count <= MOST_OUTPUTS) return;
    throw refusal(
      `configuration: the stack would have ${count} outputs, and CloudFormation takes ${MOST_OUTPUTS}, one of them for each import that is waited for; give certificates waitForIssuance: false, or deploy another file with a stackName and a renewer of its own`,
    );
  }

  private outputId(wanted: string): string {
    const plain = wanted.replace(/[^A-Za-z0-9]/g, '');
    const times = (this.outputIds.get(plain) ?? 0) + 1;
    this.outputIds.set(plain, times);
    return times === 1 ? wanted : `${wanted}-${times}`;
  }
}

function knownAuthority({ authority, ...account }: Extract<IssuerConfig, { readonly authority: unknown }>) {
  const { directoryUrl, trust } = CERTIFICATE_AUTHORITIES[authority];
  return { ...account, directoryUrl, trust };
}
