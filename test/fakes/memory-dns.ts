import type { CaaRecord } from '../../lambdas/core/caa.ts';
import { canonicalName, isWithin } from '../../lambdas/core/dns-name.ts';
import type { Alias, NoAnswer, PublicDns } from '../../lambdas/renewal/ports/public-dns.ts';

/** Delegations, aliases and CAA records in memory, by canonical name. */
export class MemoryDns implements PublicDns {
  /** Zones and their name servers. */
  readonly zones = new Map<string, readonly string[]>();
  /** `*.` in front of a name makes a wildcard. */
  readonly aliases = new Map<string, string>();
  /** Of name servers. */
  readonly addresses = new Map<string, readonly string[]>();
  readonly caa = new Map<string, readonly CaaRecord[]>();
  /** Why nothing can be asked; answers come again when it is taken away. */
  problem: string | undefined;

  async zoneOf(name: string): Promise<{ zoneName: string; nameServers: readonly string[] } | NoAnswer> {
    if (this.problem !== undefined) return { problem: this.problem };
    const [zone] = [...this.zones]
      .filter(([zoneName]) => isWithin(canonicalName(name), zoneName) && !this.aliases.has(zoneName))
      .toSorted(([a], [b]) => b.length - a.length);
    if (!zone) return { problem: `no part of ${name} has name servers` };
    return { zoneName: zone[0], nameServers: zone[1] };
  }

  async addressesOf(name: string): Promise<{ addresses: readonly string[] } | NoAnswer> {
    if (this.problem !== undefined) return { problem: this.problem };
    return { addresses: this.addresses.get(canonicalName(name)) ?? [] };
  }

  async aliasOf(name: string): Promise<Alias | NoAnswer> {
    if (this.problem !== undefined) return { problem: this.problem };
    const target = this.aliases.get(canonicalName(name));
    if (target !== undefined) return { target, synthesized: false };
    const wildcard = this.aliases.get(canonicalName(name).replace(/^[^.]+/, '*'));
    if (wildcard !== undefined) return { target: wildcard, synthesized: true };
    return this.zones.has(canonicalName(name)) ? { seemsDelegated: true } : {};
  }

  async caaAt(name: string): Promise<{ records: readonly CaaRecord[] } | NoAnswer> {
    if (this.problem !== undefined) return { problem: this.problem };
    return { records: this.caa.get(canonicalName(name)) ?? [] };
  }
}
