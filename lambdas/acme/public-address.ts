import { lookup } from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';

/**
 * Not on the public Internet (IANA's special-purpose registries, RFC 6890). IPv4-mapped IPv6 addresses are checked as
 * the IPv4 address that they carry.
 */
const SPECIAL = new BlockList();
for (const [network, prefix] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
] as const) {
  SPECIAL.addSubnet(network, prefix, 'ipv4');
}
for (const [network, prefix] of [
  // Unspecified, loopback and IPv4-compatible.
  ['::', 96],
  // NAT64 of a network's own.
  ['64:ff9b:1::', 48],
  // Teredo and 6to4 carry IPv4 addresses that nothing here looks at.
  ['2001::', 32],
  ['2002::', 16],
  ['fc00::', 7],
  ['fe80::', 10],
  ['fec0::', 10],
  ['ff00::', 8],
] as const) {
  SPECIAL.addSubnet(network, prefix, 'ipv6');
}

/** RFC 6052: what a DNS64 resolver, such as a VPC's, makes of an IPv4 address. */
const NAT64 = new BlockList();
NAT64.addSubnet('64:ff9b::', 96, 'ipv6');

/** Whether the address can be reached over the public Internet: not private, loopback, link-local or multicast. */
export function isPublicAddress(address: string): boolean {
  const family = isIP(address);
  if (family === 4) return !SPECIAL.check(address, 'ipv4');
  if (family !== 6 || SPECIAL.check(address, 'ipv6')) return false;
  return !NAT64.check(address, 'ipv6') || isPublicAddress(embeddedAddress(address));
}

/** A host whose name leads into a private network: a mistake, or somebody's attempt to reach what we can reach. */
export class NotPublic extends Error {
  override readonly name = 'NotPublic';
  readonly code = 'ENOTPUBLIC';

  constructor(host: string, address: string) {
    super(
      host === address
        ? `${address} is not a public address`
        : `${host} has the address ${address}, which is not public`,
    );
  }
}

/** `dns.lookup` that fails with `NotPublic` when any of the host's addresses is not public. */
export const publicLookup: LookupFunction = (hostname, options, callback) => {
  lookup(hostname, { ...options, all: true }, (error, addresses) => {
    const refused = addresses?.find(({ address }) => !isPublicAddress(address));
    const problem = error ?? (refused && new NotPublic(hostname, refused.address));
    const [first] = addresses ?? [];
    if (problem || !first) callback(problem ?? new Error(`${hostname} has no address`), '');
    else if (options.all) callback(null, addresses);
    else callback(null, first.address, first.family);
  });
};

/** The last 32 bits, dotted: the URL parser writes every IPv6 address with them as two hexadecimal groups. */
function embeddedAddress(address: string): string {
  const groups = new URL(`http://[${address}]/`).hostname.slice(1, -1).split(':');
  const [high = 0, low = 0] = groups.slice(-2).map((group) => Number.parseInt(group || '0', 16));
  return [high >> 8, high & 0xff, low >> 8, low & 0xff].join('.');
}
