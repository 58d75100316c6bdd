import {
  Annotations,
  CustomResource,
  type ITaggableV2,
  Lazy,
  RemovalPolicy,
  Resource,
  type Stack,
  TagManager,
  TagType,
} from 'aws-cdk-lib';
import type { ICertificate } from 'aws-cdk-lib/aws-certificatemanager';
import type { Metric, MetricOptions } from 'aws-cdk-lib/aws-cloudwatch';
import { Grant, type IGrantable } from 'aws-cdk-lib/aws-iam';
import { type ISecret, Secret } from 'aws-cdk-lib/aws-secretsmanager';
import type { Construct } from 'constructs';
import type { CertificateSpec } from '../lambdas/core/certificate-spec.ts';
import { CERTIFICATE_TYPE, parseCertificateProperties } from '../lambdas/core/provision-event.ts';
import type { AcmeCertificateProps } from './acme-certificate-props.ts';
import type { AcmeIssuer } from './acme-issuer.ts';
import type { CertificateRenewer } from './certificate-renewer.ts';
import { isForCloudFront, refuseInDistributions } from './keys-for-cloudfront.ts';
import { defaultName, parseCertificateName } from './names.ts';
import { expectOwnPrincipal } from './own-principal.ts';
import { PROVISION_TIMEOUT } from './provision-timeout.ts';
import { refusal } from './refusal.ts';
import { certificateDaysToExpiry, daysToExpiry, RegionalCertificate } from './regional-certificate.ts';
import { CLOUDFRONT_REGION, expectKnownRegion } from './regions.ts';
import { expectEnvironmentOf } from './same-environment.ts';
import { specOf, withZoneOf } from './spec-of-props.ts';
import { tagsProperty } from './tags-property.ts';
import { AT_A_TIME, whoseTurnEnds } from './turns.ts';

/** From here on a deployment that waits takes half an hour and longer. */
const MANY = 100;

/**
 * A certificate that renews itself: one secret with the pair, and one import in the ACM of each region, both under the same
 * ARN for good. Usable wherever CDK takes a certificate.
 */
export class AcmeCertificate extends Resource implements ICertificate, ITaggableV2 {
  readonly certificateName: string;
  /** JSON with `certificate`, `chain`, `fullchain` and `privateKey` as PEM (README, "The secret"). */
  readonly secret: ISecret;
  /** End of the validity at the time of the deployment, ISO 8601; it moves at each renewal. */
  readonly notAfter: string;
  /** Tags of the secret and of the imports; the stack's tags are among them. */
  readonly cdkTagManager = new TagManager(TagType.KEY_VALUE, CERTIFICATE_TYPE);

  private readonly resource: CustomResource;
  private readonly spec: CertificateSpec;
  private readonly waitForIssuance: boolean;
  private readonly certificateMetrics: CertificateRenewer['certificateMetrics'];
  private readonly secretsKeyArns: CertificateRenewer['secretsKeyArns'];
  private readonly regional = new Map<string, ICertificate>();

  constructor(scope: Construct, id: string, props: AcmeCertificateProps) {
    super(scope, id);
    const issuers = 'length' in props.issuer ? props.issuer : [props.issuer];
    const first = props.certificateName ?? defaultName(props.domainNames);
    this.spec = specOf(first, props, issuers, this.stack.region);
    // As the spec has it, in lower case and A-labels: one domain is one certificate, however somebody writes it.
    const wanted = props.certificateName ?? defaultName(this.spec.domainNames);
    this.certificateName = parseCertificateName(wanted);
    this.waitForIssuance = props.waitForIssuance ?? true;
    const renewer = renewerOf(wanted, issuers);
    const { region } = this.stack;
    const instead = `put it into the renewer's stack with ${region} in acm, and use its certificateIn('${region}') here, with crossRegionReferences`;
    expectEnvironmentOf(renewer, this, `certificate ${wanted}`, instead);
    renewer.takeName('certificate', wanted);
    this.certificateMetrics = renewer.certificateMetrics;
    if (props.dnsRole) renewer.allowDnsRole(props.dnsRole);

    const properties = {
      Name: wanted,
      Spec: JSON.stringify(this.spec),
      WaitForIssuance: String(this.waitForIssuance),
      RemovalPolicy: removalPolicyOf(wanted, props.removalPolicy ?? RemovalPolicy.RETAIN),
    };
    parseCertificateProperties(properties);
    this.resource = new CustomResource(this, 'Resource', {
      resourceType: CERTIFICATE_TYPE,
      serviceToken: renewer.provisionFunction.functionArn,
      serviceTimeout: PROVISION_TIMEOUT,
      properties: {
        ...properties,
        Spec: this.stack.toJsonString(withZoneOf(this.spec, props)),
        Tags: Lazy.any({ produce: () => tagsProperty(this, this.cdkTagManager, this.spec.acm.length) }),
      },
    });
    this.resource.node.addDependency(...issuers);
    const { encryptionKey } = renewer;
    this.secretsKeyArns = renewer.secretsKeyArns;
    this.secret = Secret.fromSecretAttributes(this, 'Secret', {
      secretCompleteArn: this.resource.getAttString('SecretArn'),
      ...(encryptionKey ? { encryptionKey } : {}),
    });
    this.notAfter = this.resource.getAttString('NotAfter');
    if (!isForCloudFront(this.spec.key)) refuseInDistributions(this, this.resource, this.spec.key);
    if (this.waitForIssuance) takeTurn(this.resource);
  }

