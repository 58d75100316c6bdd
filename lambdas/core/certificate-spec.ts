import * as z from 'zod/mini';
import { ROOM_IN_TAGS } from './certificate-tags.ts';
import { externalIdSchema, roleArnSchema } from './dns-role.ts';
import { parseDomainNames } from './domain-name.ts';
import { parseRenewBefore, type RenewBefore } from './duration.ts';
import { messageOf } from './failure.ts';
import { parseInput } from './input.ts';
import { issuerNameSchema } from './issuer-name.ts';
import { KEY_TYPES } from './key-type.ts';

/** Boulder's limit for the classic profile; ACM's is ten by default and can be raised. */
const MAX_NAMES = 100;

/** Each may be asked for the certificate and its renewal. */
const MAX_ISSUERS = 20;

/** As many as fit an answer to CloudFormation of 4,096 bytes, and a secret's 50 tags. */
const MAX_REGIONS = Math.min(20, ROOM_IN_TAGS);

const regionSchema = z.string().check(
  z.refine((region) => /^[a-z]{2,}(-[a-z]+)+-\d$/.test(region), {
    error: 'must be an AWS region, such as us-east-1',
  }),
);

const domainNamesSchema = z.pipe(
  z.array(z.string()).check(z.minLength(1), z.maxLength(MAX_NAMES)),
  z.transform((names, context) => {
    try {
      return parseDomainNames(names);
    } catch (error) {
      context.issues.push({ code: 'custom', input: names, message: messageOf(error) });
      return z.NEVER;
    }
  }),
);

const issuersSchema = z.pipe(
  z.union([issuerNameSchema, z.array(issuerNameSchema).check(z.minLength(1), z.maxLength(MAX_ISSUERS))]),
  z.transform((issuer): readonly string[] => (typeof issuer === 'string' ? [issuer] : issuer)),
);

export const hostedZoneIdSchema = z.string().check(
  z.refine((id) => /^Z[A-Z0-9]{1,31}$/.test(id), {
    error: 'must be a hosted zone id, such as Z0123456789ABC',
  }),
);

/** https://letsencrypt.org/docs/profiles/: both leave out the common name as well, which our requests never have. */
const NAMES_OF_PROFILE: ReadonlyMap<string | undefined, number> = new Map([
  ['tlsserver', 25],
  ['shortlived', 25],
]);

/** The fields of a spec, for what has others besides. */
export const certificateFieldsSchema = z.strictObject({
  /** Apex and wildcard, for example `['leane.dev', '*.leane.dev']`. */
  domainNames: domainNamesSchema,
  /** An issuer's name, or several in order of preference. */
  issuer: issuersSchema,
  key: z._default(z.enum(KEY_TYPES), 'ecdsa-p256'),
  /** Keep the private key at renewals, for those who pin it. */
  reuseKey: z._default(z.boolean(), false),
  /** A profile that the CA offers, such as `shortlived`. */
  profile: z.optional(z.string().check(z.minLength(1), z.maxLength(64))),
  /** The name of the root that the chain shall end in, where the CA offers alternates. */
  preferredChain: z.optional(z.string().check(z.minLength(1), z.maxLength(200))),
  /** `30d`, `36h` or a share of the lifetime, `33%`. */
  renewBefore: z.optional(
    z.string().check(
      z.refine((text) => parseRenewBefore(text) !== undefined, {
        error: 'must be a time such as 30d or 36h, or a share of the lifetime from 1% to 99%',
      }),
    ),
  ),
  /** Regions whose ACM gets the pair as well. */
  acm: z._default(
    z.pipe(
      z.array(regionSchema).check(z.maxLength(MAX_REGIONS)),
      z.transform((regions): readonly string[] => [...new Set(regions)]),
    ),
    [],
  ),
  /** Where the challenges are answered, when the account's zones and the names don't say it by themselves. */
  dns: z._default(
    z
      .strictObject({
        /** The zone of every name of the certificate. */
        hostedZoneId: z.optional(hostedZoneIdSchema),
        /** A role in the account that has the zones. */
        roleArn: z.optional(roleArnSchema),
        /** What the role's trust policy asks for. */
        externalId: z.optional(externalIdSchema),
        /** Whether a CNAME record at a challenge's name is followed; true when left out. */
        followCname: z.optional(z.boolean()),
      })
      .check(
        z.refine(({ roleArn, externalId }) => externalId === undefined || roleArn !== undefined, {
          path: ['externalId'],
          error: 'is for a role: set roleArn as well',
        }),
      ),
    {},
  ),
});

/** What somebody wants (docs/reference/spec.md). The same schema serves the CDK props, events and secrets. */
export const certificateSpecSchema = certificateFieldsSchema.check(
  z.refine(({ domainNames, profile }) => domainNames.length <= (NAMES_OF_PROFILE.get(profile) ?? MAX_NAMES), {
    path: ['domainNames'],
    error: `must have at most 25 entries with the profiles ${[...NAMES_OF_PROFILE.keys()].join(' and ')}`,
  }),
);

export type CertificateSpec = z.output<typeof certificateSpecSchema>;
/** As people write it: defaults may be left out, `issuer` may be one name. */
export type CertificateSpecInput = z.input<typeof certificateSpecSchema>;

/** Throws `invalid-input` with one sentence that names the field. */
export function parseCertificateSpec(input: unknown, what = 'certificate spec'): CertificateSpec {
  return parseInput(certificateSpecSchema, input, what);
}

export function renewBeforeOf(spec: CertificateSpec): RenewBefore | undefined {
  return spec.renewBefore === undefined ? undefined : parseRenewBefore(spec.renewBefore);
}

/** The issuer that is asked first. */
export function preferredIssuer(spec: CertificateSpec): string {
  return spec.issuer[0] ?? '';
}
