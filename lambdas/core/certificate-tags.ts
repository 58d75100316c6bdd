import { FAILURE_CODES, type FailureCode } from './failure.ts';
import { isoInstant } from './instant.ts';
import { KEY_TYPES, type KeyType } from './key-type.ts';
import { TRUSTS, type Trust } from './trust.ts';

/**
 * What a certificate's tags say: the state that a scan needs without the right to read a value (decision 1). All of
 * it is a hint that may be old, missing or edited by hand; whatever does not parse counts as missing.
 * Instants are milliseconds since the epoch.
 */
export interface CertificateTags {
  readonly state?: CertificateState;
  /** The live version that the tags describe. */
  readonly version?: string;
  /** The version of the spec that the last attempt worked from; a back-off belongs to it. */
  readonly spec?: string;
  readonly serial?: string;
  readonly notBefore?: number;
  readonly notAfter?: number;
  /** Due by the lifetime rule; `renewAt` is the same unless the CA suggested something else. */
  readonly renewBy?: number;
  readonly renewAt?: number;
  readonly trust?: Trust;
  readonly issuer?: string;
  /** The URL below which the issuing CA answers renewal information (RFC 9773, section 4.1). */
  readonly renewalInfo?: string;
  readonly ariId?: string;
  readonly ariCheck?: number;
  readonly failures?: number;
  readonly failure?: FailureCode;
  readonly retryAt?: number;
  readonly attempt?: number;
  readonly lease?: number;
  readonly order?: string;
  /** When orders were placed in the last three hours. */
  readonly ordered?: readonly number[];
  readonly issued?: Issuances;
  /** An issuer that has reached a limit of the names, until when, and of which (`renewal/order/name-limit.ts`). */
  readonly limited?: string;
  /** Why the live certificate is not from the spec's first issuer: that issuer and its failure's code. */
  readonly fallback?: string;
  /** The claim that is over. */
  readonly claimEnded?: string;
  /** The claim whose TXT values have been removed. */
  readonly cleaned?: string;
  /** The ARN of the stack that owns the certificate. */
  readonly stack?: string;
  /** The owner's logical id in its stack. */
  readonly logicalId?: string;
  /** The owner's physical id. */
  readonly resource?: string;
  /** The requests of CloudFormation that were begun, the newest first (`renewal/provision/request-history.ts`). */
  readonly requests?: string;
  /** What the owner found, while its Create has not succeeded yet: `new`, `kept` or `managed`, and the versions of the spec and of the tags. */
  readonly takenFrom?: string;
  /** What a deployment asked `renew` for, and how that ended: the request, then a decision or a failure's code. */
  readonly answered?: string;
  /** The version of `ACME_REVOKED` of which everything has been revoked. */
  readonly revoked?: string;
  readonly acm: Readonly<Record<string, AcmImport>>;
}

const CERTIFICATE_STATES = ['registered', 'renewing', 'issued', 'failed'] as const;
export type CertificateState = (typeof CERTIFICATE_STATES)[number];

/** When a CA that counts them issued certificates for the same names, in the last week. */
export interface Issuances {
  /** Which names (`idOfNames`). */
  readonly namesId: string;
  readonly at: readonly number[];
}

/** What is imported in one region. */
export interface AcmImport {
  readonly arn: string;
  readonly serial: string;
  /** ACM freezes it for each ARN. */
  readonly key: KeyType;
}

/** The ARN of each region's import. */
export function arnsByRegion(imports: CertificateTags['acm']): Record<string, string> {
  return Object.fromEntries(Object.entries(imports).map(([region, { arn }]) => [region, arn]));
}

export const RENEWER_TAG = 'evercert:renewer';
/** In the place of `RENEWER_TAG`, with the same value: ours, but no longer managed. */
export const KEPT_TAG = 'evercert:kept';
/** Keys that begin with it are ours. */
export const RESERVED_KEYS = 'evercert:';
const PREFIX = RESERVED_KEYS;
const ACM_PREFIX = 'evercert:acm:';

/** The tags of an import in ACM: by them it is found when nobody remembers its ARN. ACM freezes an ARN's key type. */
export function importTags(renewer: string, secretArn: string, key: KeyType): Record<string, string> {
  return { [RENEWER_TAG]: renewer, [`${PREFIX}secret`]: secretArn, [`${PREFIX}key`]: key };
}

/** Secrets Manager takes letters, digits, spaces and these in a tag's value, at most 256 characters. */
const TAG_VALUE = /^[\p{L}\p{N}\s_.:/=+@-]{0,256}$/u;

export function fitsTag(value: string): boolean {
  return TAG_VALUE.test(value);
}

type Field = Exclude<keyof CertificateTags, 'acm'>;
interface Codec<T> {
  readonly tag: string;
  readonly read: (text: string) => T | undefined;
  readonly write: (value: T) => string;
}

