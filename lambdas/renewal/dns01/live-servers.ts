import { underKnownNames } from '../../core/delegation.ts';
import { isNoAnswer, type NoAnswer, type PublicDns } from '../ports/public-dns.ts';

/**
 * The servers that the world asks, under the names in `known` where they are the same servers. Addresses are asked for only
 * when no name is in both.
 */
export async function liveServersAmong(
  known: readonly string[],
  live: readonly string[],
  dns: Pick<PublicDns, 'addressesOf'>,
): Promise<readonly string[] | NoAnswer> {
  if (live.some((name) => known.includes(name))) return live;
  const answers = await Promise.all(
    [...new Set([...live, ...known])].map(async (name) => ({ name, answer: await dns.addressesOf(name) })),
  );
  const found = answers.map(({ name, answer }) => [name, isNoAnswer(answer) ? [] : answer.addresses] as const);
  const servers = underKnownNames(live, known, new Map(found));
  if (servers.some((name) => known.includes(name))) return servers;
  const unknown = answers.flatMap(({ name, answer }) =>
    isNoAnswer(answer) ? [`asked for the addresses of ${name}: ${answer.problem}`] : [],
  );
  return unknown.length > 0 ? { problem: unknown.join('; ') } : servers;
}
