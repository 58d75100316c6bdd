/**
 * Two years of a fleet: how many renewals come inside of the CA's window, how many orders a certificate takes, and how
 * little of a lifetime was ever left. A thousand certificates by evercert's own decisions (`dueFromMetadata`,
 * `lifetimeRenewal`, `selectedInstant`, `renewalTime`, `nextRenewalInfoCheck`, `nextAttemptAt`) and a simple model of a CA and of
 * `renew`. `npm run bench:years [-- --json] [-- --fleet=N]`; `--fleet` also runs N certificates (5 when no number is given)
 * through the deployed `scan` and `renew` in the sandbox, which takes half a minute for each on an idle core.
 */
import { nextAttemptAt } from '../../lambdas/core/back-off.ts';
import type { CertificateTags } from '../../lambdas/core/certificate-tags.ts';
import { dueFromMetadata, renewalTime } from '../../lambdas/core/due.ts';
import { DAY, HOUR, MINUTE, SECOND } from '../../lambdas/core/duration.ts';
import { lifetimeRenewal } from '../../lambdas/core/lifetime.ts';
import { nextRenewalInfoCheck, type RenewalWindow, selectedInstant } from '../../lambdas/core/renewal-window.ts';
import { stableFraction } from '../../lambdas/renewal/digest.ts';
import { type SimulatedYears, simulateYears, type YearsOfFleet } from '../sandbox/simulated-years.ts';

const YEARS = 2;
const BEGIN = Date.UTC(2026, 10, 24);
const END = BEGIN + YEARS * 365 * DAY;
const CERTIFICATES = 1_000;
/** The schedule's random minute. */
const SCAN_MINUTE = 23 * MINUTE;
const RENEWAL_TAKES = 2 * MINUTE;

/** Lifetimes as Let's Encrypt's profiles have them, and which share of the fleet has them. */
const KINDS = [
  { name: '90 days', lifetime: 90 * DAY, share: 0.4 },
  { name: '45 days', lifetime: 45 * DAY, share: 0.4 },
  { name: '6 days', lifetime: 160 * HOUR, share: 0.2 },
] as const;

/** What goes wrong: nothing; or one attempt in fifty, and the CA for a day in each quarter. */
const WORLDS = { 'nothing fails': isNever, 'failures and outages': isTrouble } as const;

interface Certificate {
  readonly id: string;
  readonly kind: (typeof KINDS)[number];
  tags: CertificateTags;
  window: RenewalWindow;
  serial: number;
  /** When the first one was issued. */
  readonly begun: number;
  orders: number;
  renewals: number;
  inWindow: number;
  /** Share of the lifetime that was left at the worst moment. */
  lowest: number;
}

interface Figures {
  readonly world: string;
  readonly kind: string;
  readonly certificates: number;
  readonly renewals: number;
  readonly insideWindow: number;
  readonly ordersPerCertificate: number;
  readonly fewestPossible: number;
  readonly lowestLeftPercent: number;
  readonly lowestLeftHours: number;
}

function simulate(world: keyof typeof WORLDS): readonly Figures[] {
  const fleet = KINDS.flatMap((kind) =>
    Array.from({ length: CERTIFICATES * kind.share }, (_, index) => issue(`${kind.name} ${index}`, kind, world)),
  );
  for (let scan = BEGIN + SCAN_MINUTE; scan < END; scan += HOUR) {
    for (const certificate of fleet) look(certificate, scan, world);
  }
  return KINDS.map((kind) =>
    figures(
      world,
      kind,
      fleet.filter((each) => each.kind === kind),
    ),
  );
}

/** The first issuance of each is at another time, spread over a lifetime. */
function issue(id: string, kind: Certificate['kind'], world: string): Certificate {
  const at = BEGIN - stableFraction(world, id) * kind.lifetime * 0.45;
  const certificate = { id, kind, tags: { acm: {} }, window: { start: 0, end: 0 }, serial: 0 };
  const counted = { begun: at, orders: 1, renewals: 0, inWindow: 0, lowest: 1 };
  return goLive({ ...certificate, ...counted }, at);
}

/** As `announce` writes it down: what is live, and what the CA suggests (Boulder, core/objects.go RenewalInfoSimple). */
function goLive(certificate: Certificate, now: number): Certificate {
  const { lifetime } = certificate.kind;
  const notBefore = Math.floor(now / SECOND) * SECOND - HOUR;
  const validity = { notBefore, notAfter: notBefore + lifetime - SECOND };
  const centre = validity.notBefore + lifetime * (lifetime < 10 * DAY ? 1 / 2 : 2 / 3);
  certificate.serial += 1;
  certificate.window = { start: centre - lifetime / 100, end: centre + lifetime / 100 };
  const renewBy = lifetimeRenewal(validity);
  const suggested = selectedInstant(certificate.window, stableFraction(certificate.id, certificate.serial));
  certificate.tags = {
    acm: {},
    state: 'issued',
    version: String(certificate.serial),
    ...validity,
    renewBy,
    renewAt: renewalTime(validity, renewBy, suggested),
    ariCheck: nextRenewalInfoCheck(now, 6 * HOUR),
  };
  return certificate;
}

