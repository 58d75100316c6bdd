import type { CertificateTags } from '../../lambdas/core/certificate-tags.ts';
import { dueFromMetadata } from '../../lambdas/core/due.ts';
import { DAY, HOUR, MINUTE, SECOND } from '../../lambdas/core/duration.ts';
import { suggestedRenewalWindow } from './ca/renewal-info.ts';
import { LETS_ENCRYPT_PROFILES } from './ca/settings.ts';
import { tagsOf } from './inspect.ts';
import { type Sandbox, startSandbox } from './sandbox.ts';

export interface SimulatedYears {
  /** By profile: how many certificates there are. */
  readonly certificates: Readonly<Partial<Record<Profile, number>>>;
  readonly days: number;
  /** How often the CA wants to be asked for renewal information; Let's Encrypt says six hours. */
  readonly renewalInfoRetryAfter?: number;
  /** Whether control of the names is proven beforehand: half of the work of a renewal, and nothing of its moment. */
  readonly preApproved?: boolean;
}

export type Profile = 'classic' | 'tlsserver' | 'shortlived';

export interface YearsOfProfile {
  readonly profile: Profile;
  readonly certificates: number;
  readonly renewals: number;
  /** Of the renewals, those whose order was placed inside of the window that the CA suggests for the certificate before. */
  readonly insideWindow: number;
  readonly orders: number;
  /** Orders that are needed if every renewal is ordered in the last second of its window. */
  readonly fewestPossible: number;
  /** The least of a lifetime that was ever left at a full hour of the schedule: a share, and hours. */
  readonly lowestLeft: number;
  readonly lowestLeftHours: number;
}

export interface YearsOfFleet {
  readonly profiles: readonly YearsOfProfile[];
  readonly scans: number;
  /** Hours in which the handler was not invoked, because it would have found nothing to do. */
  readonly idleHours: number;
  readonly failedAttempts: number;
}

/** The schedule's random minute. */
const SCAN_MINUTE = 23 * MINUTE;

/**
 * A fleet by the deployed `scan` and `renew`, in the sandbox, on the virtual clock, with Let's Encrypt's profiles: every hour
 * a scan, but for the hours in which the scan's own decision says of every certificate that it waits. Of those it leaves only
 * what it takes to ask the CA about each certificate, at most one in `renewalInfoRetryAfter`. Nothing fails.
 */
export async function simulateYears(options: SimulatedYears): Promise<YearsOfFleet> {
  const { certificates, days, renewalInfoRetryAfter = 6 * HOUR, preApproved = false } = options;
  const begin = Date.UTC(2026, 10, 24);
  const sandbox = await startSandbox({ zones: ['leane.dev'], now: begin });
  try {
    sandbox.ca.settings.profiles = { ...LETS_ENCRYPT_PROFILES };
    sandbox.ca.settings.renewalInfoRetryAfterSeconds = renewalInfoRetryAfter / SECOND;
    sandbox.ca.settings.preApproved = preApproved;
    await sandbox.deployIssuer();
    const fleet = (Object.keys(certificates) as Profile[]).flatMap((profile) =>
      Array.from({ length: certificates[profile] ?? 0 }, (_, index) => ({ profile, name: `${profile}-${index}` })),
    );
    for (const { profile, name } of fleet)
      await sandbox.register(name, { domainNames: [`${name}.leane.dev`], issuer: 'sandbox', profile });

    const lowest = new Map<string, number>();
    let [scans, idleHours, lastScan] = [0, 0, 0];
    // Nothing but a scan changes them.
    let known = fleet.map(({ name }) => look(sandbox, name));
    for (let hour = begin + SCAN_MINUTE; hour < begin + days * DAY; hour += HOUR) {
      for (const { name, tags } of known) {
        if (tags.notAfter !== undefined)
          lowest.set(name, Math.min(lowest.get(name) ?? Number.POSITIVE_INFINITY, tags.notAfter - hour));
      }
      const asks = hour - lastScan >= renewalInfoRetryAfter;
      if (known.every((each) => isIdle(each, hour, asks))) idleHours += 1;
      else {
        await sandbox.clock.advance(hour - sandbox.clock.now());
        scans += 1;
        lastScan = hour;
        await sandbox.scan();
        known = fleet.map(({ name }) => look(sandbox, name));
      }
    }
    await sandbox.clock.advance(begin + days * DAY - sandbox.clock.now());
    const bugs = sandbox.bugs();
    if (bugs.length > 0) throw new AggregateError(bugs, 'The sandbox has bugs.');
    const profiles = (Object.keys(certificates) as Profile[]).map((profile) => {
      const names = fleet.filter((each) => each.profile === profile).map(({ name }) => name);
      return yearsOf(profile, names, lowest, sandbox);
    });
    const failedAttempts = sandbox.lambda.invocations.filter(({ outcome }) => outcome !== 'succeeded').length;
    return { profiles, scans, idleHours, failedAttempts };
  } finally {
    await sandbox.stop();
  }
}

/** What a scan decides by. */
interface Metadata {
  readonly name: string;
  readonly tags: CertificateTags;
  readonly stages: Readonly<Record<string, string>>;
}

function look(sandbox: Sandbox, name: string): Metadata {
  const stages = sandbox.secretsManager.secret(`evercert/${name}`)?.stages ?? {};
  return { name, tags: tagsOf(sandbox, name), stages };
}

/** Whether a scan would not start this certificate's renewal nor, if it `asks`, ask the CA about it. */
function isIdle({ tags, stages }: Metadata, now: number, asks: boolean): boolean {
  if (dueFromMetadata({ tags, stages }, now).action !== 'wait') return false;
  return !asks || (tags.ariCheck ?? 0) > now;
}

function yearsOf(
  profile: Profile,
  names: readonly string[],
  lowest: ReadonlyMap<string, number>,
  { ca, clock }: Sandbox,
): YearsOfProfile {
  let [renewals, insideWindow, orders, fewestPossible] = [0, 0, 0, 0];
  for (const name of names) {
    const own = ca.orders.filter((order) => order.names.join() === `${name}.leane.dev`);
    orders += own.length;
    fewestPossible += 1 + Math.floor((clock.now() - (own[0]?.created ?? 0)) / longestLife(profile));
    for (const [index, { certificate }] of own.entries()) {
      const next = own[index + 1];
      if (!certificate || !next) continue;
      const window = suggestedRenewalWindow(certificate);
      renewals += 1;
      if (next.created >= Date.parse(window.start) && next.created < Date.parse(window.end)) insideWindow += 1;
    }
  }
  const left = Math.min(...names.map((name) => lowest.get(name) ?? 0));
  const lifetime = LETS_ENCRYPT_PROFILES[profile]?.lifetimeMilliseconds ?? 0;
  const least = { lowestLeft: left / lifetime, lowestLeftHours: left / HOUR };
  return { profile, certificates: names.length, renewals, insideWindow, orders, fewestPossible, ...least };
}

/** From the order of a certificate to the end of its window. */
function longestLife(profile: Profile): number {
  const lifetime = LETS_ENCRYPT_PROFILES[profile]?.lifetimeMilliseconds ?? 0;
  // Certificates begin an hour before they are made.
  const window = suggestedRenewalWindow({ notBefore: 0, notAfter: lifetime - SECOND });
  return Date.parse(window.end) - HOUR;
}
