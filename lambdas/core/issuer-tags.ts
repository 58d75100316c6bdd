/** The state of an issuer, in its secret's tags. Instants are milliseconds since the epoch. */
export interface IssuerTags {
  readonly accountUrl?: string;
  /** The version of the settings with which the account was registered. */
  readonly accountSpec?: string;
  /** The CA asked us to wait until then. */
  readonly notBefore?: number;
}

const TAGS = {
  accountUrl: 'evercert:account-url',
  accountSpec: 'evercert:account-spec',
  notBefore: 'evercert:not-before',
} as const;

export function readIssuerTags(tags: Readonly<Record<string, string>>): IssuerTags {
  const accountUrl = tags[TAGS.accountUrl];
  const accountSpec = tags[TAGS.accountSpec];
  const notBefore = Date.parse(tags[TAGS.notBefore] ?? '');
  return {
    ...(accountUrl ? { accountUrl } : {}),
    ...(accountSpec ? { accountSpec } : {}),
    ...(Number.isNaN(notBefore) ? {} : { notBefore }),
  };
}

export function writeIssuerTags(changes: IssuerTags): Record<string, string> {
  const { accountUrl, accountSpec, notBefore } = changes;
  return {
    ...(accountUrl === undefined ? {} : { [TAGS.accountUrl]: accountUrl }),
    ...(accountSpec === undefined ? {} : { [TAGS.accountSpec]: accountSpec }),
    ...(notBefore === undefined ? {} : { [TAGS.notBefore]: new Date(notBefore).toISOString() }),
  };
}

export function isIssuerPaused(tags: IssuerTags, now: number): boolean {
  return tags.notBefore !== undefined && tags.notBefore > now;
}
