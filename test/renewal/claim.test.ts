import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { parseCertificateSpec } from '../../lambdas/core/certificate-spec.ts';
import { MINUTE } from '../../lambdas/core/duration.ts';
import { parseSettings } from '../../lambdas/core/settings.ts';
import { describeCertificate } from '../../lambdas/renewal/certificate/find-certificate.ts';
import { readManagedCertificate } from '../../lambdas/renewal/certificate/managed-certificate.ts';
import { writeSpec } from '../../lambdas/renewal/certificate/write-spec.ts';
import { type Claim, claimAttempt, expectTime, ownPending, updatePending } from '../../lambdas/renewal/claim/claim.ts';
import type { SecretVault } from '../../lambdas/renewal/ports/secret-vault.ts';
import { type RenewalPorts, type Run, startRun } from '../../lambdas/renewal/run.ts';
import { MemoryDns } from '../fakes/memory-dns.ts';
import { MemoryLookup } from '../fakes/memory-lookup.ts';
import { MemoryRecords } from '../fakes/memory-records.ts';
import { MemoryTargets } from '../fakes/memory-targets.ts';
import { MemoryVault } from '../fakes/memory-vault.ts';
import { VirtualClock } from '../sandbox/virtual-clock.ts';

const settings = parseSettings({});
const spec = parseCertificateSpec({ domainNames: ['leane.dev', '*.leane.dev'], issuer: 'letsencrypt' });
const silent = { info: () => undefined, warn: () => undefined, error: () => undefined };