const text = (tag: string): Codec<string> => ({ tag, read: (value) => value || undefined, write: String });
const count = (tag: string): Codec<number> => ({
  tag,
  read: (value) => (/^\d{1,9}$/.test(value) ? Number(value) : undefined),
  write: String,
});
const instant = (tag: string): Codec<number> => ({
  tag,
  read: (value) => {
    const parsed = /^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(value) ? Date.parse(value) : Number.NaN;
    return Number.isNaN(parsed) ? undefined : parsed;
  },
  write: isoInstant,
});
const instants = (tag: string): Codec<readonly number[]> => ({
  tag,
  read: (value) => {
    const parsed = value.split(' ').flatMap((part) => instant(tag).read(part) ?? []);
    return parsed.length > 0 ? parsed : undefined;
  },
  // Without milliseconds, so that more of them fit.
  write: (values) => values.map((value) => isoInstant(value).replace('.000', '')).join(' '),
});
const oneOf = <T extends string>(tag: string, values: readonly T[]): Codec<T> => ({
  tag,
  read: (value) => values.find((known) => known === value),
  write: String,
});

const issued: Codec<Issuances> = {
  tag: 'issued',
  read: (value) => {
    const [namesId = '', ...rest] = value.split(' ');
    const at = instants('issued').read(rest.join(' '));
    return /^[0-9a-f]{16}$/.test(namesId) && at ? { namesId, at } : undefined;
  },
  write: ({ namesId, at }) => `${namesId} ${instants('issued').write(at)}`,
};

const CODECS: { readonly [F in Field]-?: Codec<NonNullable<CertificateTags[F]>> } = {
  state: oneOf('state', CERTIFICATE_STATES),
  version: text('version'),
  spec: text('spec'),
  serial: text('serial'),
  notBefore: instant('not-before'),
  notAfter: instant('not-after'),
  renewBy: instant('renew-by'),
  renewAt: instant('renew-at'),
  trust: oneOf('trust', TRUSTS),
  issuer: text('issuer'),
  renewalInfo: text('renewal-info'),
  ariId: text('ari-id'),
  ariCheck: instant('ari-check'),
  failures: count('failures'),
  failure: oneOf('failure', Object.keys(FAILURE_CODES) as FailureCode[]),
  retryAt: instant('retry-at'),
  attempt: count('attempt'),
  lease: instant('lease'),
  order: text('order'),
  ordered: instants('ordered'),
  issued,
  limited: text('limited'),
  fallback: text('fallback'),
  claimEnded: text('claim-ended'),
  cleaned: text('cleaned'),
  stack: text('stack'),
  logicalId: text('logical-id'),
  resource: text('resource'),
  requests: text('requests'),
  takenFrom: text('taken-from'),
  answered: text('answered'),
  revoked: text('revoked'),
};

/**
 * How many tags of a certificate's secret are left for its regions and for others: AWS takes 50, all our fields may be there,
 * and the two tags that say whose it is.
 */
export const ROOM_IN_TAGS = 50 - Object.keys(CODECS).length - 2;

export function readCertificateTags(tags: Readonly<Record<string, string>>): CertificateTags {
  const fields = Object.entries(CODECS).flatMap(([field, codec]) => {
    const value = codec.read(tags[PREFIX + codec.tag] ?? '');
    return value === undefined ? [] : [[field, value] as const];
  });
  const acm = Object.entries(tags).flatMap(([key, value]) => {
    const parsed = key.startsWith(ACM_PREFIX) ? readAcmImport(value) : undefined;
    return parsed ? [[key.slice(ACM_PREFIX.length), parsed] as const] : [];
  });
  return { ...Object.fromEntries(fields), acm: Object.fromEntries(acm) } as CertificateTags;
}

/** The tag of a field, for removing it. */
export function tagOf(field: Field): string {
  return PREFIX + CODECS[field].tag;
}

/** The tag of a region's import, for removing it. */
export function acmTagOf(region: string): string {
  return ACM_PREFIX + region;
}

/**
 * Tags for what has changed, ready for TagResource. A value that a tag can't hold is left out, as if it were unknown;
 * `undefined` empties a tag, because removing one is another call.
 */
export function writeCertificateTags(
  changes: { readonly [F in Field]?: CertificateTags[F] | undefined } & {
    readonly acm?: Readonly<Record<string, AcmImport>>;
  },
): Record<string, string> {
  const tags: Record<string, string> = {};
  const { acm, ...fields } = changes;
  for (const [field, value] of Object.entries(fields)) {
    const { tag, write } = CODECS[field as Field] as Codec<unknown>;
    const written = value === undefined ? '' : write(value);
    tags[PREFIX + tag] = fitsTag(written) ? written : '';
  }
  for (const [region, imported] of Object.entries(acm ?? {})) {
    tags[ACM_PREFIX + region] = `${imported.arn} ${imported.serial} ${imported.key}`;
  }
  return tags;
}

function readAcmImport(value: string): AcmImport | undefined {
  const [arn, serial, key] = value.split(' ');
  const keyType = KEY_TYPES.find((known) => known === key);
  return arn?.startsWith('arn:') && serial && keyType ? { arn, serial, key: keyType } : undefined;
}
