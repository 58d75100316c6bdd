import type { ServerState } from '../contracts/txt-lookup.contract.ts';

/** For servers on loopback that answer: no machine stands still for so long. */
export const FOR_AN_ANSWER = { timeoutMilliseconds: 5_000, attempts: 1 };

/** Where one is silent, which is waited for in full; others may answer meanwhile. */
export const FOR_SILENCE = { timeoutMilliseconds: 1_000, attempts: 1 };

/** For servers in these states. */
export function patienceWith(states: Readonly<Record<string, ServerState>>): typeof FOR_AN_ANSWER {
  return Object.values(states).includes('silent') ? FOR_SILENCE : FOR_AN_ANSWER;
}
