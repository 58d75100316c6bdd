/**
 * 200 certificates over 5 zones due at once, against Route 53's real buckets and a propagation of 30 s: as the scan starts
 * them, the same with 30 % of all calls throttled on top, all at once, and one after another. All of these are evercert's own
 * renewals; what other clients ask of Route 53 is in `npm run bench:peers`. Minutes of computing: a thousand certificates are
 * issued. `npm run bench:dns [-- --json]`; `BENCH_CERTIFICATES` for fewer.
 */
import { DAY, MINUTE, SECOND } from '../../lambdas/core/duration.ts';
import { type Sandbox, startSandbox } from '../sandbox/sandbox.ts';
import { throttling } from '../sandbox/throttling.ts';

const CERTIFICATES = Number(process.env['BENCH_CERTIFICATES'] ?? 200);
const ZONES = 5;
const THROTTLED_SHARE = 0.3;

const names = Array.from({ length: CERTIFICATES }, (_, index) => `certificate-${index}`);

interface Figures {
  readonly round: string;
  readonly issued: number;
  /** Certificates whose last attempt failed. */
  readonly failed: number;
  readonly virtualSeconds: number;
  /** Calls that Route 53 refused for the time being, and that were repeated. */
  readonly repeated: number;
  /** Repetitions included. */
  readonly callsPerCertificate: Readonly<Record<string, number>>;
}

async function withCertificates(startsPerMinute: number, work: (sandbox: Sandbox) => Promise<void>): Promise<void> {
  const zones = Array.from({ length: ZONES }, (_, index) => `zone${index}.dev`);
  const sandbox = await startSandbox({ zones, settings: { startsPerMinute } });
  try {
    await sandbox.deployIssuer();
    for (const [index, name] of names.entries()) {
      const apex = `site${index}.${zones[index % ZONES]}`;
      await sandbox.register(name, { domainNames: [apex, `*.${apex}`], issuer: 'sandbox' });
    }
    // Buckets are full again, as they are before any hourly scan.
    await sandbox.clock.advance(5 * MINUTE);
    await work(sandbox);
  } finally {
    await sandbox.stop();
  }
}

const figures: Figures[] = [];

async function measure(round: string, sandbox: Sandbox, start: () => Promise<unknown>): Promise<void> {
  const orders = sandbox.ca.finalizedOrders().length;
  const logged = sandbox.log.length;
  sandbox.calls.reset();
  const began = sandbox.clock.now();
  await start();
  const calls = Object.entries(sandbox.calls.by('route53'));
  const commands = calls.map(([operation]) => `${operation}Command`);
  const repeated = sandbox.log
    .slice(logged)
    .filter(({ message, fields }) => message === 'AWS call is repeated' && commands.includes(String(fields['call'])));
  figures.push({
    round,
    issued: sandbox.ca.finalizedOrders().length - orders,
    failed: sandbox.secretsManager.secrets().filter(({ tags }) => tags['evercert:state'] === 'failed').length,
    virtualSeconds: (sandbox.clock.now() - began) / SECOND,
    repeated: repeated.length,
    callsPerCertificate: Object.fromEntries(calls.map(([operation, times]) => [operation, times / CERTIFICATES])),
  });
}

await withCertificates(60, async (sandbox) => {
  await measure('paced by the scan (60 a minute), first issuance', sandbox, () => sandbox.scan());
  await sandbox.clock.advance(61 * DAY);
  await measure('paced by the scan, renewal', sandbox, () => sandbox.scan());
  await sandbox.clock.advance(61 * DAY);
  sandbox.faults.add(throttling('route53:*', THROTTLED_SHARE));
  await measure(`paced by the scan, renewal, ${THROTTLED_SHARE * 100} % throttled`, sandbox, () => sandbox.scan());
});
await withCertificates(6_000, (sandbox) => measure('all at once, first issuance', sandbox, () => sandbox.scan()));
await withCertificates(60, (sandbox) =>
  measure('one after another, first issuance', sandbox, async () => {
    for (const certificate of names) await sandbox.renew({ certificate });
  }),
);

if (process.argv.includes('--json')) console.log(JSON.stringify(figures));
else {
  const each = (calls: number) => calls.toFixed(2);
  console.log(
    `${CERTIFICATES} certificates in ${ZONES} zones, 30 s propagation; virtual seconds; calls per certificate, repetitions included:\n`,
  );
  console.log(
    '| round | issued | failed | seconds | repeated calls | ChangeResourceRecordSets | zone look-ups | GetChange |',
  );
  console.log('|---|--:|--:|--:|--:|--:|--:|--:|');
  for (const { round, issued, failed, virtualSeconds, repeated, callsPerCertificate } of figures) {
    const { ChangeResourceRecordSets = 0, GetChange = 0, ...others } = callsPerCertificate;
    const lookUps = Object.values(others).reduce((sum, calls) => sum + calls, 0);
    const calls = [ChangeResourceRecordSets, lookUps, GetChange].map(each).join(' | ');
    console.log(`| ${round} | ${issued} | ${failed} | ${virtualSeconds.toFixed(0)} | ${repeated} | ${calls} |`);
  }
}
