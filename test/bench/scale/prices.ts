/** US dollars in us-east-1, without any free tier, and where they come from. */
export interface Price {
  readonly dollars: number;
  readonly per: string;
  readonly source: string;
  /** When the source was last read; `second-hand` where only somebody else's quotation of it was. */
  readonly read: string;
}

export const PRICES = {
  secretMonth: {
    dollars: 0.4,
    per: 'secret and month',
    source: 'https://aws.amazon.com/secrets-manager/pricing/',
    read: 'November 2026, second-hand',
  },
  secretsCall: {
    dollars: 0.05 / 10_000,
    per: 'API call',
    source: 'https://aws.amazon.com/secrets-manager/pricing/',
    read: 'November 2026, second-hand',
  },
  lambdaRequest: {
    dollars: 0.2 / 1_000_000,
    per: 'invocation',
    source: 'https://aws.amazon.com/lambda/pricing/',
    read: 'September 2026, second-hand',
  },
  lambdaGigabyteSecond: {
    dollars: 0.0000133334,
    per: 'GB-second on arm64',
    source: 'https://aws.amazon.com/lambda/pricing/',
    read: 'November 2026, second-hand',
  },
  durableOperation: {
    dollars: 8 / 1_000_000,
    per: 'durable operation',
    source: 'https://aws.amazon.com/lambda/pricing/',
    read: 'September 2026, second-hand',
  },
  durableGigabyteWritten: {
    dollars: 0.25,
    per: 'GB that durable executions write',
    source: 'https://aws.amazon.com/lambda/pricing/',
    read: 'November 2026, second-hand',
  },
  durableGigabyteMonth: {
    dollars: 0.15,
    per: 'GB of their history and month',
    source: 'https://aws.amazon.com/lambda/pricing/',
    read: 'November 2026, second-hand',
  },
  logGigabyte: {
    dollars: 0.5,
    per: 'GB of logs',
    source: 'https://aws.amazon.com/cloudwatch/pricing/',
    read: 'November 2026, second-hand',
  },
  alarmMetricMonth: {
    dollars: 0.1,
    per: 'metric of an alarm and month',
    source: 'https://aws.amazon.com/cloudwatch/pricing/',
    read: 'November 2026, second-hand',
  },
  dashboardMonth: {
    dollars: 3,
    per: 'dashboard and month',
    source: 'https://aws.amazon.com/cloudwatch/pricing/',
    read: 'November 2026, second-hand',
  },
  acmExportableName: {
    dollars: 7,
    per: 'name and issuance, for 198 days',
    source: 'https://aws.amazon.com/certificate-manager/pricing/',
    read: 'November 2026, second-hand',
  },
  acmExportableWildcard: {
    dollars: 79,
    per: 'wildcard and issuance, for 198 days',
    source: 'https://aws.amazon.com/certificate-manager/pricing/',
    read: 'November 2026, second-hand',
  },
} as const satisfies Record<string, Price>;
