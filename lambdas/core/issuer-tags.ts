import { isoInstant } from './instant.ts';

/** The state of an issuer, in its secret's tags. Instants are milliseconds since the epoch. */
export interface IssuerTags {
  readonly accountUrl?: string;
  /** The version of the settings with which the account was registered. */
  readonly accountSpec?: string;
  /** The version of the account key whose account that is. */
  readonly accountKey?: string;
  /** The CA asked us to wait until then. */
  readonly notBefore?: number;
}

const TAGS = {
  accountUrl: 'evercert:account-url',
  accountSpec: 'evercert:account-spec',
  accountKey: 'evercert:account-key',
  notBefore: 'evercert:not-before',
} as const;

export function readIssuerTags(tags: Readonly<Record<string, string>>): IssuerTags {
  const accountUrl = tags[TAGS.accountUrl];
  const accountSpec = tags[TAGS.accountSpec];
  const accountKey = tags[TAGS.accountKey];
  const notBefore = Date.parse(tags[TAGS.notBefore] ?? '');
  return {
    ...(accountUrl ? { accountUrl } : {}),
    ...(accountSpec ? { accountSpec } : {}),
    ...(accountKey ? { accountKey } : {}),
    ...(Number.isNaN(notBefore) ? {} : { notBefore }),
  };
}

export function writeIssuerTags(changes: IssuerTags): Record<string, string> {
  const { accountUrl, accountSpec, accountKey, notBefore } = changes;
  return {
    ...(accountUrl === undefined ? {} : { [TAGS.accountUrl]: accountUrl }),
    ...(accountSpec === undefined ? {} : { [TAGS.accountSpec]: accountSpec }),
    ...(accountKey === undefined ? {} : { [TAGS.accountKey]: accountKey }),
    ...(notBefore === undefined ? {} : { [TAGS.notBefore]: isoInstant(notBefore) }),
  };
}

export function isIssuerPaused(tags: IssuerTags, now: number): boolean {
  return tags.notBefore !== undefined && tags.notBefore > now;
}
