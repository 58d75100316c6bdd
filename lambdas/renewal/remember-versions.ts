import type { SecretVault } from './ports/secret-vault.ts';

/**
 * The same vault, which reads each version once: versions are immutable, so what has been read stays true. For the
 * length of one run; values are never kept longer.
 */
export function rememberVersions(vault: SecretVault): SecretVault {
  const versions = new Map<string, Promise<string | undefined>>();
  return {
    list: (tag, value) => vault.list(tag, value),
    describe: (id) => vault.describe(id),
    read: async (id, versionId) => {
      const known = versions.get(versionId);
      if (known) return known;
      const reading = vault.read(id, versionId);
      versions.set(versionId, reading);
      const value = await reading.catch((error: unknown) => {
        versions.delete(versionId);
        throw error;
      });
      // Another run may write it a moment later.
      if (value === undefined) versions.delete(versionId);
      return value;
    },
    create: (secret) => vault.create(secret),
    put: async (version) => {
      const outcome = await vault.put(version);
      if (outcome === 'written') versions.set(version.token, Promise.resolve(version.value));
      return outcome;
    },
    moveStage: (move) => vault.moveStage(move),
    tag: (id, tags) => vault.tag(id, tags),
    untag: (id, keys) => vault.untag(id, keys),
    describeScheduled: (id) => vault.describeScheduled(id),
    scheduleDeletion: (id) => vault.scheduleDeletion(id),
    restore: (id) => vault.restore(id),
  };
}
