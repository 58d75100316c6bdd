import * as z from 'zod/mini';

/** By which specs name an issuer. Its secret is `<prefix>/_issuers/<name>`. */
export const issuerNameSchema = z.string().check(
  z.refine((name) => /^[a-z0-9][a-z0-9-]{0,62}$/.test(name), {
    error: 'must be lower-case letters, digits and hyphens, at most 63 characters, such as letsencrypt',
  }),
);
