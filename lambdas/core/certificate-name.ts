import * as z from 'zod/mini';

/**
 * The name by which people call a managed certificate. Its secret is `<prefix>/<name>`; an adopted secret keeps its
 * own name, which is then also the certificate's. Characters are those of Secrets Manager's names. The secret's ARN does
 * as well: the scan uses it, because it can't be mistaken.
 */
export const certificateNameSchema = z.string().check(
  z.refine((name) => isSecretArn(name) || /^(?!_issuers\/)[A-Za-z0-9/_+=.@-]{1,512}$/.test(name), {
    error: 'must be at most 512 letters, digits and /_+=.@-, or the ARN of a secret',
  }),
);

export function isSecretArn(text: string): boolean {
  return /^arn:[a-z-]+:secretsmanager:[a-z0-9-]+:\d{12}:secret:[A-Za-z0-9/_+=.@-]{1,520}$/.test(text);
}

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
