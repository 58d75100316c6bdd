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

type OldPair = Extract<ParsedValue, { readonly kind: 'pair' }>;

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

/** Whether two private keys in PEM are one, in whatever encoding each is. */
export type IsSameKey = (one: string, other: string) => boolean;

/**
 * The next value. Whatever an adopted secret held stays as its consumers know it: a field that was made of the old leaf,
 * chain and key gets the new ones in the same order and encoding; everything else is left alone. A secret that is PEM
 * itself stays PEM.
 *
 * `keyAs` encodes the new private key under a PEM label: `RSA PRIVATE KEY` (PKCS#1) or `EC PRIVATE KEY` (SEC1) where the
 * key type allows it, else PKCS#8. What `whatWouldStay` names stays: ask it before anything is ordered.
 */
export function renewedValue(
  pair: PairValue,
  previous: string,
  keyAs: (label: string) => string,
  isSameKey: IsSameKey,
): string {
  const { certificate, chain, privateKey, domainNames, issued } = pair;
  const old = parseSecretValue(previous);
  const again = (text: unknown) =>
    old.kind === 'pair' && typeof text === 'string'
      ? recomposed(piecesOf(text, old, isSameKey), pair, keyAs)
      : undefined;
  const fields = jsonObjectIn(previous);
  const text = fields ? undefined : again(previous);
  if (text !== undefined) return text;
  const { status: _placeholder, ...kept }: Record<string, unknown> = fields ?? {};
  return JSON.stringify({
    ...Object.fromEntries(Object.entries(kept).map(([field, value]) => [field, again(value) ?? value])),
    certificate: again(kept['certificate']) ?? certificate,
    chain,
    fullchain: lines([certificate, chain].filter((part) => part !== '')),
    privateKey,
    domainNames,
    issued,
  });
}

/** Always ours, so that nothing old stays in them. */
const OVERWRITTEN: readonly string[] = ['chain', 'fullchain', 'privateKey'];

/**
 * What keeps a value from being renewed, as a clause: the old leaf or key stands in one text with something unknown, so that
 * it would stay there beside a new key or leaf elsewhere. `undefined` when all of it is replaced.
 */
export function whatWouldStay(value: string, isSameKey: IsSameKey): string | undefined {
  const old = parseSecretValue(value);
  if (old.kind !== 'pair') return undefined;
  const texts = Object.entries(jsonObjectIn(value) ?? { '': value }).filter(([field]) => !OVERWRITTEN.includes(field));
  for (const [field, text] of texts) {
    const pieces = typeof text === 'string' ? piecesOf(text, old, isSameKey) : [];
    const unknown = pieces.find(({ kind }) => kind === 'unknown');
    if (!unknown || !pieces.some(isOfPair)) continue;
    const where = field === '' ? 'it' : `its field "${field}"`;
    return `${where} holds the certificate or its key in one text with a PEM block that is neither (${unknown.label})`;
  }
  return undefined;
}

/** One PEM block of a text, by what it is of the old pair. */
interface Piece {
  readonly kind: 'leaf' | 'chain' | 'key' | 'parameters' | 'unknown';
  readonly label: string;
  readonly block: string;
}

/** RFC 7468, section 3, with the headers of RFC 1421 that OpenSSL writes into encrypted keys. */
const PEM_BLOCK = /-----BEGIN ([A-Z0-9. ]+)-----(?:(?!-----BEGIN )[\s\S])*?-----END \1-----/g;

/** The curve of an EC key, which `openssl ecparam -genkey` writes before it: it goes with the key, which names it too. */
const CURVE = 'EC PARAMETERS';

function piecesOf(text: string, old: OldPair, isSameKey: IsSameKey): readonly Piece[] {
  const leaf = unspaced(old.certificate);
  const chain = blocks(old.chain).map(unspaced);
  const kindOf = (block: string, label: string): Piece['kind'] => {
    if (unspaced(block) === leaf) return 'leaf';
    if (chain.includes(unspaced(block))) return 'chain';
    // Those of a Diffie-Hellman group are the server's own.
    if (label.endsWith(' PARAMETERS')) return 'parameters';
    return label.endsWith('PRIVATE KEY') && isSameKey(block, old.privateKey) ? 'key' : 'unknown';
  };
  return [...text.matchAll(PEM_BLOCK)].map(([block, label = '']) => ({ kind: kindOf(block, label), label, block }));
}

/** Line ends and widths may differ from field to field. */
function unspaced(text: string): string {
  return text.replace(/\s/g, '');
}

function isOfPair({ kind }: Piece): boolean {
  return kind === 'leaf' || kind === 'key';
}

/** `undefined` when the text holds nothing of the old pair, or something unknown too. */
function recomposed(pieces: readonly Piece[], next: PairValue, keyAs: (label: string) => string): string | undefined {
  if (pieces.every(({ kind }) => kind === 'parameters') || pieces.some(({ kind }) => kind === 'unknown'))
    return undefined;
  const firstOfChain = pieces.find(({ kind }) => kind === 'chain');
  const parts = pieces.map((piece) => {
    switch (piece.kind) {
      case 'leaf':
        return next.certificate;
      case 'key':
        return keyAs(piece.label);
      case 'chain':
        return piece === firstOfChain ? next.chain : '';
      default:
        return piece.label === CURVE ? '' : piece.block;
    }
  });
  return lines(parts.filter((part) => part !== ''));
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
