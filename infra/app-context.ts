import type { EvercertConfig } from './app-config.ts';
import { CERTIFICATE_AUTHORITIES } from './certificate-authorities.ts';
import { contextOptions } from './context-options.ts';
import { refusal } from './refusal.ts';

/** What `-c key=value` may set, and an example of it. */
const KEYS = {
  domain: 'leane.dev',
  email: 'ops@leane.dev',
  issuer: 'letsencrypt-staging',
  region: 'eu-central-1',
  execution: 'direct',
  config: 'evercert.config.ts',
} as const;

type Options = { readonly [K in keyof typeof KEYS]?: string };

/** What the context of `cdk synth` asks for: a file, or one certificate for an apex and its wildcard. */
export type Request = { readonly file: string } | { readonly config: EvercertConfig };

/** Throws `invalid-input` for what is no option, for values that exclude each other and for what is missing. */
export function readContext(context: Readonly<Record<string, unknown>>): Request {
  const { config: file, ...options } = contextOptions(context, KEYS);
  if (file === undefined) return { config: oneCertificate(options) };
  const [other] = Object.keys(options);
  if (other === undefined) return { file };
  throw refusal(`context: ${other} can not be given together with config; put it into ${file}`);
}

/** `-c domain=leane.dev -c email=ops@leane.dev`: leane.dev and *.leane.dev, in the secret and in ACM. */
function oneCertificate({ domain, email, region, execution, issuer = 'letsencrypt' }: Options): EvercertConfig {
  if (domain === undefined || email === undefined) {
    const missing = domain === undefined ? 'domain' : 'email';
    throw refusal(
      `context: ${missing} is missing; give -c domain=${KEYS.domain} -c email=${KEYS.email}, or -c config=${KEYS.config}`,
    );
  }
  if (issuer !== 'letsencrypt' && issuer !== 'letsencrypt-staging') {
    const needs = issuer in CERTIFICATE_AUTHORITIES ? 'needs more than a name; use -c config' : 'is unknown';
    throw refusal(
      `context: the issuer ${JSON.stringify(issuer)} ${needs}; it can be letsencrypt or letsencrypt-staging`,
    );
  }
  if (execution !== undefined && execution !== 'direct' && execution !== 'durable') {
    throw refusal(`context: the execution ${JSON.stringify(execution)} is unknown; it can be durable or direct`);
  }
  return {
    ...(region === undefined ? {} : { region }),
    ...(execution === undefined ? {} : { execution }),
    issuers: { [issuer]: { authority: issuer, email } },
    certificates: [{ domainNames: [domain, `*.${domain}`], issuer }],
    alertEmails: [email],
  };
}
