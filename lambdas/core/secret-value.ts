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
      readonly directoryUrl: string | undefined;
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
  const fields = jsonObject(text);
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
  return { kind: 'pair', certificate: leaf, chain: lines(intermediates), privateKey, directoryUrl: issuedBy(fields) };
}

/** What is in a secret of ours before the first issuance: a first version always becomes current. */
export function placeholderValue(domainNames: readonly string[]): string {
  return JSON.stringify({ domainNames, status: 'no certificate has been issued yet' });
}

/**
 * The next value. Fields of the previous one that are not ours stay, and where a foreign field held a certificate, a
 * chain or a key, it gets the new one in the same shape, so that the consumers of an adopted secret go on working.
 */
export function renewedValue(pair: PairValue, previous: string | undefined): string {
  const { certificate, chain, privateKey, domainNames, issued } = pair;
  const fullchain = lines([certificate, chain].filter((part) => part !== ''));
  const { status: _placeholder, ...foreign } = jsonObject(previous ?? '') ?? {};
  for (const [field, value] of Object.entries(foreign)) {
    if (typeof value !== 'string') continue;
    if (PRIVATE_KEY.test(value)) foreign[field] = privateKey;
    else if (isOneOf(FIELDS.chain, field) && blocks(value).length > 0) foreign[field] = chain;
    else if (field === 'tls.crt' || blocks(value).length > 1) foreign[field] = fullchain;
    else if (blocks(value).length === 1) foreign[field] = certificate;
  }
  return JSON.stringify({ ...foreign, certificate, chain, fullchain, privateKey, domainNames, issued });
}

function jsonObject(text: string): Record<string, unknown> | undefined {
  try {
    const parsed: unknown = JSON.parse(text);
    return typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed) ? { ...parsed } : undefined;
  } catch {
    return undefined;
  }
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

function issuedBy(fields: Record<string, unknown> | undefined): string | undefined {
  const issued = fields?.['issued'];
  if (typeof issued !== 'object' || issued === null || !('directoryUrl' in issued)) return undefined;
  return typeof issued.directoryUrl === 'string' ? issued.directoryUrl : undefined;
}

function isOneOf(names: readonly string[], name: string): boolean {
  return names.includes(name);
}
