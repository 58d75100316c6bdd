import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { generatePrivateKey } from '../../lambdas/acme/private-key.ts';
import { openSession } from '../../lambdas/acme/session.ts';
import { SECOND } from '../../lambdas/core/duration.ts';
import { parseIssuerSettings } from '../../lambdas/core/issuer-settings.ts';
import { parseSettings } from '../../lambdas/core/settings.ts';
import { describeCertificate } from '../../lambdas/renewal/certificate/find-certificate.ts';
import { existingIssuer } from '../../lambdas/renewal/issuer/issuer-secret.ts';
import { registerAccount } from '../../lambdas/renewal/issuer/register-account.ts';
import type { SecretDescription } from '../../lambdas/renewal/ports/secret-vault.ts';
import { type IssuerRun, startRun } from '../../lambdas/renewal/run.ts';
import { MemoryVault } from '../fakes/memory-vault.ts';
import { VirtualClock } from '../sandbox/virtual-clock.ts';

const settings = parseSettings({});
const CERTIFICATE = 'evercert/leane.dev';
const ISSUER = 'evercert/_issuers/sandbox';
const log = { info: () => undefined, warn: () => undefined, error: () => undefined };

describe('what another function has written a moment ago, and is not shown yet,', () => {
  let clock: VirtualClock;
  let vault: MemoryVault;

  beforeEach(() => {
    clock = new VirtualClock(Date.parse('2026-11-01T00:00:00Z'));
    vault = new MemoryVault();
  });
  afterEach(() => clock.close());

  const create = (name: string, tags: Readonly<Record<string, string>> = {}) =>
    vault.create({ name, description: '', value: '{}', token: '1'.repeat(32), tags });
  const put = (id: string, value: string) => vault.put({ id, value, token: '2'.repeat(32), stage: 'ACME_SPEC' });
  /** Shows a secret's state of this moment until that many seconds have gone. */
  const showsLate = async (name: string, seconds: number) => {
    const before = await vault.describe(name);
    const describeNow = vault.describe.bind(vault);
    const end = clock.now() + seconds * SECOND;
    vault.describe = async (id): Promise<SecretDescription | undefined> => {
      const now = await describeNow(id);
      return now?.name === name && clock.now() < end ? before : now;
    };
  };
  const run = (id: string): IssuerRun => startRun({ vault, clock, log }, settings, id);
  const find = () => clock.run(() => describeCertificate('leane.dev', { vault, clock }, settings));
  const renewer = { 'evercert:renewer': 'evercert', 'evercert:state': 'registered' };

  it('is waited for: a certificate', async () => {
    await showsLate(CERTIFICATE, 2);
    await create(CERTIFICATE, renewer);
    await put(CERTIFICATE, '{}');
    expect(await find()).toMatchObject({ name: CERTIFICATE });
  });

  it('is waited for: the spec of a certificate that is registered', async () => {
    await create(CERTIFICATE, renewer);
    await showsLate(CERTIFICATE, 2);
    await put(CERTIFICATE, '{}');
    expect(await find()).toMatchObject({ stages: { ACME_SPEC: '2'.repeat(32) } });
  });

  it('is waited for no longer than four seconds', async () => {
    const before = clock.now();
    await expect(find()).rejects.toMatchObject({ code: 'unknown-certificate' });
    expect(clock.now() - before).toBeLessThan(4 * SECOND);
  });

  it('is waited for: an issuer and its settings', async () => {
    await showsLate(ISSUER, 2);
    await create(ISSUER);
    await put(ISSUER, '{}');
    const secret = await clock.run(() => existingIssuer('sandbox', run('renewal')));
    expect(secret).toMatchObject({ stages: { ACME_SPEC: '2'.repeat(32) } });
  });

  it('is somebody’s all the same: the registration of an account', async () => {
    const issuer = parseIssuerSettings({ directoryUrl: 'https://ca.invalid/directory' }, 'settings');
    await create(ISSUER);
    await put(ISSUER, '{}');
    const secret = await existingIssuer('sandbox', run('ours'));
    const accountKey = await generatePrivateKey('ecdsa-p256');
    const session = openSession(issuer, { accountKey, clock, cas: new Map() });
    const record = { name: 'sandbox', settings: issuer, secret, sessionOf: () => session, forgotten: undefined };
    const putNow = vault.put.bind(vault);
    let isTaken = true;
    vault.put = async (version) => {
      const outcome = isTaken ? 'taken' : await putNow(version);
      isTaken = false;
      return outcome;
    };
    vault.read = async () => undefined;
    const registering = clock.run(() => registerAccount(session, record, run('ours')));
    await clock.advance(10 * SECOND);
    await vault.tag(ISSUER, {
      'evercert:account-url': 'https://ca.invalid/account/1',
      'evercert:account-spec': '2'.repeat(32),
      'evercert:account-key': '1'.repeat(32),
    });
    // It has the account by now; the CA was not asked for a second one.
    expect(await registering).toBeUndefined();
  });
});
