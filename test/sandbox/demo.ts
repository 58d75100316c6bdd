/**
 * The whole job on loopback: `npm run demo` shows it, `npm run demo -- --json` prints one JSON document.
 *
 * Virtual time begins 65 days ago, so that the certificate that is issued then and the one that renews it two thirds
 * of 90 days later are both valid today: the TLS handshakes are real and use this machine's clock.
 */
import { X509Certificate } from 'node:crypto';
import { styleText } from 'node:util';
import { Listr } from 'listr2';
import { DAY, SECOND } from '../../lambdas/core/duration.ts';
import { type Sandbox, startSandbox } from './sandbox.ts';
import { StepFeed } from './step-feed.ts';
import { handshake } from './tls-handshake.ts';

const NAME = 'leane.dev';
const ACM_REGIONS = ['eu-central-1', 'us-east-1'];
const SPEC = { domainNames: ['leane.dev', '*.leane.dev'], issuer: 'sandbox', acm: ACM_REGIONS };

const STEPS: readonly (readonly [step: string, title: string])[] = [
  ['claim', 'Claim the certificate: a key is made and stored before anything else'],
  ['place order', 'Place the ACME order'],
  ['store challenge values', 'Store what will be published, find the hosted zone'],
  ['present TXT values 1', 'Publish both TXT values in one Route 53 change'],
  ['wait in sync 1', 'Wait until all Route 53 servers have them'],
  ['look up authoritatively 1', 'Ask the authoritative servers'],
  ['answer challenges', 'Tell the CA'],
  ['wait for validation', 'CA validates over DNS'],
  ['clean up TXT values', 'Remove the TXT values'],
  ['finalize', 'Finalize the order'],
  ['wait for certificate', 'CA issues'],
  ['verify and store', 'Verify chain, names and key; store the pair'],
  ['go live', 'Make it the live version of the secret'],
  ...ACM_REGIONS.map((region) => [`import into ACM ${region}`, `Import into ACM in ${region}`] as const),
  ['announce', 'Write down when it renews'],
];

interface Published {
  readonly secretArn: string;
  readonly acm: Readonly<Record<string, string>>;
  readonly value: {
    readonly certificate: string;
    readonly chain: string;
    readonly fullchain: string;
    readonly privateKey: string;
    readonly domainNames: readonly string[];
    readonly issued: {
      readonly notBefore: string;
      readonly notAfter: string;
      readonly serialNumber: string;
      readonly issuer: string;
    };
  };
}

const json = process.argv.includes('--json');
const unknown = process.argv.slice(2).find((argument) => argument !== '--json');
if (unknown) {
  console.error(`unknown argument ${unknown}: the demo takes --json or nothing`);
  process.exit(2);
}

// A reader such as head may leave early.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

const began = performance.now();
const feed = new StepFeed();
const sandbox = await startSandbox({
  now: Date.now() - 65 * DAY,
  zones: [NAME],
  onStep: feed.onStep,
  onLog: feed.onLog,
});
try {
  say(heading('evercert demo: a CA, DNS and AWS on loopback; nothing leaves this machine'));
  say(
    `Virtual time starts at ${iso(sandbox.clock.now())}. Route 53 takes ${sandbox.route53.settings.propagationMilliseconds / SECOND} s to propagate.\n`,
  );

  say(heading('First issuance'));
  await show([
    { title: 'Deploy the issuer: account key and registration', work: async () => void (await sandbox.deployIssuer()) },
  ]);
  await show([{ title: `Register ${NAME}: ${SPEC.domainNames.join(', ')}`, work: () => sandbox.register(NAME, SPEC) }]);
  await renewal();
  const first = published(sandbox);
  const calls = countCalls(sandbox);
  printCertificate(first, sandbox);
  const roots = sandbox.ca.roots.map(({ pem }) => pem);
  const accepted = await handshake(first.value, `anything.${NAME}`, roots);
  const refused = await handshake(first.value, `${NAME}.example`, roots);
  say(`TLS handshake as anything.${NAME}: ${accepted === undefined ? good('accepted') : bad(`refused (${accepted})`)}`);
  say(
    `TLS handshake as ${NAME}.example: ${refused === undefined ? bad('accepted') : good(`refused, as it must be (${refused})`)}\n`,
  );

  say(heading('Renewal'));
  const idle = await sandbox.scan();
  say(`A scan right away: ${idle.certificates[0]?.reason}`);
  await sandbox.clock.advance(61 * DAY);
  say(`61 days later, ${iso(sandbox.clock.now())}:`);
  feed.reset();
  await renewal();
  const second = published(sandbox);
  printCertificate(second, sandbox);
  const again = await handshake(second.value, `anything.${NAME}`, roots);
  const sameAcmArn = ACM_REGIONS.every((region) => first.acm[region] === second.acm[region]);
  say(`TLS handshake with the new pair: ${again === undefined ? good('accepted') : bad(`refused (${again})`)}`);
  say(
    `Same secret: ${second.secretArn === first.secretArn ? good('yes') : bad('no')}; same ACM ARNs: ${sameAcmArn ? good('yes') : bad('no')}\n`,
  );

  const seconds = Math.round((performance.now() - began) / 10) / 100;
  const tlsVerified = accepted === undefined && refused !== undefined && again === undefined;
  say(heading('What the first issuance cost, account registration included'));
  for (const [service, counts] of Object.entries(calls)) {
    const total = Object.values(counts).reduce((sum, count) => sum + count, 0);
    say(
      `${service.padEnd(15)} ${String(total).padStart(3)}  ${Object.entries(counts)
        .map(([operation, count]) => `${operation} ${count}`)
        .join(', ')}`,
    );
  }
  say(`\nBoth certificates in ${seconds} s of real time.`);

  if (json) {
    const { serialNumber, notAfter } = second.value.issued;
    const certificate = {
      name: NAME,
      domainNames: second.value.domainNames,
      secretArn: second.secretArn,
      acm: second.acm,
      serialNumber,
      notAfter,
      tlsVerified,
    };
    const renewed = { previousSerialNumber: first.value.issued.serialNumber, serialNumber, sameAcmArn };
    console.log(JSON.stringify({ certificates: [certificate], renewal: renewed, calls, seconds }));
  }
  if (!tlsVerified || !sameAcmArn || sandbox.bugs().length > 0) process.exitCode = 1;
} finally {
  await sandbox.stop();
}

