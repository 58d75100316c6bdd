import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { fitsTag, readCertificateTags, writeCertificateTags } from '../../lambdas/core/certificate-tags.ts';
import { dueFromMetadata } from '../../lambdas/core/due.ts';
import { isIssuerPaused, readIssuerTags, writeIssuerTags } from '../../lambdas/core/issuer-tags.ts';
import { parseSettings } from '../../lambdas/core/settings.ts';
import { scan } from '../../lambdas/renewal/scan.ts';
import { waitingClock } from '../acme/waiting-clock.ts';
import { MemoryStarter } from '../fakes/memory-starter.ts';
import { MemoryVault } from '../fakes/memory-vault.ts';
import { hostileText } from './hostile-json.ts';
import { runs } from './runs.ts';
import { expectPrintable, kindOf, typed } from './typed.ts';

const VERSION = 'a'.repeat(32);
const GOOD = {
  ...writeCertificateTags({
    state: 'issued',
    version: VERSION,
    notBefore: Date.UTC(2026, 10, 1),
    notAfter: Date.UTC(2027, 0, 30),
    renewBy: Date.UTC(2026, 11, 30),
    renewAt: Date.UTC(2026, 11, 30),
    renewalInfo: 'https://127.0.0.1:1/ari',
    ariId: 'aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE',
    failures: 2,
    retryAt: Date.UTC(2026, 10, 20),
    ordered: [Date.UTC(2026, 10, 20)],
    issued: { namesId: '0123456789abcdef', at: [Date.UTC(2026, 10, 20)] },
    attempt: 3,
    acm: { 'us-east-1': { arn: 'arn:aws:acm:us-east-1:123456789012:certificate/1', serial: '0a', key: 'ecdsa-p256' } },
  }),
  'evercert:renewer': 'evercert',
};
const keys = [
  ...Object.keys(GOOD),
  ...Object.keys(writeIssuerTags({ accountUrl: 'a', accountSpec: 'b', accountKey: 'c', notBefore: 0 })),
];

/** Dates and numbers at the edge, beside any text. */
const value = fc.oneof(
  hostileText,
  fc.constantFrom('9999-12-31T23:59:59Z', '0000-01-01T00:00:00Z', '999999999', 'issued', 'renewing', 'failed', ''),
  fc.date({ noInvalidDate: false }).map((date) => JSON.stringify(date).slice(1, -1)),
  hostileText.map((text) => `0123456789abcdef 2026-11-01T00:00:00Z ${text}`),
);
const hostileTags = fc
  .array(
    fc.tuple(
      fc.oneof(
        fc.constantFrom(...keys),
        hostileText.map((text) => `evercert:acm:${text}`),
      ),
      value,
    ),
    { maxLength: 6 },
  )
  .map((changes): Readonly<Record<string, string>> => ({ ...GOOD, ...Object.fromEntries(changes) }));

describe('Hostile tags', () => {
  it('count as missing where they are nonsense, and what is read can be written and read again', () => {
    fc.assert(
      fc.property(hostileTags, (tags) => {
        const read = readCertificateTags(tags);
        const again = readCertificateTags({ ...tags, ...writeCertificateTags(read) });
        // What a tag can't hold is never in one.
        if (Object.values(tags).every(fitsTag)) expect(again).toEqual(read);
        const issuer = readIssuerTags(tags);
        expect(readIssuerTags(writeIssuerTags(issuer))).toEqual(issuer);
        expect(typeof isIssuerPaused(issuer, 0)).toBe('boolean');
      }),
      runs(),
    );
  });

  it('lead to a decision with a reason, at any time', () => {
    const now = fc.integer({ min: 0, max: 8_640_000_000_000_000 });
    const stages = fc.constantFrom<Readonly<Record<string, string>>>(
      {},
      { AWSCURRENT: VERSION },
      { AWSCURRENT: VERSION, ACME_SPEC: 'b', ACME_REVOKED: 'c' },
    );
    fc.assert(
      fc.property(hostileTags, stages, now, fc.boolean(), (tags, at, instant, force) => {
        const { action, reason } = dueFromMetadata({ tags: readCertificateTags(tags), stages: at }, instant, force);
        expect(['renew', 'inspect', 'wait']).toContain(action);
        expect(reason).not.toBe('');
      }),
      runs(),
    );
  });

  it('of one certificate never keep the scan from the others', async () => {
    const property = fc.asyncProperty(hostileTags, async (tags) => {
      const vault = new MemoryVault();
      const create = (name: string, its: Readonly<Record<string, string>>) =>
        vault.create({
          name,
          description: '',
          value: '{}',
          token: VERSION,
          tags: { ...its, 'evercert:renewer': 'evercert' },
        });
      await create('evercert/hostile', tags);
      await create('evercert/new', { 'evercert:state': 'registered' });
      const starter = new MemoryStarter();
      const log = { info: expectPrintable, warn: expectPrintable, error: expectPrintable };
      const ports = { vault, starter, clock: waitingClock(), log, id: 'run', privateCa: () => undefined };
      const outcome = await typed(() => scan({ force: false, dryRun: false }, parseSettings({}), ports));
      expect(kindOf(outcome)).toBe('a value');
      if ('value' in outcome)
        expect(outcome.value.result.certificates.find(({ name }) => name === 'new')).toMatchObject({
          decision: 'start',
        });
    });
    await fc.assert(property, runs(0.5));
  });
});
