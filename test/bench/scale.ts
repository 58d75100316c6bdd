/**
 * What a fleet of 10 to 10,000 certificates asks of evercert, and costs: the hourly scan and the renewals, each function's
 * bundle alone in a process as Lambda has it, and a year's price from what was measured.
 * `npm run bench [-- --sizes 10,100,1000,10000] [-- --renewals 10,30,100,1000] [-- --json]`.
 *
 * Scans are on real time, and one with more due than it may start lasts eight minutes. Those, which mostly wait, run side by
 * side, and the renewals beside them: each takes a second of a processor, half of it for the issuance before. Sizes of the bundles
 * and their time to import: `npm run bench:bundles`.
 */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { acmExportableCost, type Use, yearlyCost } from './scale/cost.ts';
import { growth } from './scale/growth.ts';
import { PRICES } from './scale/prices.ts';
import type { RenewalFigures } from './scale/renewal-figures.ts';
import { AWS_LATENCY, type ScanCase, type ScanFigures } from './scale/scan-figures.ts';

const { values } = parseArgs({
  options: {
    sizes: { type: 'string', default: '10,100,1000,10000' },
    renewals: { type: 'string', default: '10,30,100,1000' },
    json: { type: 'boolean', default: false },
  },
});
const sizes = numbers(values.sizes);
const say = (text: string) => process.stderr.write(`${text}\n`);

const quiet: ScanFigures[] = [];
for (const certificates of sizes) {
  for (const asking of [false, true]) quiet.push(await scan({ certificates, due: 0, asking }));
}
const largest = Math.max(...sizes);
const tight = await scan({ certificates: largest, due: 0, asking: true, memoryMegabytes: 128 });
const [renewals, ...paced] = await Promise.all([
  renewAll(numbers(values.renewals)),
  ...sizes.flatMap((certificates) => [
    scan({ certificates, due: Math.ceil(certificates / 100), asking: false }),
    scan({ certificates, due: certificates, asking: false }),
  ]),
  scan({ certificates: largest, due: largest, asking: false, letsEncrypt: true }),
]);
const scans = [...quiet, tight, ...paced];
const costs = [1, 100, 10_000].flatMap((certificates) => [
  { certificates, ...costOf(certificates, 365 / 60, '90 days') },
  { certificates, ...costOf(certificates, 365 / 30, '45 days') },
]);

if (values.json) console.log(JSON.stringify({ scans, renewals, growth: grown(), costs, prices: PRICES }));
else print();

async function scan(scanCase: ScanCase): Promise<ScanFigures> {
  say(`scan: ${JSON.stringify(scanCase)}`);
  return JSON.parse(await run('scan-case.ts', JSON.stringify(scanCase)));
}

/** One fleet after another. */
async function renewAll(counts: readonly number[]): Promise<RenewalFigures[]> {
  const figures: RenewalFigures[] = [];
  for (const count of counts) {
    say(`${count} renewals`);
    figures.push(JSON.parse(await run('renewal-case.ts', String(count))));
  }
  return figures;
}

async function run(script: string, argument: string): Promise<string> {
  const file = join(import.meta.dirname, 'scale', script);
  const running = promisify(execFile)(process.execPath, [file, argument], { maxBuffer: 1e8 });
  running.child.stderr?.pipe(process.stderr, { end: false });
  return (await running).stdout;
}

/** Of the scans with nothing due, and of the renewals. */
function grown() {
  const of = (figures: readonly ScanFigures[], value: (each: ScanFigures) => number) =>
    growth(figures.map((each) => ({ size: each.certificates, value: value(each) })));
  const ofRenewals = (value: (each: RenewalFigures) => number) =>
    growth(renewals.map((each) => ({ size: each.renewals, value: value(each) })));
  const scanGrowth = [false, true].flatMap((asking) => {
    const figures = quiet.filter((each) => each.asking === asking);
    const what = asking ? 'scan, a sixth asks' : 'scan, nobody asks';
    return [
      { figure: `${what}: calls`, ...of(figures, callsOf) },
      { figure: `${what}: seconds`, ...of(figures, ({ seconds }) => seconds) },
      { figure: `${what}: processor seconds`, ...of(figures, ({ cpuSeconds }) => cpuSeconds) },
      { figure: `${what}: peak bytes`, ...of(figures, ({ peakBytes }) => peakBytes) },
    ];
  });
  if (sizes.length < 2) return [];
  return [
    ...scanGrowth,
    ...(renewals.length < 2
      ? []
      : [
          { figure: 'renewals: calls', ...ofRenewals(callsOf) },
          { figure: 'renewals: billed seconds', ...ofRenewals(({ activeSeconds }) => activeSeconds) },
          { figure: 'renewals: durable operations', ...ofRenewals(({ durableOperations }) => durableOperations) },
          { figure: 'renewals: peak bytes', ...ofRenewals(({ peakBytes }) => peakBytes) },
        ]),
  ];
}