function look(certificate: Certificate, now: number, world: keyof typeof WORLDS): void {
  const { tags, kind, window, serial, id } = certificate;
  const { notAfter = 0 } = tags;
  certificate.lowest = Math.min(certificate.lowest, (notAfter - now) / kind.lifetime);
  const decision = dueFromMetadata({ tags, stages: { AWSCURRENT: String(serial) } }, now);
  if (decision.action === 'wait') return;
  if (WORLDS[world](id, now)) {
    const failures = (tags.failures ?? 0) + 1;
    certificate.tags = { ...tags, state: 'failed', failures, retryAt: nextAttemptAt({ now, failures, notAfter }) };
    return;
  }
  const ordered = now + MINUTE;
  certificate.orders += 1;
  certificate.renewals += 1;
  if (ordered >= window.start && ordered < window.end) certificate.inWindow += 1;
  goLive(certificate, now + RENEWAL_TAKES);
}

function isNever(): boolean {
  return false;
}

/** One attempt in fifty, and everything on the 40th day of each quarter. */
function isTrouble(id: string, now: number): boolean {
  return Math.floor((now - BEGIN) / DAY) % 91 === 40 || stableFraction('trouble', id, now) < 0.02;
}

function figures(world: string, { name, lifetime }: Certificate['kind'], fleet: readonly Certificate[]): Figures {
  const sum = (value: (each: Certificate) => number) => fleet.reduce((total, each) => total + value(each), 0);
  const lowest = Math.min(...fleet.map((each) => each.lowest));
  // Each renewal at the last moment of its window.
  const longest = lifetime * (lifetime < 10 * DAY ? 1 / 2 : 2 / 3) + lifetime / 100 - HOUR;
  return {
    world,
    kind: name,
    certificates: fleet.length,
    renewals: sum(({ renewals }) => renewals),
    insideWindow: sum(({ inWindow }) => inWindow) / sum(({ renewals }) => renewals),
    ordersPerCertificate: sum(({ orders }) => orders) / fleet.length,
    fewestPossible: sum(({ begun }) => 1 + Math.floor((END - begun) / longest)) / fleet.length,
    lowestLeftPercent: lowest * 100,
    lowestLeftHours: (lowest * lifetime) / HOUR,
  };
}

/** The shares of `KINDS`; a fleet of fewer than five has more of the long ones. */
function sharesOf(count: number): SimulatedYears['certificates'] {
  const shortlived = Math.floor(count / 5);
  const tlsserver = Math.floor((count - shortlived) / 2);
  return { classic: count - shortlived - tlsserver, tlsserver, shortlived };
}

/** What `--fleet` or `--fleet=N` asks for. */
function fleetAsked(): number | undefined {
  const asked = process.argv.find((argument) => /^--fleet(=|$)/.test(argument));
  return asked === undefined ? undefined : Number(asked.split('=')[1] ?? 5);
}

function printFleet({ profiles, scans, idleHours, failedAttempts }: YearsOfFleet, took: number): void {
  const all = profiles.reduce((sum, { certificates }) => sum + certificates, 0);
  console.log(
    `\n${all} certificates through the deployed scan and renew over ${YEARS} years (${took.toFixed(0)} s): ` +
      `${scans} scans, ${idleHours} hours with nothing to do skipped, ${failedAttempts} failed invocations\n`,
  );
  console.table(
    profiles.map((each) => ({
      profile: each.profile,
      certificates: each.certificates,
      renewals: each.renewals,
      'inside the window': `${((each.insideWindow / each.renewals) * 100).toFixed(2)} %`,
      'orders each': (each.orders / each.certificates).toFixed(2),
      'fewest possible': (each.fewestPossible / each.certificates).toFixed(2),
      'lowest left': `${(each.lowestLeft * 100).toFixed(1)} %, ${each.lowestLeftHours.toFixed(0)} h`,
    })),
  );
}

const began = performance.now();
const all = (Object.keys(WORLDS) as (keyof typeof WORLDS)[]).flatMap(simulate);
const seconds = (performance.now() - began) / 1_000;
const asked = fleetAsked();
const fleet = asked && (await simulateYears({ certificates: sharesOf(asked), days: YEARS * 365 }));

if (process.argv.includes('--json')) console.log(JSON.stringify({ figures: all, seconds, fleet }));
else {
  console.log(`${CERTIFICATES} certificates over ${YEARS} years, hourly scans (${seconds.toFixed(1)} s):\n`);
  console.table(
    all.map((each) => ({
      world: each.world,
      lifetime: each.kind,
      certificates: each.certificates,
      renewals: each.renewals,
      'inside the window': `${(each.insideWindow * 100).toFixed(2)} %`,
      'orders each': each.ordersPerCertificate.toFixed(2),
      'fewest possible': each.fewestPossible.toFixed(2),
      'lowest left': `${each.lowestLeftPercent.toFixed(1)} %, ${each.lowestLeftHours.toFixed(0)} h`,
    })),
  );
  if (fleet) printFleet(fleet, (performance.now() - began) / 1_000 - seconds);
}
