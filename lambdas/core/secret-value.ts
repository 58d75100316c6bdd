import { jsonObjectIn } from './json-text.ts';
/**
 * The value of a certificate's secret: what consumers read (README, "The secret"). Adopted secrets come in other
 * shapes; they are read as they are, and a renewal keeps the fields that their consumers know.
 */
export interface PairValue {
  /** The leaf alone, PEM. */
  readonly certificate: string;
  /** The intermediates, PEM; may be empty. */
  readonly chain: string;
  /** PKCS#8 PEM. */
  readonly privateKey: string;
  readonly domainNames: readonly string[];
  readonly issued: IssuedFacts;
}

export interface IssuedFacts {
  /** ISO 8601, UTC. */
  readonly notBefore: string;
  readonly notAfter: string;
  /** Lower-case hex without separators. */
  readonly serialNumber: string;
  readonly fingerprint256: string;
  /** Common name of the certificate that signed the leaf. */
  readonly issuer: string;
  readonly directoryUrl: string;
  readonly accountUrl: string;
  readonly profile?: string | undefined;
  /** RFC 9773, section 4.1. */
  readonly ariCertId?: string | undefined;
}

export type ParsedValue =
  /** No PEM at all: nothing has been issued yet. */
  | { readonly kind: 'none' }
  /** Some PEM, but no pair. */
  | { readonly kind: 'broken'; readonly problem: string }
  | {
      readonly kind: 'pair';
      readonly certificate: string;
      readonly chain: string;
      /** As it was found: may be PKCS#1 or SEC1. */
      readonly privateKey: string;
      /** Where it was issued; nothing for a pair that came from elsewhere. */
      readonly directoryUrl: string | undefined;
      readonly accountUrl: string | undefined;
      readonly profile: string | undefined;
    };

/** Field names under which other tools keep a pair (Kubernetes, certbot exporters, hand-made secrets). */
const FIELDS = {
  certificate: ['certificate', 'fullchain', 'tls.crt', 'cert', 'crt'],
  privateKey: ['privateKey', 'private_key', 'tls.key', 'key', 'privkey'],
  chain: ['chain', 'ca.crt', 'certificateChain', 'certificate_chain', 'ca'],
} as const;

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----/g;
const PRIVATE_KEY = /-----BEGIN ((?:RSA |EC )?PRIVATE KEY)-----[A-Za-z0-9+/=\s]+-----END \1-----/;

export function parseSecretValue(text: string): ParsedValue {
  const fields = jsonObjectIn(text);
  if (!fields && !text.includes('-----BEGIN '))
    return { kind: 'broken', problem: 'the secret is neither a JSON object nor PEM' };
  const pem = fields ? undefined : text;
  const certificates = blocks(pem ?? firstPem(fields, FIELDS.certificate));
  const chain = blocks(pem ? '' : firstPem(fields, FIELDS.chain));
  const privateKey = PRIVATE_KEY.exec(pem ?? firstPem(fields, FIELDS.privateKey))?.[0];
  const [leaf, ...rest] = certificates;
  if (!leaf && !privateKey)
    return anyPem(fields) ? { kind: 'broken', problem: 'its PEM can not be read' } : { kind: 'none' };
  if (!leaf) return { kind: 'broken', problem: 'the certificate is missing or can not be read' };
  if (!privateKey) return { kind: 'broken', problem: 'the private key is missing or can not be read' };
  const intermediates = [...new Set([...rest, ...chain])].filter((block) => block !== leaf);
  return { kind: 'pair', certificate: leaf, chain: lines(intermediates), privateKey, ...issuedBy(fields) };
}

/** What is in a secret of ours before the first issuance: a first version always becomes current. */
export function placeholderValue(domainNames: readonly string[]): string {
  return JSON.stringify({ domainNames, status: 'no certificate has been issued yet' });
}

/**
 * The next value. Whatever an adopted secret held stays as its consumers know it: a field that was made of the old leaf,
 * chain and key gets the new ones in the same order and encoding; everything else is left alone. A secret that is PEM
 * itself stays PEM.
 *
 * `keyAs` encodes the new private key under a PEM label: `RSA PRIVATE KEY` (PKCS#1) or `EC PRIVATE KEY` (SEC1) where the
 * key type allows it, else PKCS#8.
 */
export function renewedValue(pair: PairValue, previous: string, keyAs: (label: string) => string): string {
  const { certificate, chain, privateKey, domainNames, issued } = pair;
  const old = parseSecretValue(previous);
  const again = (text: string) => (old.kind === 'pair' ? recomposed(text, old, pair, keyAs) : undefined);
  const fields = jsonObjectIn(previous);
  if (!fields && old.kind === 'pair') {
    const text = again(previous);
    if (text !== undefined) return text;
  }
  const { status: _placeholder, ...kept }: Record<string, unknown> = fields ?? {};
  for (const [field, value] of Object.entries(kept)) {
    if (typeof value === 'string') kept[field] = again(value) ?? value;
  }
  const bundle = typeof fields?.['certificate'] === 'string' && blocks(fields['certificate']).length > 1;
  return JSON.stringify({
    ...kept,
    certificate: bundle ? kept['certificate'] : certificate,
    chain,
    fullchain: lines([certificate, chain].filter((part) => part !== '')),
    privateKey,
    domainNames,
    issued,
  });
}

const PEM_BLOCK = /-----BEGIN ([A-Z ]+)-----[A-Za-z0-9+/=\s]+-----END \1-----/g;

/** `undefined` when the text holds anything but parts of the old pair. */
function recomposed(
  text: string,
  old: Extract<ParsedValue, { readonly kind: 'pair' }>,
  next: PairValue,
  keyAs: (label: string) => string,
): string | undefined {
  const oldChain = blocks(old.chain).map((block) => block.trim());
  const parts: string[] = [];
  for (const [block, label = ''] of text.matchAll(PEM_BLOCK)) {
    if (block === old.certificate.trim()) parts.push(next.certificate);
    else if (block === old.privateKey.trim()) parts.push(keyAs(label));
    else if (oldChain.includes(block)) {
      if (!parts.includes(next.chain)) parts.push(next.chain);
    } else return undefined;
  }
  return parts.length === 0 ? undefined : lines(parts.filter((part) => part !== ''));
}

function firstPem(fields: Record<string, unknown> | undefined, names: readonly string[]): string {
  return names.map((name) => fields?.[name]).find(isPem) ?? '';
}

function anyPem(fields: Record<string, unknown> | undefined): boolean {
  return fields === undefined || Object.values(fields).some(isPem);
}

function isPem(value: unknown): value is string {
  return typeof value === 'string' && value.includes('-----BEGIN ');
}

function blocks(text: string): readonly string[] {
  return (text.match(CERTIFICATE) ?? []).map((block) => `${block.trim()}\n`);
}

function lines(parts: readonly string[]): string {
  return parts.map((part) => `${part.trim()}\n`).join('');
}

function issuedBy(
  fields: Record<string, unknown> | undefined,
): Record<'directoryUrl' | 'accountUrl' | 'profile', string | undefined> {
  const issued: Readonly<Record<string, unknown>> = Object(fields?.['issued']);
  const text = (value: unknown) => (typeof value === 'string' ? value : undefined);
  return {
    directoryUrl: text(issued['directoryUrl']),
    accountUrl: text(issued['accountUrl']),
    profile: text(issued['profile']),
  };
}
