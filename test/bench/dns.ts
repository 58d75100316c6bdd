/**
 * 200 certificates over 5 zones due at once, against Route 53's real buckets and a propagation of 30 s: as the scan starts
 * them, all at once, and one after another as other clients do. `npm run bench:dns [-- --json]`.
 */
import { DAY, MINUTE, SECOND } from '../../lambdas/core/duration.ts';
import type { SettingsInput } from '../../lambdas/core/settings.ts';
import { type Sandbox, startSandbox } from '../sandbox/sandbox.ts';

const CERTIFICATES = Number(process.env['BENCH_CERTIFICATES'] ?? 200);
const ZONES = 5;

interface Figures {
  readonly issued: number;
  readonly virtualSeconds: number;
  readonly throttled: number;
  readonly callsPerCertificate: Readonly<Record<string, number>>;
}

type Start = (sandbox: Sandbox) => Promise<unknown>;

/** First issuances, then as many rounds of renewals: these know their zones. */
async function measure(
  certificates: number,
  rounds: number,
  settings: SettingsInput,
  start: Start,
): Promise<Record<string, Figures>> {
  const zones = Array.from({ length: ZONES }, (_, index) => `zone${index}.dev`);
  const sandbox = await startSandbox({ zones, settings });
  try {
    await sandbox.deployIssuer();
    for (const index of Array(certificates).keys()) {
      const apex = `site${index}.${zones[index % ZONES]}`;
      await sandbox.register(`certificate-${index}`, { domainNames: [apex, `*.${apex}`], issuer: 'sandbox' });
    }
    await sandbox.clock.advance(5 * MINUTE);
    const figures: Record<string, Figures> = { 'first issuance': await count(sandbox, certificates, start) };
    for (let round = 0; round < rounds; round += 1) {
      await sandbox.clock.advance(61 * DAY);
      figures['renewal'] = await count(sandbox, certificates, start);
    }
    return figures;
  } finally {
    await sandbox.stop();
  }
}

async function count(sandbox: Sandbox, certificates: number, start: Start): Promise<Figures> {
  const orders = sandbox.ca.finalizedOrders().length;
  const logged = sandbox.log.length;
  sandbox.calls.reset();
  const began = sandbox.clock.now();
  await start(sandbox);
  const repeated = sandbox.log.slice(logged).filter(({ message }) => message === 'AWS call is repeated');
  const calls = Object.entries(sandbox.calls.by('route53'));
  return {
    issued: sandbox.ca.finalizedOrders().length - orders,
    virtualSeconds: (sandbox.clock.now() - began) / SECOND,
    throttled: repeated.length,
    callsPerCertificate: Object.fromEntries(calls.map(([operation, times]) => [operation, times / certificates])),
  };
}

/** They don't meet, so that a few of them say how long all take. */
const FEW = 10;

async function oneAfterAnother(sandbox: Sandbox): Promise<void> {
  for (const index of Array(FEW).keys()) await sandbox.renew({ certificate: `certificate-${index}` });
}

const results = {
  'paced by the scan (60 a minute)': await measure(CERTIFICATES, 1, {}, (sandbox) => sandbox.scan()),
  'all at once': await measure(CERTIFICATES, 0, { startsPerMinute: 6_000 }, (sandbox) => sandbox.scan()),
  [`one after another, ${FEW} of them`]: await measure(FEW, 0, {}, oneAfterAnother),
};

if (process.argv.includes('--json')) console.log(JSON.stringify(results));
else {
  console.log(
    `${CERTIFICATES} certificates in ${ZONES} zones, 30 s propagation, virtual time; repetitions count as calls:\n`,
  );
  for (const [how, rounds] of Object.entries(results)) {
    for (const [round, { issued, virtualSeconds, throttled, callsPerCertificate }] of Object.entries(rounds)) {
      console.log(`${how}, ${round}: ${issued} issued in ${virtualSeconds.toFixed(0)} s, ${throttled} calls throttled`);
      for (const [operation, calls] of Object.entries(callsPerCertificate)) {
        console.log(`  ${operation.padEnd(28)} ${calls.toFixed(2)}`);
      }
    }
  }
}
