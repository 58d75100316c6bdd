import { directoryOf } from '../../acme/session.ts';
import { type CaaSet, judgeCaa } from '../../core/caa.ts';
import { parentName } from '../../core/dns-name.ts';
import { baseName } from '../../core/domain-name.ts';
import type { OpenIssuer } from '../issuer/issuer.ts';
import { isNoAnswer, type NoAnswer } from '../ports/public-dns.ts';
import type { Run } from '../run.ts';
import { allFindings, type Findings, NOTHING_FOUND } from './dns-findings.ts';

/** Whether CAA records let the CA issue for each of the names, wildcards included (RFC 8659, RFC 8657). */
export async function checkCaa(
  domainNames: readonly string[],
  issuer: OpenIssuer,
  run: Pick<Run, 'dns'>,
): Promise<Findings> {
  const { accountUrl, session } = issuer;
  const { caaIdentities: identities } = (await directoryOf(session)).meta;
  const found = await Promise.all(
    domainNames.map(async (domainName): Promise<Findings> => {
      const set = await caaOf(baseName(domainName), run);
      if (set && isNoAnswer(set)) return note(`CAA records for ${domainName} could not be looked up: ${set.problem}`);
      const verdict = judgeCaa(set, { domainName, identities, accountUrl });
      if (verdict.kind === 'allowed') return NOTHING_FOUND;
      if (verdict.kind === 'unknown') return note(verdict.sentence);
      return { problems: [{ code: 'caa-forbids', sentence: verdict.sentence }], notes: [] };
    }),
  );
  return allFindings(found);
}

/** The first records on the way up, top-level domain included (RFC 8659, section 3). */
async function caaOf(name: string, { dns }: Pick<Run, 'dns'>): Promise<CaaSet | NoAnswer | undefined> {
  for (let owner = name; owner !== ''; owner = parentName(owner)) {
    const found = await dns.caaAt(owner);
    if (isNoAnswer(found)) return found;
    if (found.records.length > 0) return { owner, records: found.records };
  }
  return undefined;
}

function note(sentence: string): Findings {
  return { problems: [], notes: [sentence] };
}
