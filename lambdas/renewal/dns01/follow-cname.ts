import { isWritableName, parentName } from '../../core/dns-name.ts';
import { isNoAnswer } from '../ports/public-dns.ts';
import type { Run } from '../run.ts';

/** Longer chains are nobody's intention; resolvers give up at about as many. */
const LONGEST_CHAIN = 8;

/** Where the answer to a challenge goes. `recordName` is the challenge's own name unless CNAME records lead elsewhere. */
export type Followed =
  | {
      readonly recordName: string;
      /** It seems to be a zone of its own. */
      readonly seemsDelegated?: boolean;
      readonly note?: string;
    }
  | {
      /** Why nothing may be published. */
      readonly refused: string;
    };

/**
 * Follows the CNAME records at a challenge's name, as a CA does (RFC 8555, section 8.4), and stops where a TXT record can
 * be written. What a wildcard synthesizes is not followed: a TXT record takes its place. `follow` is the spec's
 * `dns.followCname`.
 */
export async function followCname(
  challengeName: string,
  follow: boolean,
  run: Pick<Run, 'dns' | 'settings'>,
): Promise<Followed> {
  const chain = [challengeName];
  for (;;) {
    const at = chain.at(-1) ?? challengeName;
    const zone = await run.dns.zoneOf(parentName(at));
    const alias = isNoAnswer(zone) ? zone : await run.dns.aliasOf(at, zone.zoneName);
    if (isNoAnswer(alias))
      return end(chain, run, { note: `a CNAME record at ${at} could not be looked for: ${alias.problem}` });
    const { target, synthesized, seemsDelegated } = alias;
    if (target === undefined || synthesized) return end(chain, run, seemsDelegated ? { seemsDelegated } : {});
    if (!follow) {
      return refused(
        `${at} is a CNAME record to ${target}, so that no TXT record can be there, and dns.followCname is false: delete the CNAME record, or set dns.followCname to true`,
      );
    }
    if (chain.includes(target)) {
      return refused(`the CNAME records at ${[...chain, target].join(' -> ')} go in a circle: delete one of them`);
    }
    if (chain.length > LONGEST_CHAIN) {
      return refused(
        `more than ${LONGEST_CHAIN} CNAME records follow each other from ${challengeName}: shorten the chain`,
      );
    }
    chain.push(target);
  }
}

function end(
  chain: readonly string[],
  { settings }: Pick<Run, 'settings'>,
  seen: { readonly seemsDelegated?: boolean; readonly note?: string },
): Followed {
  const recordName = chain.at(-1) ?? '';
  if (chain.length > 1 && !isWritableName(recordName, settings.cnameTargets)) {
    return refused(
      `the CNAME record at ${chain[0]} leads to ${recordName}, which evercert may not write: let it lead to a name that begins with _acme-challenge., such as _acme-challenge.${recordName}, or list ${recordName} in cnameTargets`,
    );
  }
  return { recordName, ...seen };
}

function refused(sentence: string): Followed {
  return { refused: sentence };
}
