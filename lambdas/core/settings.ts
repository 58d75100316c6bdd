import * as z from 'zod/mini';
import { externalIdSchema, roleArnSchema } from './dns-role.ts';
import { RenewalFailure } from './failure.ts';
import { parseInput } from './input.ts';
import { issuerNameSchema } from './issuer-name.ts';

const hostAndPort = z.string().check(
  z.refine((text) => /^(\[[0-9a-fA-F:]+\]|\d{1,3}(\.\d{1,3}){3})(:\d{1,5})?$/.test(text), {
    error: 'must be an IP address, with a port if it is not 53: 192.0.2.1:5353 or [2001:db8::1]:53',
  }),
);

/** Octets of one label or several; an underscore may begin one. */
const dnsName = z.string().check(
  z.refine((text) => /^[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)+$/.test(text), {
    error: 'must be a name in lower case without a dot at the end, such as example.com',
  }),
);

const minutes = (low: number, high: number) => z.int().check(z.gte(low), z.lte(high));

export const leaseMinutesSchema = minutes(5, 24 * 60);
export const propagationMinutesSchema = minutes(1, 12 * 60);

/**
 * Everything about one deployment that can be set: one schema for the functions' environment and for the CDK
 * construct.
 */
const settingsSchema = z.strictObject({
  /** Secrets are `<prefix>/<certificate>`. */
  prefix: z._default(
    z.string().check(
      z.refine((text) => /^[A-Za-z0-9][A-Za-z0-9/_+=.@-]{0,99}$/.test(text) && !text.endsWith('/'), {
        error: 'must be at most 100 letters, digits and /_+=.@-, without a slash at the end',
      }),
    ),
    'evercert',
  ),
  /** Marks the secrets of this deployment (tag `evercert:renewer`), so that two in one account don't mix. */
  renewer: z._default(
    z.string().check(
      z.refine((text) => /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(text), {
        error: 'must be at most 64 letters, digits and ._-',
      }),
    ),
    'evercert',
  ),
  /** The issuer of adopted certificates, which have no spec of their own. */
  defaultIssuer: z._default(issuerNameSchema, 'letsencrypt'),
  /** Whether `renew` is a durable function, or does everything in one invocation. */
  execution: z._default(z.enum(['direct', 'durable']), 'direct'),
  /** Function name or ARN that the scan starts; qualified (an alias or a version) when it is durable. */
  renewFunction: z._default(z.string().check(z.minLength(1), z.maxLength(256)), 'evercert-renew'),
  /** Recursive resolvers for finding name servers; the system's when empty. */
  dnsResolvers: z._default(z.array(hostAndPort), []),
  /** Where authoritative servers listen. */
  authoritativePort: z._default(z.int().check(z.gte(1), z.lte(65_535)), 53),
  /** Roles for zones in other accounts, for every name at or below `zone`. */
  dnsRoles: z._default(
    z.array(z.strictObject({ zone: dnsName, roleArn: roleArnSchema, externalId: z.optional(externalIdSchema) })),
    [],
  ),
  /** Names beside those that begin with `_acme-challenge.` to which a CNAME record may lead; IAM allows no others. */
  cnameTargets: z._default(z.array(dnsName), []),
  /**
   * How many renewals a scan starts in a minute. Route 53 gives an account ten requests a second
   * (https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/throttling-api-requests.html), and a renewal needs five:
   * sixty a minute leave half of them to everybody else.
   */
  startsPerMinute: z._default(z.int().check(z.gte(1), z.lte(6_000)), 60),
  /** How long an attempt owns its claim. An attempt gives up two minutes earlier. Lambda allows a run 15 minutes. */
  leaseMinutes: z._default(leaseMinutesSchema, 15),
  /** How long TXT values may take to be in sync and visible. */
  propagationMinutes: z._default(propagationMinutesSchema, 8),
  /** Whether each certificate has a metric of its own, which costs money. */
  certificateMetrics: z._default(z.boolean(), false),
  /**
   * The KMS key that new secrets are encrypted with, by ARN; AWS's own key for Secrets Manager when there is none. Not an alias:
   * the functions' roles can't be granted the use of a key by one.
   */
  encryptionKey: z.optional(
    z.string().check(
      z.refine((text) => /^arn:[a-z-]+:kms:[a-z0-9-]+:\d{12}:key\/[A-Za-z0-9/_-]{1,256}$/.test(text), {
        error: 'must be the ARN of a KMS key',
      }),
    ),
  ),
  /** Folder with a file for each issuer whose CA is not reached like a public one (`private-ca.ts`), for renewal information. */
  privateCaFolder: z.optional(z.string().check(z.minLength(1))),
});

