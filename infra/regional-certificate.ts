import { Duration, Resource } from 'aws-cdk-lib';
import type { ICertificate } from 'aws-cdk-lib/aws-certificatemanager';
import { Metric, type MetricOptions, Stats } from 'aws-cdk-lib/aws-cloudwatch';
import type { Construct } from 'constructs';
import {
  CERTIFICATE_DIMENSION,
  DAYS_TO_EXPIRY,
  METRIC_NAMESPACE,
  RENEWER_DIMENSION,
} from '../lambdas/core/metric-names.ts';

/** One import of a certificate. */
export class RegionalCertificate extends Resource implements ICertificate {
  readonly certificateArn: string;
  private readonly region: string;

  constructor(scope: Construct, id: string, props: { readonly certificateArn: string; readonly region: string }) {
    super(scope, id, { region: props.region });
    this.certificateArn = props.certificateArn;
    this.region = props.region;
  }

  get certificateRef(): ICertificate['certificateRef'] {
    return { certificateArn: this.certificateArn };
  }

  metricDaysToExpiry(props?: MetricOptions): Metric {
    return daysToExpiry(this.certificateArn, { region: this.region, ...props });
  }
}

/** ACM's own metric: the smallest value of a day. https://docs.aws.amazon.com/acm/latest/userguide/cloudwatch-metrics.html */
export function daysToExpiry(certificateArn: string, props: MetricOptions = {}): Metric {
  return new Metric({
    namespace: 'AWS/CertificateManager',
    metricName: 'DaysToExpiry',
    dimensionsMap: { CertificateArn: certificateArn },
    statistic: Stats.MINIMUM,
    period: Duration.days(1),
    ...props,
  });
}

/** What each scan writes for each certificate, where it does. */
export function certificateDaysToExpiry(
  certificateName: string,
  { renewer }: { readonly renewer: string },
  props: MetricOptions = {},
): Metric {
  return new Metric({
    namespace: METRIC_NAMESPACE,
    metricName: DAYS_TO_EXPIRY,
    dimensionsMap: { [RENEWER_DIMENSION]: renewer, [CERTIFICATE_DIMENSION]: certificateName },
    statistic: Stats.MINIMUM,
    period: Duration.hours(1),
    ...props,
  });
}
