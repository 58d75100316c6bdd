/**
 * Many certificates due at once: virtual time from the scan until all are live, against Route 53's and Secrets
 * Manager's real token buckets. `npm run bench:fleet [-- --json]`.
 */
import { MINUTE, SECOND } from '../../lambdas/core/duration.ts';
import { startSandbox } from '../sandbox/sandbox.ts';

const CERTIFICATES = 50;
const CA_LATENCY = 50;

interface Figures {
  readonly certificates: number;
  readonly zones: number;
  readonly issued: number;
  readonly virtualSeconds: number;
  readonly propagationDelays: number;
  readonly callsPerCertificate: Readonly<Record<string, number>>;
}

async function measure(zones: number): Promise<Figures> {
  const names = Array.from({ length: zones }, (_, index) => `zone${index}.dev`);
  const sandbox = await startSandbox({ zones: names });
  try {
    await sandbox.deployIssuer();
    for (let index = 0; index < CERTIFICATES; index += 1) {
      const apex = `site${index}.${names[index % zones]}`;
      await sandbox.register(`certificate-${index}`, { domainNames: [apex, `*.${apex}`], issuer: 'sandbox' });
    }
    // Buckets are full again, as they are before any hourly scan.
    await sandbox.clock.advance(5 * MINUTE);
    sandbox.ca.settings.requestLatencyMilliseconds = CA_LATENCY;
    sandbox.calls.reset();
    const began = sandbox.clock.now();
    await sandbox.scan();
    const elapsed = sandbox.clock.now() - began;
    const issued = sandbox.secretsManager.secrets().filter(({ tags }) => tags['evercert:state'] === 'issued').length;
    const perCertificate = ['route53', 'secretsmanager', 'acme'].flatMap((service) =>
      Object.entries(sandbox.calls.by(service)).map(
        ([operation, count]) => [`${service}:${operation}`, count / CERTIFICATES] as const,
      ),
    );
    return {
      certificates: CERTIFICATES,
      zones,
      issued,
      virtualSeconds: elapsed / SECOND,
      propagationDelays: elapsed / sandbox.route53.settings.propagationMilliseconds,
      callsPerCertificate: Object.fromEntries(perCertificate),
    };
  } finally {
    await sandbox.stop();
  }
}

const figures: Figures[] = [];
for (const zones of [50, 10, 1]) figures.push(await measure(zones));

if (process.argv.includes('--json')) {
  console.log(JSON.stringify(figures));
} else {
  console.log(
    `${CERTIFICATES} certificates (apex and wildcard) due at once, 30 s propagation, ${CA_LATENCY} ms per CA request, virtual time:\n`,
  );
  for (const { zones, issued, virtualSeconds, propagationDelays, callsPerCertificate } of figures) {
    console.log(
      `${zones === 1 ? '1 zone' : `${zones} zones`}: ${issued} issued in ${virtualSeconds.toFixed(1)} s, ${propagationDelays.toFixed(2)} propagation delays; calls per certificate, repetitions after throttling included:`,
    );
    for (const [operation, count] of Object.entries(callsPerCertificate))
      console.log(`  ${operation.padEnd(42)} ${count.toFixed(2)}`);
  }
}