  /** The import in the stack's region. */
  get certificateArn(): string {
    return this.arnIn(this.stack.region);
  }

  get certificateRef(): ICertificate['certificateRef'] {
    return { certificateArn: this.certificateArn };
  }

  /**
   * The import in a region of `acm`, as CloudFront wants the one in us-east-1. Refuses another region, and in us-east-1 a
   * key that CloudFront can't use; load balancers there take `this` in a stack of that region.
   */
  certificateIn(region: string): ICertificate {
    expectKnownRegion(region, `certificate ${this.certificateName}`);
    if (region === CLOUDFRONT_REGION && !isForCloudFront(this.spec.key)) {
      throw refusal(
        `certificate ${this.certificateName}: CloudFront can not use a key of type ${this.spec.key}; choose ecdsa-p256 or RSA`,
      );
    }
    const certificateArn = this.arnIn(region);
    const known = this.regional.get(region);
    if (known) return known;
    const made = new RegionalCertificate(this, `In-${region}`, { certificateArn, region });
    this.regional.set(region, made);
    return made;
  }

  /** The ARN of the import in a region of `acm`. Refuses another region, and a certificate that isn't waited for. */
  arnIn(region: string): string {
    const what = `certificate ${this.certificateName}`;
    if (!this.waitForIssuance) {
      throw refusal(`${what}: with waitForIssuance: false it has no ARN when the stack is deployed`);
    }
    if (this.spec.acm.includes(region)) return this.resource.getAttString(`CertificateArn.${region}`);
    const declared = this.spec.acm.length > 0 ? this.spec.acm.join(', ') : 'none';
    throw refusal(`${what}: it is not in ACM in ${region}; add the region to acm (${declared})`);
  }

  /**
   * Lets a role or user of the stack's account read the pair, private key included, under whichever of the renewer's keys it is.
   * Refuses others, who need a policy on the secret: evercert writes none (README, "The secret").
   */
  grantRead(grantee: IGrantable): Grant {
    expectOwnPrincipal(grantee, this.stack, `certificate ${this.certificateName}`);
    const granted = this.secret.grantRead(grantee);
    if (this.secretsKeyArns.length === 0) return granted;
    // `secret.grantRead` writes about a key into that key's policy alone, which CDK can't change for a key that is imported.
    const { region, urlSuffix } = this.stack;
    const decrypt = Grant.addToPrincipal({
      grantee,
      actions: ['kms:Decrypt'],
      resourceArns: [...this.secretsKeyArns],
      conditions: { StringEquals: { 'kms:ViaService': `secretsmanager.${region}.${urlSuffix}` } },
    });
    return granted.combine(decrypt);
  }

  /**
   * Days until the live pair in the secret expires, where the renewer has `certificateMetrics`. Otherwise ACM's own metric
   * of the import in the stack's region, twice a day; refused for a certificate without such an import.
   */
  metricDaysToExpiry(props?: MetricOptions): Metric {
    if (this.certificateMetrics) return certificateDaysToExpiry(this.certificateName, this.certificateMetrics, props);
    return daysToExpiry(this.certificateArn, props);
  }
}

function renewerOf(name: string, issuers: readonly AcmeIssuer[]): CertificateRenewer {
  const renewers = [...new Set(issuers.map(({ renewer }) => renewer))];
  const [renewer] = renewers;
  if (renewer && renewers.length === 1) return renewer;
  throw refusal(`certificate ${name}: its issuers belong to ${renewers.length} renewers; they must belong to one`);
}

function removalPolicyOf(name: string, policy: RemovalPolicy): 'retain' | 'destroy' {
  if (policy === RemovalPolicy.RETAIN) return 'retain';
  if (policy === RemovalPolicy.DESTROY) return 'destroy';
  throw refusal(`certificate ${name}: removalPolicy is ${policy}; it can be RETAIN or DESTROY`);
}

const awaited = new WeakMap<Stack, CustomResource[]>();

/** Lets a certificate that is waited for begin when one of those before it is done, in the order of the code. */
function takeTurn(resource: CustomResource): void {
  const { stack } = resource;
  const before = awaited.get(stack) ?? [];
  const done = whoseTurnEnds(before);
  if (done) resource.node.addDependency(done);
  awaited.set(stack, [...before, resource]);
  if (before.length !== MANY) return;
  Annotations.of(stack).addWarningV2(
    'evercert:many-certificates',
    `More than ${MANY} certificates are waited for in one deployment, ${AT_A_TIME} at a time. Give them ` +
      'waitForIssuance: false, or spread them over stacks: it takes a minute or more for each turn, and one failure rolls all ' +
      'of them back.',
  );
}
