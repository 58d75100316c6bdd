import type { Duration } from 'aws-cdk-lib';
import type { ISecurityGroup, IVpc, SubnetSelection } from 'aws-cdk-lib/aws-ec2';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { IHostedZone } from 'aws-cdk-lib/aws-route53';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { ZoneRole } from '../lambdas/core/dns-role.ts';
import type { Settings } from '../lambdas/core/settings.ts';

export interface CertificateRenewerProps {
  /**
   * Secrets are `<prefix>/<certificate>`. The functions can reach no others but those that are listed.
   *
   * @default 'evercert'
   */
  readonly prefix?: string;

  /**
   * Marks the secrets and imports of this deployment, in the tag `evercert:renewer`. Two deployments in one account need
   * two names.
   *
   * @default 'evercert'
   */
  readonly renewer?: string;

  /**
   * Name of the issuer that renews adopted certificates, which have no spec of their own.
   *
   * @default 'letsencrypt'
   */
  readonly defaultIssuer?: string;

  /**
   * `durable`: a renewal that waits costs nothing, and goes on where it stopped. `direct`: all in one invocation. Changing it
   * replaces the function `renew`: `durableConfig` can only be set when a function is created.
   *
   * @default 'durable'; choose 'direct' in a region without durable functions
   */
  readonly execution?: Settings['execution'];

  /**
   * How long a durable execution may take, waiting included.
   *
   * @default Duration.hours(24)
   */
  readonly executionTimeout?: Duration;

  /**
   * How long the history of a durable execution can be looked at; from 1 to 90 days.
   *
   * @default Duration.days(14)
   */
  readonly executionRetention?: Duration;

  /**
   * The zones in which challenges are answered.
   *
   * @default - every hosted zone of the account
   */
  readonly hostedZones?: readonly IHostedZone[];

  /**
   * Names or ARNs of secrets outside of the prefix whose certificates were adopted.
   *
   * @default - none
   */
  readonly adoptedSecrets?: readonly string[];

  /**
   * Names or ARNs of secrets with external account bindings, for issuers that are configured by hand. Those of an
   * `AcmeIssuer` need not be listed.
   *
   * @default - none
   */
  readonly externalAccountBindings?: readonly string[];

  /**
   * ARNs of roles that a renewal may assume to answer challenges, for zones in other accounts: of specs that are written by
   * hand. Those of an `AcmeCertificate`, and of `dnsRoles`, need not be listed.
   *
   * @default - none
   */
  readonly dnsRoleArns?: readonly string[];

  /**
   * Roles for zones in other accounts: challenges at or below `zone` are answered with its role, whatever the certificate.
   *
   * @default - none
   */
  readonly dnsRoles?: readonly ZoneRole[];

  /**
   * Names beside those that begin with `_acme-challenge.` to which CNAME records at challenges' names may lead.
   *
   * @default - none
   */
  readonly cnameTargets?: readonly string[];

  /**
   * How many renewals a scan starts in a minute, so that Route 53 has requests left for others.
   *
   * @default 60
   */
  readonly startsPerMinute?: number;

  /**
   * A symmetric key of your own, of the stack's region, for the secrets that are made from now on and for the history of
   * durable executions. Its policy has to let the account's roles use it, as that of `new Key()` does. Secrets that exist
   * keep theirs, so that the key before belongs into `otherEncryptionKeys`. Not an alias, which no policy can name a key by:
   * `Key.fromLookup()` finds the key of one.
   *
   * @default - keys that AWS manages
   */
  readonly encryptionKey?: IKey;

  /**
   * Keys of secrets that exist: what `encryptionKey` was before, and the keys of adopted secrets. The functions, and whoever
   * `AcmeCertificate.grantRead` lets read, may use them. docs/operations/deployments.md
   *
   * @default - none
   */
  readonly otherEncryptionKeys?: readonly IKey[];

  /**
   * Where the functions run, for a CA in a private network for example. What they have to reach from there:
   * docs/operations/vpc.md
   *
   * @default - Lambda's own network, from which the internet can be reached
   */
  readonly vpc?: IVpc;

  /**
   * Subnets of `vpc` from which CA, AWS and port 53 can be reached. A public subnet leads nowhere: functions get no public
   * address.
   *
   * @default - the private subnets of `vpc`
   */
  readonly vpcSubnets?: SubnetSelection;

  /**
   * For the functions in `vpc`.
   *
   * @default - one for each function, which lets everything out
   */
  readonly securityGroups?: readonly ISecurityGroup[];

  /**
   * IP addresses of the resolvers that find name servers, with a port if it is not 53.
   *
   * @default - the resolver of the function
   */
  readonly dnsResolvers?: readonly string[];

  /**
   * Where the zones' name servers listen.
   *
   * @default 53; another one for an emulated AWS
   */
  readonly authoritativePort?: number;

  /**
   * How long an attempt owns its claim.
   *
   * @default Duration.minutes(15)
   */
  readonly lease?: Duration;

  /**
   * How long TXT values may take to be in sync and visible.
   *
   * @default Duration.minutes(8)
   */
  readonly propagationTimeout?: Duration;

  /**
   * Percent of a certificate's lifetime; an alarm begins below it. Renewals begin at 33 % (50 % for lifetimes under ten
   * days).
   *
   * @default 20
   */
  readonly minimumRemainingShare?: number;

  /**
   * Whether each certificate has a metric of its own, `DaysToExpiry` by name, written by every scan. CloudWatch charges for
   * each as a custom metric (README, "Costs"). `AcmeCertificate.metricDaysToExpiry()` then refers to it.
   *
   * @default false; the metric for all of them, and ACM's own for what is imported, are always there
   */
  readonly certificateMetrics?: boolean;

  /**
   * Whether there is a dashboard of the fleet. CloudWatch charges for one by the month (README, "Costs").
   *
   * @default true
   */
  readonly dashboard?: boolean;

  /**
   * Where alarms are sent. The topic's policy, and that of its key, are made to let CloudWatch in, which replaces SNS's default
   * policy; an imported topic or key has to do so already (docs/operations/alarms.md).
   *
   * @default - a new topic without subscriptions
   */
  readonly alertsTopic?: ITopic;

  /** @default RetentionDays.THREE_MONTHS */
  readonly logRetention?: RetentionDays;
}
