import { PRICES } from './prices.ts';

/** What one invocation, or one renewal with all of its invocations, uses. */
export interface Use {
  readonly invocations: number;
  readonly gigabyteSeconds: number;
  /** Calls of Secrets Manager. */
  readonly secretsCalls: number;
  readonly logBytes: number;
  readonly durableOperations?: number;
  readonly durableBytes?: number;
}

/** What a fleet does in a year. */
export interface Year {
  readonly certificates: number;
  /** Secrets that are not certificates: issuers. */
  readonly otherSecrets: number;
  readonly scans: number;
  /** One scan of the whole fleet, as it is on average. */
  readonly scan: Use;
  readonly renewalsPerCertificate: number;
  readonly renewal: Use;
  /** How long the history of an execution is kept. */
  readonly retentionDays: number;
  readonly alarmMetrics: number;
  readonly dashboards: number;
}

/** Dollars a year, by what they are paid for. */
export type YearlyCost = Readonly<
  Record<'secrets' | 'secretsCalls' | 'lambda' | 'durable' | 'logs' | 'alarms' | 'dashboards' | 'total', number>
>;

const GIGABYTE = 1e9;
const MONTHS = 12;
const DAYS_OF_MONTH = 365 / MONTHS;

export function yearlyCost(year: Year): YearlyCost {
  const renewals = year.certificates * year.renewalsPerCertificate;
  const sum = (of: (use: Use) => number) => year.scans * of(year.scan) + renewals * of(year.renewal);
  const durableBytes = sum((use) => use.durableBytes ?? 0);
  const parts = {
    secrets: (year.certificates + year.otherSecrets) * MONTHS * PRICES.secretMonth.dollars,
    secretsCalls: sum((use) => use.secretsCalls) * PRICES.secretsCall.dollars,
    lambda:
      sum((use) => use.invocations) * PRICES.lambdaRequest.dollars +
      sum((use) => use.gigabyteSeconds) * PRICES.lambdaGigabyteSecond.dollars,
    durable:
      sum((use) => use.durableOperations ?? 0) * PRICES.durableOperation.dollars +
      (durableBytes / GIGABYTE) * PRICES.durableGigabyteWritten.dollars +
      (durableBytes / GIGABYTE) * (year.retentionDays / DAYS_OF_MONTH) * PRICES.durableGigabyteMonth.dollars,
    logs: (sum((use) => use.logBytes) / GIGABYTE) * PRICES.logGigabyte.dollars,
    alarms: year.alarmMetrics * MONTHS * PRICES.alarmMetricMonth.dollars,
    dashboards: year.dashboards * MONTHS * PRICES.dashboardMonth.dollars,
  };
  return { ...parts, total: Object.values(parts).reduce((total, part) => total + part, 0) };
}

const ACM_LIFETIME_DAYS = 198;

/** ACM's exportable certificates: paid at each issuance, here at the very end of each lifetime, so at least so much. */
export function acmExportableCost(certificates: number, names: { readonly plain: number; readonly wildcards: number }) {
  const issuances = 365 / ACM_LIFETIME_DAYS;
  const each = names.plain * PRICES.acmExportableName.dollars + names.wildcards * PRICES.acmExportableWildcard.dollars;
  return certificates * issuances * each;
}
