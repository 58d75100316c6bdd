import { describe, expect, it } from '@jest/globals';
import { type ServerState, txtLookupContract } from '../contracts/txt-lookup.contract.ts';
import { MemoryLookup, type MemoryServer } from './memory-lookup.ts';

const answering =
  (state: ServerState): MemoryServer =>
  () => {
    if (typeof state === 'object') return state.records;
    if (state === 'no such name' || state === 'no such record') return [];
    throw new Error(state);
  };

txtLookupContract('MemoryLookup', async (servers) => ({
  lookup: new MemoryLookup(
    Object.fromEntries(Object.entries(servers).map(([name, state]) => [name, answering(state)])),
  ),
  stop: async () => undefined,
}));

describe('MemoryLookup', () => {
  it('gives scripted answers first, in their order', async () => {
    const lookup = new MemoryLookup({ 'ns-1.example.net': () => [['c']] });
    lookup.script('_acme-challenge.example.com', [{ server: 'ns-1.example.net', values: ['a'] }], []);
    const looks = [];
    for (const recordName of ['_acme-challenge.example.com', '_acme-challenge.www.example.com']) {
      for (let look = 0; look < 3; look += 1) looks.push(await lookup.look({ recordName }));
    }
    const served = [{ server: 'ns-1.example.net', values: ['c'] }];
    expect(looks).toEqual([[{ server: 'ns-1.example.net', values: ['a'] }], [], served, served, served, served]);
    expect(lookup.looks).toHaveLength(6);
  });
});
