import type { Options } from './options.ts';

/**
 * US dollars, us-east-1, list prices without a free tier, as the project's notes had them in November 2026 (the README's
 * figures are the same). Not verified against an invoice; check https://aws.amazon.com/<service>/pricing/.
 */
const PRICES = {
  secretMonth: 0.4,
  alarmMetricMonth: 0.1,
  dashboardMonth: 3,
  tenThousandSecretCalls: 0.05,
  millionDurableOperations: 8,
} as const;

/** What one walk uses at most. Generous: a price is an upper bound. */
const USE = {
  hours: 1,
  secrets: 4,
  alarmMetrics: 10,
  dashboards: 1,
  secretCalls: 1_000,
  durableOperations: 500,
} as const;

const MONTH_HOURS = 730;

interface Item {
  readonly text: string;
  readonly dollars: number;
}

/** The arithmetic, item by item. */
export function costs(): readonly Item[] {
  const share = USE.hours / MONTH_HOURS;
  const monthly = (what: string, count: number, price: number): Item => ({
    text: `${count} ${what} x $${price} a month x ${USE.hours} of ${MONTH_HOURS} hours`,
    dollars: count * price * share,
  });
  return [
    monthly('secrets', USE.secrets, PRICES.secretMonth),
    monthly('metrics watched by alarms', USE.alarmMetrics, PRICES.alarmMetricMonth),
    monthly('dashboard', USE.dashboards, PRICES.dashboardMonth),
    {
      text: `${USE.secretCalls} calls of Secrets Manager x $${PRICES.tenThousandSecretCalls} for 10,000`,
      dollars: (USE.secretCalls / 10_000) * PRICES.tenThousandSecretCalls,
    },
    {
      text: `${USE.durableOperations} durable operations x $${PRICES.millionDurableOperations} for 1,000,000`,
      dollars: (USE.durableOperations / 1_000_000) * PRICES.millionDurableOperations,
    },
  ];
}

/** What will happen and what it costs, for people to agree to. */
export function planOf({ domain, hostedZoneId, regions, profile }: Options): string {
  const [region] = regions;
  const items = costs();
  const total = items.reduce((sum, { dollars }) => sum + dollars, 0);
  return [
    `This deploys evercert into ${region} (${profile === undefined ? 'default credentials' : `profile ${profile}`}), stack EvercertOnAws:`,
    `  it bootstraps CDK there where that was never done; the stack CDKToolkit and its bucket stay;`,
    `  it issues certificates of Let's Encrypt's STAGING for evercert-test.${domain} and names below it;`,
    `  it writes and deletes TXT record sets below _acme-challenge.evercert-test.${domain} in the zone ${hostedZoneId};`,
    `  it imports into ACM in ${regions.join(', ')}, and two certificates of its own into ${region} for a moment;`,
    '  and at its end, however it ends, it destroys the stack, deletes its ACME account, and lists what is left.',
    'It costs at most:',
    ...items.map(({ text, dollars }) => `  ${text} = $${dollars.toFixed(4)}`),
    `  together $${total.toFixed(2)}, and fractions of a cent for Lambda, S3 and CloudWatch.`,
  ].join('\n');
}
