import { Stack, type StackProps } from 'aws-cdk-lib';
import { Distribution } from 'aws-cdk-lib/aws-cloudfront';
import { HttpOrigin } from 'aws-cdk-lib/aws-cloudfront-origins';
import { Vpc } from 'aws-cdk-lib/aws-ec2';
import { ApplicationLoadBalancer, ListenerAction } from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import type { Construct } from 'constructs';
import { AcmeCertificate } from '../infra/acme-certificate.ts';
import { AcmeIssuer } from '../infra/acme-issuer.ts';
import { CertificateRenewer } from '../infra/certificate-renewer.ts';

/** One certificate for a load balancer in the stack's region and for CloudFront, which takes it from us-east-1. */
export class LoadBalancerAndDistribution extends Stack {
  constructor(scope: Construct, id: string, props: StackProps & { readonly domain: string }) {
    super(scope, id, props);
    const { domain } = props;
    const renewer = new CertificateRenewer(this, 'Renewer');
    // Nobody is told of an alarm without; SNS asks the address to confirm first.
    renewer.alertsTopic.addSubscription(new EmailSubscription(`ops@${domain}`));
    const issuer = AcmeIssuer.letsEncrypt(this, 'LetsEncrypt', { renewer, email: `ops@${domain}` });
    const certificate = new AcmeCertificate(this, 'Certificate', {
      domainNames: [domain, `*.${domain}`],
      issuer,
      acm: [this.region, 'us-east-1'],
    });

    const loadBalancer = new ApplicationLoadBalancer(this, 'LoadBalancer', {
      vpc: new Vpc(this, 'Vpc', { maxAzs: 2, natGateways: 0 }),
      internetFacing: true,
    });
    loadBalancer.addListener('Https', {
      port: 443,
      certificates: [certificate],
      defaultAction: ListenerAction.fixedResponse(200, { messageBody: 'hello' }),
    });

    new Distribution(this, 'Distribution', {
      domainNames: [`www.${domain}`],
      certificate: certificate.certificateIn('us-east-1'),
      defaultBehavior: { origin: new HttpOrigin(`origin.${domain}`) },
    });
  }
}
