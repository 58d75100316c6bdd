import { expect, it } from '@jest/globals';
import { writeCertificateTags } from '../../lambdas/core/certificate-tags.ts';
import { DAY } from '../../lambdas/core/duration.ts';
import { parseSettings } from '../../lambdas/core/settings.ts';
import { scan } from '../../lambdas/renewal/scan.ts';
import { MemoryStarter } from '../fakes/memory-starter.ts';
import { MemoryVault } from '../fakes/memory-vault.ts';

it('starts first what ends first, then what serves nobody yet, because not all may fit into one scan', async () => {
  const vault = new MemoryVault();
  const starter = new MemoryStarter();
  const now = Date.UTC(2026, 10, 27);
  const endsIn = { new: undefined, later: 20 * DAY, waits: 80 * DAY, soon: 2 * DAY, over: -DAY };
  for (const [name, left] of Object.entries(endsIn)) {
    const token = `00000000-0000-4000-8000-${name.padStart(12, '0')}`;
    const notAfter = left === undefined ? undefined : now + left;
    const issued = notAfter !== undefined && {
      state: 'issued' as const,
      version: token,
      notBefore: notAfter - 90 * DAY,
      notAfter,
      renewBy: notAfter - 30 * DAY,
      renewAt: notAfter - 30 * DAY,
    };
    const tags = writeCertificateTags(issued || { state: 'registered' });
    await vault.create({
      name: `evercert/${name}`,
      description: '',
      value: '{}',
      token,
      tags: { ...tags, 'evercert:renewer': 'evercert' },
    });
  }
  const log = { info: () => undefined, warn: () => undefined, error: () => undefined };
  const clock = { now: () => now, sleep: async () => undefined };
  const ports = { vault, starter, clock, log, id: 'scan', privateCa: () => undefined };
  await scan({ force: false, dryRun: false }, parseSettings({ startsPerMinute: 6_000 }), ports);
  const started = starter.started.map(({ event }) => /evercert\/(\w+)/.exec(event.certificate)?.[1]);
  expect(started).toEqual(['over', 'soon', 'later', 'new']);
});