export type Settings = z.output<typeof settingsSchema>;
export type SettingsInput = z.input<typeof settingsSchema>;

export function parseSettings(input: unknown): Settings {
  return parseInput(settingsSchema, input, 'settings');
}

/** How a field is written into an environment. */
interface Variable<T> {
  readonly name: string;
  /** What can't be read stays text, which the schema then refuses by the field's name. */
  readonly read: (text: string) => unknown;
  readonly write: (value: T) => string;
}

const text = (name: string): Variable<string> => ({ name, read: (value) => value, write: String });
const whole = (name: string): Variable<number> => ({
  name,
  read: (value) => (/^\d+$/.test(value) ? Number(value) : value),
  write: String,
});
const flag = (name: string): Variable<boolean> => ({
  name,
  read: (value) => (value === 'true' || value === 'false' ? value === 'true' : value),
  write: String,
});
const list = (name: string): Variable<readonly string[]> => ({
  name,
  read: (value) => value.split(',').map((entry) => entry.trim()),
  write: (value) => value.join(','),
});
const json = (name: string): Variable<unknown> => ({ name, read: parseJson, write: JSON.stringify });

const VARIABLES: { readonly [F in keyof Settings]-?: Variable<NonNullable<Settings[F]>> } = {
  prefix: text('EVERCERT_PREFIX'),
  renewer: text('EVERCERT_RENEWER'),
  defaultIssuer: text('EVERCERT_DEFAULT_ISSUER'),
  execution: text('EVERCERT_EXECUTION'),
  renewFunction: text('EVERCERT_RENEW_FUNCTION'),
  dnsResolvers: list('EVERCERT_DNS_RESOLVERS'),
  authoritativePort: whole('EVERCERT_AUTHORITATIVE_PORT'),
  dnsRoles: json('EVERCERT_DNS_ROLES'),
  cnameTargets: list('EVERCERT_CNAME_TARGETS'),
  startsPerMinute: whole('EVERCERT_STARTS_PER_MINUTE'),
  leaseMinutes: whole('EVERCERT_LEASE_MINUTES'),
  propagationMinutes: whole('EVERCERT_PROPAGATION_MINUTES'),
  certificateMetrics: flag('EVERCERT_CERTIFICATE_METRICS'),
  encryptionKey: text('EVERCERT_ENCRYPTION_KEY'),
  privateCaFolder: text('EVERCERT_PRIVATE_CA_FOLDER'),
};

type Environment = Readonly<Record<string, string | undefined>>;

/** The variable of a field. */
export function variableOf(field: keyof Settings): string {
  return VARIABLES[field].name;
}

/** Reads a function's environment; an empty variable is as good as none. Throws `invalid-input` that names what is wrong. */
export function settingsFromEnvironment(environment: Environment): Settings {
  const known = new Set(Object.values(VARIABLES).map(({ name }) => name));
  const unknown = Object.keys(environment).find((name) => name.startsWith('EVERCERT_') && !known.has(name));
  if (unknown) throw new RenewalFailure('invalid-input', `environment: unknown variable ${unknown}`);
  const input = Object.entries(VARIABLES).flatMap(([field, { name, read }]) => {
    const value = environment[name];
    return value ? [[field, read(value)] as const] : [];
  });
  return parseInput(settingsSchema, Object.fromEntries(input), 'environment');
}

/** The inverse: what the CDK construct puts into the functions' environment. */
export function settingsToEnvironment(settings: Settings): Record<string, string> {
  return Object.fromEntries(
    Object.entries(VARIABLES).flatMap(([field, variable]) => {
      const { name, write } = variable as Variable<unknown>;
      const value = settings[field as keyof Settings];
      return value === undefined ? [] : [[name, write(value)] as const];
    }),
  );
}

function parseJson(value: string): unknown {
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}
