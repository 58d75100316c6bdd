import { recordName } from '../../acme/dns01.ts';
import { isRenewalFailure } from '../../core/failure.ts';
import type { Attempt } from '../attempt.ts';
import { knownPending } from '../claim/claim.ts';
import type { FoundZone } from '../claim/pending.ts';
import type { OpenIssuer } from '../issuer/issuer.ts';
import type { Run } from '../run.ts';
import { checkCaa } from './check-caa.ts';
import { checkDelegation } from './check-delegation.ts';
import { allFindings, expectNoProblem, type Findings } from './dns-findings.ts';
import { followCname } from './follow-cname.ts';
import { type ChallengePlace, locatePlaces, type Target } from './locate-places.ts';

/** Where a certificate's challenges are answered. Plain data: it crosses steps. */
export interface DnsPlan {
  readonly places: readonly ChallengePlace[];
  /** The zones of the places. */
  readonly zones: readonly FoundZone[];
}

/**
 * Finds the zone of every challenge and checks what would make a CA refuse, before it is asked: CNAME records, delegation,
 * CAA. A CA counts failures, and these can be known. Throws with one sentence for each check that failed; what could not be
 * checked is logged and decides nothing.
 *
 * Zones that the last attempt found are tried first. If a check then fails they may be out of date, and the zones are looked
 * for anew.
 */
export async function checkDns(attempt: Attempt, issuer: OpenIssuer, run: Run): Promise<DnsPlan> {
  const { zones: known } = await knownPending(attempt.claim, run);
  const { targets, ...aliases } = await followAll(attempt, run);
  expectNoProblem(aliases);
  const [caa, placed] = await Promise.all([
    checkCaa(attempt.spec.domainNames, issuer, run),
    placeAll(targets, known, attempt, run),
  ]);
  const all = allFindings([aliases, placed.findings, caa]);
  for (const note of all.notes) run.log.warn(note, { certificate: attempt.name });
  expectNoProblem(all);
  return placed.plan;
}

async function followAll(attempt: Attempt, run: Run): Promise<Findings & { readonly targets: readonly Target[] }> {
  const { domainNames, dns } = attempt.spec;
  const challengeNames = [...new Set(domainNames.map(recordName))];
  const followed = await Promise.all(
    challengeNames.map(async (challengeName) => ({
      challengeName,
      ...(await followCname(challengeName, dns.followCname ?? true, run)),
    })),
  );
  return {
    targets: followed.flatMap((each) => ('refused' in each ? [] : each)),
    ...allFindings(
      followed.map((each) =>
        'refused' in each
          ? { problems: [{ code: 'cname-refused', sentence: each.refused }], notes: [] }
          : { problems: [], notes: each.note === undefined ? [] : [each.note] },
      ),
    ),
  };
}

async function placeAll(
  targets: readonly Target[],
  known: readonly FoundZone[],
  attempt: Attempt,
  run: Run,
): Promise<{ readonly plan: DnsPlan; readonly findings: Findings }> {
  const places = await locatePlaces(targets, known, attempt, run);
  const delegated = new Set(targets.filter((target) => target.seemsDelegated).map(({ recordName }) => recordName));
  const { zones, findings } = await checkDelegation(places, known, delegated, run);
  if (findings.problems.length > 0 && known.length > 0) return placeAll(targets, [], attempt, run);
  return { plan: { places, zones }, findings };
}

/**
 * Whether a check that failed may be left to the CA: where accounts are bound to something outside of ACME, names may have
 * been approved in advance (AWS Certificate Manager's endpoint does that), and no challenge ever has to be answered.
 */
export function mayBeApproved(error: unknown, externalAccountRequired: boolean): boolean {
  return externalAccountRequired && isRenewalFailure(error) && error.code === 'no-hosted-zone';
}
