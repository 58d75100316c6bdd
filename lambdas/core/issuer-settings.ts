import * as z from 'zod/mini';
import { parseInput } from './input.ts';
import { TRUSTS } from './trust.ts';

const httpUrlSchema = z.string().check(
  z.refine((text) => URL.canParse(text) && /^https?:$/.test(new URL(text).protocol), {
    error: 'must be an https URL',
  }),
);

export const emailSchema = z.string().check(
  // RFC 5321, section 4.5.3.1.3: 256 with the angle brackets. The pattern's time grows with the square.
  z.refine((text) => text.length <= 254 && /^[^\s@<>,]+@[^\s@<>,]+\.[^\s@<>,]+$/.test(text), {
    error: 'must be an e-mail address',
  }),
);

/** An ACME CA and our account with it: like cert-manager's ClusterIssuer. */
const issuerSettingsSchema = z
  .strictObject({
    directoryUrl: httpUrlSchema,
    /** Where the CA writes to; optional, because Let's Encrypt sends no expiry mail any more. */
    email: z.optional(emailSchema),
    /** Secret with `{"kid": "…", "hmacKey": "…"}` (RFC 8555, section 7.3.4), by name or ARN. */
    externalAccountBinding: z.optional(z.strictObject({ secret: z.string().check(z.minLength(1), z.maxLength(2048)) })),
    /** Any new text gives the account a new key, once (docs/operations/revocation.md). */
    keyRollover: z.optional(z.string().check(z.minLength(1), z.maxLength(200))),
    /** PEM roots: trusted for the CA's HTTPS in addition to the public ones, and what `trust: bundle` ends in. */
    caBundle: z.optional(
      z
        .string()
        .check(
          z.refine((text) => text.includes('-----BEGIN CERTIFICATE-----'), { error: 'must hold PEM certificates' }),
        ),
    ),
    trust: z._default(z.enum(TRUSTS), 'public'),
    /** Hosts other than the directory's that the CA's URLs may point to. */
    allowedHosts: z._default(z.array(z.string().check(z.minLength(1))), []),
    /** For CAs in a private network. */
    allowPrivateAddresses: z._default(z.boolean(), false),
    allowHttp: z._default(z.boolean(), false),
  })
  .check(
    z.refine((settings) => settings.allowHttp || settings.directoryUrl.startsWith('https:'), {
      path: ['directoryUrl'],
      error: 'must be an https URL (or set allowHttp for a CA in a private network)',
    }),
    z.refine((settings) => settings.trust !== 'bundle' || settings.caBundle !== undefined, {
      path: ['caBundle'],
      error: 'is missing; trust "bundle" needs the roots that chains end in',
    }),
  );

export type IssuerSettings = z.output<typeof issuerSettingsSchema>;
export type IssuerSettingsInput = z.input<typeof issuerSettingsSchema>;

export function parseIssuerSettings(input: unknown, what = 'issuer settings'): IssuerSettings {
  return parseInput(issuerSettingsSchema, input, what);
}
