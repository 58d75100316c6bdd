import type { EvercertConfig } from './app-config.ts';
import { CERTIFICATE_AUTHORITIES } from './certificate-authorities.ts';
import { refusal } from './refuse.ts';

/** What `-c key=value` may set, and an example of it. */
const KEYS = {
  domain: 'leane.dev',
  email: 'ops@leane.dev',
  issuer: 'letsencrypt-staging',
  region: 'eu-central-1',
  config: 'evercert.config.ts',
} as const;

type Key = keyof typeof KEYS;

/** CDK's own keys of plain letters. Its others have a colon, a slash or a hyphen in them, and so have plug-ins'. */
const PLAIN = /^[A-Za-z]+$/;

/** What the context of `cdk synth` asks for: a file, or one certificate for an apex and its wildcard. */
export type Request = { readonly file: string } | { readonly config: EvercertConfig };

/**
 * Reads the context. Throws `invalid-input` for a key that looks like one of ours and is none, for values that exclude
 * each other and for what is missing.
 */
export function readContext(context: Readonly<Record<string, unknown>>): Request {
  for (const key of Object.keys(context)) {
    if (PLAIN.test(key) && !(key in KEYS)) {
      throw refusal(`context: unknown key ${JSON.stringify(key)}; evercert knows ${Object.keys(KEYS).join(', ')}`);
    }
  }
  const text = (key: Key): string | undefined => {
    const value = context[key];
    if (value === undefined || (typeof value === 'string' && value !== '')) return value;
    throw refusal(`context: ${key} must be a text, such as -c ${key}=${KEYS[key]}`);
  };
  const file = text('config');
  const other = (Object.keys(KEYS) as Key[]).find((key) => key !== 'config' && context[key] !== undefined);
  if (file !== undefined && other !== undefined) {
    throw refusal(`context: ${other} can not be given together with config; put it into ${file}`);
  }
  return file === undefined ? { config: oneCertificate(text) } : { file };
}

/** `-c domain=leane.dev -c email=ops@leane.dev`: leane.dev and *.leane.dev, in the secret and in ACM. */
function oneCertificate(text: (key: Key) => string | undefined): EvercertConfig {
  const [domain, email, region] = [text('domain'), text('email'), text('region')];
  const issuer = text('issuer') ?? 'letsencrypt';
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
  return {
    ...(region === undefined ? {} : { region }),
    issuers: { [issuer]: { authority: issuer, email } },
    certificates: [{ domainNames: [domain, `*.${domain}`], issuer }],
    alertEmails: [email],
  };
}