describe('a claim', () => {
  let clock: VirtualClock;
  let vault: SecretVault;

  beforeEach(async () => {
    clock = new VirtualClock(Date.parse('2026-11-01T00:00:00Z'));
    vault = new MemoryVault();
    await writeSpec('leane.dev', spec, { vault, clock }, settings);
  });

  afterEach(() => clock.close());

  const run = (id: string): Run => {
    const ports: RenewalPorts = {
      vault,
      records: new MemoryRecords(),
      lookup: new MemoryLookup({}),
      dns: new MemoryDns(),
      targets: new MemoryTargets(),
      clock,
      log: silent,
    };
    return startRun(ports, settings, id);
  };
  const readCertificate = async () =>
    readManagedCertificate(await describeCertificate('leane.dev', { vault, clock }, settings), vault, settings);
  const claim = async (by: Run) => claimAttempt(await readCertificate(), 'renew', by);
  const expectClaim = async (by: Run): Promise<Claim> => {
    const outcome = await claim(by);
    if (outcome.kind !== 'claimed') throw new Error('the claim is not free');
    return outcome.claim;
  };
  const endClaim = ({ arn, token }: Claim) => vault.tag(arn, { 'evercert:claim-ended': token });

  it('goes to one of twenty who want it at the same moment; the others learn until when', async () => {
    const outcomes = await Promise.all(Array.from({ length: 20 }, (_, index) => claim(run(`run-${index}`))));
    expect(outcomes.filter(({ kind }) => kind === 'claimed')).toHaveLength(1);
    expect(outcomes.filter(({ kind }) => kind === 'busy')).toEqual(
      Array(19).fill({ kind: 'busy', until: clock.now() + 15 * MINUTE }),
    );
  });

  it('is nobody else’s although who owns it can not be read yet', async () => {
    const certificate = await readCertificate();
    const { token } = await expectClaim(run('a'));
    const read = vault.read.bind(vault);
    vault.read = async (id, version) => (version === token ? undefined : read(id, version));
    expect(await claimAttempt(certificate, 'renew', run('b'))).toMatchObject({ kind: 'busy' });
    expect((await vault.describe('evercert/leane.dev'))?.stages['ACME_PENDING']).toBe(token);
  });

  it('is looked at again before it is lost: another process may have claimed a moment ago', async () => {
    const ours = await expectClaim(run('a'));
    const now = vault.describe.bind(vault);
    let looks = 0;
    vault.describe = async (id) => {
      looks += 1;
      const secret = await now(id);
      return secret && looks < 3 ? { ...secret, stages: { ...secret.stages, ACME_PENDING: 'before' } } : secret;
    };
    expect(await clock.run(() => ownPending(ours, run('a')))).toMatchObject({ claim: ours.token });
  });

  it('has a private key before anything else happens', async () => {
    const ours = await expectClaim(run('a'));
    expect(await ownPending(ours, run('a'))).toMatchObject({
      privateKey: expect.stringContaining('PRIVATE KEY'),
      key: 'ecdsa-p256',
    });
  });

  it('is the same claim for a run that comes back under its own name', async () => {
    const first = await expectClaim(run('a'));
    expect(await expectClaim(run('a'))).toEqual(first);
  });

  it('is free again when its run has written down its end, and goes on with the same key and order', async () => {
    const first = await expectClaim(run('a'));
    const order = {
      url: 'https://ca.example/order/1',
      directoryUrl: 'https://ca.example/d',
      accountUrl: 'https://ca.example/a',
    };
    await updatePending(first, { order }, run('a'));
    const { privateKey } = await ownPending(first, run('a'));
    await endClaim(first);

    const second = await expectClaim(run('b'));
    expect(second).toMatchObject({ attempt: 2, generation: first.generation, resumes: true });
    expect(await ownPending(second, run('b'))).toMatchObject({ privateKey, order });
  });

  it('is taken over when its lease has run out, not a moment earlier', async () => {
    await expectClaim(run('a'));
    await clock.advance(15 * MINUTE - 1);
    expect((await claim(run('b'))).kind).toBe('busy');
    await clock.advance(1);
    expect((await claim(run('b'))).kind).toBe('claimed');
  });

  it('remembers the TXT values of the attempt before, until they are known to be gone', async () => {
    const records = [{ recordName: '_acme-challenge.leane.dev', zoneId: 'Z1', zoneName: 'leane.dev', values: ['x'] }];
    const first = await expectClaim(run('a'));
    await updatePending(first, { records }, run('a'));
    await endClaim(first);
    const second = await expectClaim(run('b'));
    expect(await ownPending(second, run('b'))).toMatchObject({ records: [], leftovers: records });
    await endClaim(second);
    await vault.tag(second.arn, { 'evercert:cleaned': second.token });
    const third = await expectClaim(run('c'));
    expect(await ownPending(third, run('c'))).toMatchObject({ leftovers: [] });
  });

  it('does not go on with the order of another live version, nor with its key', async () => {
    const first = await expectClaim(run('a'));
    const before = await ownPending(first, run('a'));
    await endClaim(first);
    await vault.put({ id: first.arn, value: '{"note":"by hand"}', token: 'h'.repeat(32), stage: 'AWSCURRENT' });
    const second = await expectClaim(run('b'));
    expect(second).toMatchObject({ attempt: 1, resumes: false });
    expect((await ownPending(second, run('b'))).privateKey).not.toBe(before.privateKey);
  });

  it('is free when a live version comes back whose claim has ended a moment ago', async () => {
    const first = await expectClaim(run('a'));
    await vault.put({ id: first.arn, value: '{"note":"new"}', token: 'n'.repeat(32), stage: 'AWSCURRENT' });
    await endClaim(first);
    const second = await expectClaim(run('b'));
    const back = { id: first.arn, stage: 'AWSCURRENT', to: first.generation, from: second.generation };
    expect(await vault.moveStage(back)).toBe('moved');
    await endClaim(second);
    const third = await expectClaim(run('c'));
    expect(third).toMatchObject({ generation: first.generation, resumes: false });
    expect((await claim(run('d'))).kind).toBe('busy');
  });

  it('does not go on with an order whose certificate was rejected', async () => {
    const first = await expectClaim(run('a'));
    await endClaim(first);
    await vault.tag(first.arn, { 'evercert:failure': 'certificate-rejected' });
    expect(await expectClaim(run('b'))).toMatchObject({ attempt: 2, resumes: false });
  });

  it('is lost, and says so, when another run has taken over or the secret has got another value', async () => {
    const first = await expectClaim(run('a'));
    await vault.put({ id: first.arn, value: '{"note":"by hand"}', token: 'h'.repeat(32), stage: 'AWSCURRENT' });
    await expect(ownPending(first, run('a'))).rejects.toMatchObject({ code: 'claim-lost' });
    await endClaim(first);
    await expectClaim(run('b'));
    await expect(updatePending(first, { records: [] }, run('a'))).rejects.toMatchObject({ code: 'claim-lost' });
  });

  it('takes back what it stored about an order', async () => {
    const ours = await expectClaim(run('a'));
    const order = {
      url: 'https://ca.example/order/1',
      directoryUrl: 'https://ca.example/',
      accountUrl: 'https://ca.example/1',
    };
    for (const each of [order, undefined, order, undefined]) {
      await updatePending(ours, { order: each }, run('a'));
      expect((await ownPending(ours, run('a'))).order).toEqual(each);
    }
  });

  it('ends two minutes before its lease for the one who owns it', async () => {
    const ours = await expectClaim(run('a'));
    await clock.advance(13 * MINUTE - 1);
    expect(() => expectTime(ours, run('a'))).not.toThrow();
    await clock.advance(1);
    expect(() => expectTime(ours, run('a'))).toThrow(expect.objectContaining({ code: 'attempt-timeout' }));
  });

  it('passes over a pending version that it can not read', async () => {
    const { arn } = await describeCertificate('leane.dev', { vault, clock }, settings);
    await vault.put({ id: arn, value: '{"note":"by hand"}', token: 'n'.repeat(32), stage: 'ACME_PENDING' });
    expect((await claim(run('a'))).kind).toBe('claimed');
  });

  it('of another version is respected until its lease has run out, and says so', async () => {
    const { arn } = await describeCertificate('leane.dev', { vault, clock }, settings);
    const leaseUntil = clock.now() + 15 * MINUTE;
    const theirs = JSON.stringify({
      schema: 2,
      leaseUntil,
      next: { key: 'of a kind that this version does not know' },
    });
    await vault.put({ id: arn, value: theirs, token: 'n'.repeat(32), stage: 'ACME_PENDING' });
    await expect(claim(run('a'))).rejects.toMatchObject({
      code: 'other-version',
      message: expect.stringContaining(new Date(leaseUntil).toISOString()),
    });
    await clock.advance(15 * MINUTE);
    expect((await claim(run('a'))).kind).toBe('claimed');
  });
});