/** With the largest measured fleet's renewals, and a scan between the measured sizes. */
function costOf(certificates: number, renewalsPerCertificate: number, lifetime: string) {
  const renewal = renewals.at(-1);
  if (!renewal) throw new Error('A cost needs renewals.');
  const year = {
    certificates,
    otherSecrets: 1,
    scans: 8_760,
    scan: scanUse(certificates),
    renewalsPerCertificate,
    renewal: renewalUse(renewal),
    retentionDays: 14,
    // As README.md counts them.
    alarmMetrics: 10,
    dashboards: 1,
  };
  return { lifetime, ...yearlyCost(year), acmExportable: acmExportableCost(certificates, { plain: 1, wildcards: 1 }) };
}

/** Of an average hour, in which a sixth asks: on the line between the measured sizes. */
function scanUse(certificates: number): Use {
  const asking = quiet.filter((each) => each.asking);
  const smallest = asking[0];
  if (!smallest) throw new Error('A cost needs scans.');
  const at = (value: (each: ScanFigures) => number) => {
    if (asking.length < 2) return value(smallest);
    const { perCertificate } = growth(asking.map((each) => ({ size: each.certificates, value: value(each) })));
    return Math.max(0, value(smallest) + perCertificate * (certificates - smallest.certificates));
  };
  return {
    invocations: 1,
    gigabyteSeconds: at(({ seconds }) => seconds) * 0.5,
    secretsCalls: at(({ calls }) => ofSecrets(calls)),
    logBytes: at(({ logBytes }) => logBytes),
  };
}

function renewalUse(figures: RenewalFigures): Use {
  const each = (value: number) => value / figures.renewals;
  return {
    invocations: each(figures.invocations),
    gigabyteSeconds: each((figures.activeSeconds * figures.memoryMegabytes) / 1_024),
    secretsCalls: each(ofSecrets(figures.calls)),
    logBytes: each(figures.logBytes),
    durableOperations: each(figures.durableOperations),
    durableBytes: each(figures.durableBytes),
  };
}

function ofSecrets(calls: Readonly<Record<string, number>>): number {
  return total(calls, (operation) => operation.startsWith('secretsmanager:'));
}

function callsOf({ calls }: { readonly calls: Readonly<Record<string, number>> }): number {
  return total(calls, () => true);
}

function total(calls: Readonly<Record<string, number>>, counts: (operation: string) => boolean): number {
  return Object.entries(calls).reduce((sum, [operation, count]) => sum + (counts(operation) ? count : 0), 0);
}

function print(): void {
  console.log(`Scans, ${AWS_LATENCY} ms per answer of AWS; memory is the function's process, Node.js included:`);
  console.table(
    scans.map((each) => ({
      certificates: each.certificates,
      due: each.due,
      'ask their CA': each.calls['acme:renewalInfo'],
      'heap for MB': each.memoryMegabytes ?? '',
      CA: each.letsEncrypt ? "Let's Encrypt" : 'private',
      started: each.started,
      ListSecrets: each.calls['secretsmanager:ListSecrets'],
      GetSecretValue: each.calls['secretsmanager:GetSecretValue'] ?? 0,
      TagResource: each.calls['secretsmanager:TagResource'] ?? 0,
      Invoke: each.calls['lambda:Invoke'] ?? 0,
      seconds: `${each.seconds.toFixed(1)} of ${each.timeoutSeconds}`,
      'peak MB': (each.peakBytes / 1e6).toFixed(0),
      'idle MB': (each.idleBytes / 1e6).toFixed(0),
    })),
  );
  console.log('Renewals through the durable function, all due at once:');
  console.table(
    renewals.map((each) => ({
      renewals: each.renewals,
      'virtual seconds': each.virtualSeconds.toFixed(0),
      'invocations each': (each.invocations / each.renewals).toFixed(2),
      'billed seconds each': (each.activeSeconds / each.renewals).toFixed(2),
      'durable operations each': (each.durableOperations / each.renewals).toFixed(2),
      'peak MB': (each.peakBytes / 1e6).toFixed(0),
      'idle MB': (each.idleBytes / 1e6).toFixed(0),
    })),
  );
  for (const { renewals: count, calls } of renewals.slice(-1)) {
    console.log(`Calls of each of ${count} renewals:`);
    for (const [operation, times] of Object.entries(calls))
      console.log(`  ${operation.padEnd(44)} ${(times / count).toFixed(2)}`);
  }
  console.log('Growth: 0 stays the same, 1 grows as the fleet does:');
  console.table(
    grown().map(({ figure, exponent, perCertificate }) => ({
      figure,
      exponent: exponent?.toFixed(2),
      'each further certificate adds': perCertificate.toPrecision(3),
    })),
  );
  console.log('Dollars a year, apex and wildcard:');
  console.table(
    costs.map(({ certificates, lifetime, ...dollars }) => ({
      certificates,
      lifetime,
      ...Object.fromEntries(Object.entries(dollars).map(([what, value]) => [what, value.toFixed(2)])),
    })),
  );
  for (const { dollars, per, source, read } of Object.values(PRICES))
    console.log(`  $${Number(dollars.toPrecision(6))} per ${per}: ${source} (${read})`);
}

function numbers(list: string): number[] {
  return list.split(',').map((text) => {
    if (/^[1-9]\d*$/.test(text)) return Number(text);
    throw new Error(`${text} is no whole number above zero.`);
  });
}
