import type { RemovalPolicy } from 'aws-cdk-lib';
import type { AssumedRole } from '../lambdas/core/dns-role.ts';
import type { KeyType } from '../lambdas/core/key-type.ts';
import type { AcmeIssuer } from './acme-issuer.ts';

export interface AcmeCertificateProps {
  /** Apex and wildcard, for example `['leane.dev', '*.leane.dev']`. */
  readonly domainNames: readonly string[];

  /** The issuer, or several in order of preference. */
  readonly issuer: AcmeIssuer | readonly AcmeIssuer[];

  /**
   * By which people and events call it; its secret is `<prefix>/<certificateName>`.
   *
   * @default - the first domain name as it is ordered, without `*.`
   */
  readonly certificateName?: string;

  /**
   * ACM freezes the key type of an ARN: another one means new imports with new ARNs.
   *
   * @default 'ecdsa-p256'
   */
  readonly key?: KeyType;

  /**
   * Keep the private key at renewals, for those who pin it.
   *
   * @default false
   */
  readonly reuseKey?: boolean;

  /**
   * A profile that the CA offers, such as `shortlived`.
   *
   * @default - the CA's default
   */
  readonly profile?: string;

  /**
   * Name of the root that the chain shall end in, where the CA offers alternates.
   *
   * @default - the CA's default chain
   */
  readonly preferredChain?: string;

  /**
   * `30d`, `36h`, or a share of the lifetime, `33%`. What the CA suggests goes first; this can only make it earlier.
   *
   * @default - a third of the lifetime, a half under ten days
   */
  readonly renewBefore?: string;

  /**
   * Regions whose ACM gets the pair; an empty list for the secret alone. CloudFront needs us-east-1.
   *
   * @default - the stack's region
   */
  readonly acm?: readonly string[];

  /**
   * Id of the hosted zone that answers the challenges.
   *
   * @default - the zone with the longest matching name
   */
  readonly hostedZoneId?: string;

  /**
   * The role to answer the challenges with, for zones in another account (`DnsRoleStack` makes one).
   *
   * @default - the account of the renewer, or what its `dnsRoles` say
   */
  readonly dnsRole?: AssumedRole;

  /**
   * Whether a CNAME record at a challenge's name is followed into zones that evercert manages.
   *
   * @default true
   */
  readonly followCname?: boolean;

  /**
   * Whether the deployment waits until the certificate is there. Without, it is registered, the next scan issues it, and
   * its ARN can't be used in this stack. A stack waits for four at a time, in the order in which they are made: let none depend
   * on one that is made after it.
   *
   * @default true
   */
  readonly waitForIssuance?: boolean;

  /**
   * What a deletion of this resource does to the secret and the imports. `RETAIN` keeps them, no longer renewed;
   * `DESTROY` deletes them, the secret after Secrets Manager's recovery window.
   *
   * @default RemovalPolicy.RETAIN
   */
  readonly removalPolicy?: RemovalPolicy;
}
