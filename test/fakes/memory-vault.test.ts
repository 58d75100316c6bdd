import { expect, it } from '@jest/globals';
import { secretVaultContract, token } from '../contracts/secret-vault.contract.ts';
import { MemoryVault } from './memory-vault.ts';

secretVaultContract('MemoryVault', async () => {
  const vault = new MemoryVault();
  return {
    vault,
    settle: async () => undefined,
    stop: async () => undefined,
  };
});

it('shows a test what is inside and what was called', async () => {
  const vault = new MemoryVault();
  await vault.create({ name: 'a', description: '', value: 'first', token: token(1), tags: {} });
  await vault.put({ id: 'a', value: 'second', token: token(2), stage: 'ACME_SPEC' });
  expect([...vault.versions('a')]).toEqual([
    [token(1), 'first'],
    [token(2), 'second'],
  ]);
  expect(vault.calls).toMatchObject({ create: 1, put: 1, read: 0 });
});
