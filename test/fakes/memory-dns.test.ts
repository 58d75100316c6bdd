import { publicDnsContract } from '../contracts/public-dns.contract.ts';
import { MemoryDns } from './memory-dns.ts';

publicDnsContract('MemoryDns', async () => {
  const dns = new MemoryDns();
  return {
    client: () => dns,
    createZone: (name, nameServers) => void dns.zones.set(name, nameServers),
    alias: (name, target) => void dns.aliases.set(name, target),
    // Beside zones and aliases, nothing at a name is of interest here.
    txt: () => undefined,
    caa: (name, flags, tag, value) => void dns.caa.set(name, [{ flags, tag, value }]),
    address: (name, address) => void dns.addresses.set(name, [address]),
    fail: () => {
      dns.problem = 'REFUSED';
    },
    stop: async () => undefined,
  };
});