/** One scan, and the steps of the renewal that it starts. */
async function renewal(): Promise<void> {
  const scanning = sandbox.scan();
  // Handled below; until then the tasks wait for steps.
  scanning.catch(() => undefined);
  const scanned = { title: 'Scan: what is due?', work: () => feed.started() };
  await show([scanned, ...STEPS.map(([step, title]) => ({ title, work: () => feed.ended(step) }))]);
  await scanning;
}

interface Task {
  readonly title: string;
  /** A text that it resolves to follows the title. */
  readonly work: () => Promise<unknown>;
}

/** A list with progress on a terminal; elsewhere a line for each task when it is done. */
async function show(tasks: readonly Task[]): Promise<void> {
  const finished = (title: string, result: unknown) => (typeof result === 'string' ? `${title} ${result}` : title);
  if (process.stdout.isTTY && process.stdout.columns > 0 && !json) {
    const list = tasks.map(({ title, work }) => ({
      title,
      task: async (_context: unknown, task: { title: string }) => {
        task.title = finished(title, await work());
      },
    }));
    await new Listr(list, { concurrent: true }).run();
    return;
  }
  const running = tasks.map(({ title, work }) => ({ title, result: work() }));
  for (const { title, result } of running) say(`✔ ${finished(title, await result)}`);
}

function published({ secretsManager, acm }: Sandbox): Published {
  const secret = secretsManager.secret(`evercert/${NAME}`);
  const value = JSON.parse(secretsManager.value(`evercert/${NAME}`) ?? '{}') as Published['value'];
  const imports = ACM_REGIONS.flatMap((region) => acm.certificates(region).map(({ arn }) => [region, arn] as const));
  return { secretArn: secret?.arn ?? '', acm: Object.fromEntries(imports), value };
}

function countCalls({ calls }: Sandbox): Record<string, Record<string, number>> {
  return Object.fromEntries(
    ['route53', 'secretsmanager', 'acm', 'acme'].map((service) => [service, calls.by(service)]),
  );
}

function printCertificate({ secretArn, acm, value }: Published, { secretsManager, ca }: Sandbox): void {
  const { notBefore, notAfter, serialNumber, issuer } = value.issued;
  const tags = secretsManager.secret(`evercert/${NAME}`)?.tags ?? {};
  const chain = value.fullchain.match(/-----BEGIN[^-]+-----[^-]+-----END[^-]+-----/g) ?? [];
  const top = new X509Certificate(chain.at(-1) ?? '');
  const root = ca.roots.map(({ pem }) => new X509Certificate(pem)).find((candidate) => top.checkIssued(candidate));
  const path = [
    ...chain.slice(1).map((pem) => commonName(new X509Certificate(pem).subject)),
    ...(root ? [commonName(root.subject)] : []),
  ];
  const rows = {
    names: value.domainNames.join(', '),
    issuer,
    chain: path.join(' → '),
    valid: `${notBefore} to ${notAfter}`,
    serial: serialNumber,
    'renews at': `${String(tags['evercert:renew-at'])} (within the window that the CA suggests)`,
    secret: secretArn,
    ...Object.fromEntries(Object.entries(acm).map(([region, arn]) => [`ACM ${region}`, arn])),
  };
  say('');
  for (const [label, text] of Object.entries(rows)) say(`  ${styleText('dim', label.padEnd(18))} ${text}`);
  say('');
}

function commonName(subject: string): string {
  return /CN=(.*)/.exec(subject)?.[1] ?? subject;
}

function say(line: string): void {
  if (!json) console.log(line);
}

function heading(text: string): string {
  return styleText('bold', text);
}

function good(text: string): string {
  return styleText('green', text);
}

function bad(text: string): string {
  return styleText('red', text);
}

function iso(instant: number): string {
  return new Date(instant).toISOString();
}
