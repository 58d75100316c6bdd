import * as z from 'zod/mini';
import { certificateFieldsSchema, hostedZoneIdSchema } from '../lambdas/core/certificate-spec.ts';
import { parseInput } from '../lambdas/core/input.ts';
import { issuerNameSchema } from '../lambdas/core/issuer-name.ts';
import { emailSchema } from '../lambdas/core/issuer-settings.ts';
import { leaseMinutesSchema, propagationMinutesSchema } from '../lambdas/core/settings.ts';
import { TRUSTS } from '../lambdas/core/trust.ts';
import { CERTIFICATE_AUTHORITIES, type CertificateAuthorityName } from './certificate-authorities.ts';
import { refusal } from './refusal.ts';

const AUTHORITY_NAMES = Object.keys(CERTIFICATE_AUTHORITIES) as CertificateAuthorityName[];

const account = {
  email: z.optional(emailSchema),
  /** Name or ARN of a secret with `{"kid": "…", "hmacKey": "…"}`. */
  externalAccountBinding: z.optional(z.string()),
  /** Any new text gives the account a new key, once. */
  keyRollover: z.optional(z.string()),
};

const issuerSchema = z.union([
  z.strictObject({ authority: z.enum(AUTHORITY_NAMES), ...account }),
  z.strictObject({
    directoryUrl: z.string(),
    ...account,
    trust: z.optional(z.enum(TRUSTS)),
    caBundle: z.optional(z.string()),
    allowedHosts: z.optional(z.array(z.string())),
    allowPrivateAddresses: z.optional(z.boolean()),
  }),
]);

const certificateSchema = z.extend(certificateFieldsSchema, {
  /** By default the first domain name, without `*.`. */
  name: z.optional(z.string()),
  /** By default the stack's region; an empty list for the secret alone. */
  acm: z.optional(z.array(z.string())),
  waitForIssuance: z.optional(z.boolean()),
  removalPolicy: z.optional(z.enum(['retain', 'destroy'])),
});

/** Of something of EC2: `vpc-0a1b2c3d`. */
const idSchema = (kind: string) =>
  z
    .string()
    .check(
      z.regex(new RegExp(`^${kind}-([0-9a-f]{8}|[0-9a-f]{17})$`), { error: `must be an id such as ${kind}-0a1b2c3d` }),
    );

const keyArn = z.string().check(
  z.refine((arn) => /^arn:[a-z-]+:kms:[a-z0-9-]+:\d{12}:key\/.+$/.test(arn), {
    error: 'must be the ARN of a KMS key',
  }),
);

const configSchema = z.strictObject({
  stackName: z._default(z.string().check(z.regex(/^[A-Za-z][A-Za-z0-9-]{0,127}$/)), 'Evercert'),
  /** By default the region of the AWS profile. */
  region: z.optional(z.string()),
  /** By name. */
  issuers: z.record(issuerNameSchema, issuerSchema),
  certificates: z.array(certificateSchema),
  /** Addresses that get the alarms, after they have confirmed. */
  alertEmails: z._default(z.array(emailSchema), []),
  prefix: z.optional(z.string()),
  renewer: z.optional(z.string()),
  execution: z.optional(z.enum(['durable', 'direct'])),
  /** Zones in which challenges may be answered; all when empty. */
  hostedZoneIds: z._default(z.array(hostedZoneIdSchema), []),
  /** Roles for zones in other accounts, for every name at or below `zone`. */
  dnsRoles: z.optional(
    z.array(z.strictObject({ zone: z.string(), roleArn: z.string(), externalId: z.optional(z.string()) })),
  ),
  /** Names beside those that begin with `_acme-challenge.` to which CNAME records may lead. */
  cnameTargets: z.optional(z.array(z.string())),
  /** Renewals that a scan starts in a minute; by default 60. */
  startsPerMinute: z.optional(z.int()),
  /** How long an attempt owns its claim; by default 15. */
  leaseMinutes: z.optional(leaseMinutesSchema),
  /** How long TXT values may take to be in sync and visible; by default 8. */
  propagationMinutes: z.optional(propagationMinutesSchema),
  /** Percent of a certificate's lifetime, below which an alarm begins; by default 20. */
  minimumRemainingShare: z.optional(z.number()),
  /** Whether each certificate has a metric of its own, which costs money; false when left out. */
  certificateMetrics: z.optional(z.boolean()),
  /** Whether there is a dashboard, which costs money; true when left out. */
  dashboard: z.optional(z.boolean()),
  /** Names or ARNs of secrets outside of the prefix whose certificates are adopted. */
  adoptedSecrets: z._default(z.array(z.string()), []),
  /** Resolvers that find the zones' name servers; by default the functions' own. */
  dnsResolvers: z.optional(z.array(z.string())),
  /** Where the zones' name servers listen; by default 53. */
  authoritativePort: z.optional(z.int()),
  /** The VPC that the functions run in; by default none. docs/operations/vpc.md */
  vpc: z.optional(
    z.strictObject({
      vpcId: idSchema('vpc'),
      subnetIds: z.array(idSchema('subnet')).check(z.minLength(1)),
      /** By default one for each function, which lets everything out. */
      securityGroupIds: z._default(z.array(idSchema('sg')), []),
    }),
  ),
  /** ARN of a KMS key of the stack's region, for secrets and the history of durable executions; by default AWS's own. */
  encryptionKeyArn: z.optional(keyArn),
  /** ARNs of the keys of secrets that exist: what `encryptionKeyArn` was before, and the keys of adopted secrets. */
  otherEncryptionKeyArns: z._default(z.array(keyArn), []),
  tags: z._default(z.record(z.string(), z.string()), {}),
});

/** Everything that `npx cdk deploy` deploys; `examples/evercert.config.ts` is one. */
export type EvercertConfig = z.input<typeof configSchema>;
export type ParsedConfig = z.output<typeof configSchema>;
export type IssuerConfig = ParsedConfig['issuers'][string];
export type CertificateConfig = ParsedConfig['certificates'][number];

/** Throws `invalid-input` with a sentence that names the field, the issuer or the certificate. */
export function parseConfig(input: unknown): ParsedConfig {
  const config = parseInput(configSchema, input, 'configuration');
  const names = Object.keys(config.issuers);
  for (const { issuer, domainNames } of config.certificates) {
    const unknown = issuer.find((name) => !names.includes(name));
    if (unknown === undefined) continue;
    throw refusal(
      `configuration: the certificate for ${domainNames[0]} names the issuer ${JSON.stringify(unknown)}, which is not ` +
        `among issuers (${names.join(', ') || 'none'})`,
    );
  }
  return config;
}
