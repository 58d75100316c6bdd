import { describe, expect, it } from '@jest/globals';
import { checkDelegation } from '../../lambdas/renewal/dns01/check-delegation.ts';
import { MemoryDns } from '../fakes/memory-dns.ts';

const NAME = '_acme-challenge.example.com';
const PLACE = { recordName: NAME, zoneId: 'Z1', zoneName: 'example.com' };
const KNOWN = [{ zoneId: 'Z1', zoneName: 'example.com', nameServers: ['ns-1.example.net'] }];

/** The challenge's name is delegated to servers that nobody reaches; everything else can be asked. */
class DeadBelow extends MemoryDns {
  override async zoneOf(name: string) {
    return name === NAME ? { problem: `asked for the name servers of ${name}: SERVFAIL` } : super.zoneOf(name);
  }
}

it.each([
  ['is no problem by itself', 'ns-1.example.net', []],
  ['does not hide that the zone above is not the delegated one', 'ns-2.example.net', ['zone-not-delegated']],
])('a challenge’s name that seems to be delegated to servers that are down %s', async (_, server, codes) => {
  const dns = new DeadBelow();
  dns.zones.set('example.com', [server]);
  const { findings } = await checkDelegation([PLACE], KNOWN, new Set([NAME]), { dns, records: {} as never });
  expect(findings.problems.map(({ code }) => code)).toEqual(codes);
  expect(findings.notes).toEqual([
    expect.stringMatching(/_acme-challenge\.example\.com seems to be delegated .*SERVFAIL/),
  ]);
});

describe('white-label name servers', () => {
  const check = async (addresses: Readonly<Record<string, string>>, dns = new MemoryDns()) => {
    dns.zones.set('example.com', ['ns1.example.com']);
    for (const [name, address] of Object.entries(addresses)) dns.addresses.set(name, [address]);
    const { findings } = await checkDelegation([PLACE], KNOWN, new Set(), { dns, records: {} as never });
    return { codes: findings.problems.map(({ code }) => code), notes: findings.notes };
  };

  it('are those of the hosted zone when their addresses are', async () => {
    const same = { 'ns1.example.com': '192.0.2.1', 'ns-1.example.net': '192.0.2.1' };
    expect(await check(same)).toEqual({ codes: [], notes: [] });
  });

  it('are somebody else’s when they are not', async () => {
    const others = { 'ns1.example.com': '192.0.2.2', 'ns-1.example.net': '192.0.2.1' };
    expect(await check(others)).toEqual({ codes: ['zone-not-delegated'], notes: [] });
  });

  it('whose addresses nobody tells decide nothing', async () => {
    class NoAddresses extends MemoryDns {
      override addressesOf = async () => ({ problem: 'SERVFAIL' });
    }
    const { codes, notes } = await check({}, new NoAddresses());
    expect(codes).toEqual([]);
    expect(notes).toEqual([
      expect.stringMatching(/could not be checked: asked for the addresses of ns1\.example\.com: SERVF/),
    ]);
  });
});
