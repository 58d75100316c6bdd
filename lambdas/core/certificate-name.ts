import * as z from 'zod/mini';

/**
 * The name by which people call a managed certificate. Its secret is `<prefix>/<name>`; an adopted secret keeps its
 * own name, which is then also the certificate's. Characters are those of Secrets Manager's names; a leading
 * underscore is kept for our own secrets (`_issuers`).
 */
export const certificateNameSchema = z.string().check(
  z.refine((name) => /^[A-Za-z0-9][A-Za-z0-9/_+=.@-]{0,254}$/.test(name), {
    error: 'must begin with a letter or digit and go on with those or any of /_+=.@-, at most 255 characters',
  }),
);

export function secretName(prefix: string, certificate: string): string {
  return `${prefix}/${certificate}`;
}

export function issuerSecretName(prefix: string, issuer: string): string {
  return `${prefix}/_issuers/${issuer}`;
}

/** The certificate's name for a secret's name: without the prefix, or whole for a secret that is kept elsewhere. */
export function certificateName(prefix: string, secret: string): string {
  return secret.startsWith(`${prefix}/`) ? secret.slice(prefix.length + 1) : secret;
}
