import { describe, expect, it } from '@jest/globals';
import { parseCertificateSpec } from '../../lambdas/core/certificate-spec.ts';
import type { CertificateTags } from '../../lambdas/core/certificate-tags.ts';
import { dueFromMetadata, dueFromValue, type LivePair, renewalTime } from '../../lambdas/core/due.ts';
import { DAY, HOUR, MINUTE } from '../../lambdas/core/duration.ts';

const issuedAt = Date.parse('2026-11-01T00:00:00Z');
const expires = issuedAt + 90 * DAY;
const dueAt = issuedAt + 60 * DAY;

describe('dueFromMetadata', () => {
  const stages = { AWSCURRENT: 'v1', ACME_SPEC: 's1' };
  const issued: CertificateTags = {
    state: 'issued',
    version: 'v1',
    spec: 's1',
    notBefore: issuedAt,
    notAfter: expires,
    renewBy: dueAt,
    renewAt: dueAt,
    acm: {},
  };
  const decide = (changes: Partial<CertificateTags>, now: number, force = false) =>
    dueFromMetadata({ tags: { ...issued, ...changes }, stages }, now, force);

  it('waits until the moment of renewal and renews from it on', () => {
    expect(decide({}, dueAt - 1)).toEqual({ action: 'wait', reason: 'renews at 2026-12-31T00:00:00.000Z' });
    expect(decide({}, dueAt).action).toBe('renew');
  });

  it('renews when forced, also in back-off', () => {
    expect(decide({}, issuedAt, true).action).toBe('renew');
    expect(decide({ state: 'failed', retryAt: dueAt }, issuedAt, true).action).toBe('renew');
  });

  it('leaves a certificate alone while a run owns it, forced or not, until the lease has run out', () => {
    const running = { state: 'renewing', lease: dueAt + 15 * MINUTE } as const;
    expect(decide(running, dueAt, true).action).toBe('wait');
    expect(decide(running, dueAt + 15 * MINUTE).action).toBe('renew');
  });

  it('waits out a back-off, a minute before its end too, and not a minute longer', () => {
    const failed = { state: 'failed', failure: 'challenge-failed', failures: 1, retryAt: dueAt + HOUR } as const;
    expect(decide(failed, dueAt + 59 * MINUTE)).toEqual({
      action: 'wait',
      reason: 'in back-off after 1 failures (challenge-failed) until 2026-12-31T01:00:00.000Z',
    });
    expect(decide(failed, dueAt + 61 * MINUTE).action).toBe('renew');
  });

  it('does not try again by itself while the CA has paused the account', () => {
    const paused = { state: 'failed', failure: 'account-paused', failures: 1 } as const;
    expect(decide(paused, dueAt + 30 * DAY)).toEqual({ action: 'wait', reason: expect.stringContaining('paused') });
    expect(decide(paused, dueAt, true).action).toBe('renew');
    expect(decide({ ...paused, spec: 's0' }, dueAt).action).toBe('inspect');
    // Another issuer of the spec may do by then.
    expect(decide({ ...paused, retryAt: dueAt }, dueAt + MINUTE).action).toBe('renew');
  });

  it('has it looked up where the CA answers renewal information, when its time has come and nothing else is to be done', () => {
    const asked = { ariId: 'a.b', ariCheck: dueAt - 2 * DAY } as const;
    const inspected = { action: 'inspect', reason: expect.stringContaining('renewal information') };
    expect(decide(asked, dueAt - 2 * DAY)).toEqual(inspected);
    expect(decide(asked, dueAt - 2 * DAY - 1).action).toBe('wait');
    expect(decide({ ...asked, renewalInfo: 'https://ca.example/info' }, dueAt - DAY).action).toBe('wait');
    expect(decide({ ariCheck: 0 }, dueAt - DAY).action).toBe('wait');
    expect(decide(asked, dueAt).action).toBe('renew');
  });

  it('does not let a changed spec wait for the back-off of the old one', () => {
    expect(decide({ state: 'failed', retryAt: dueAt, spec: 's0' }, issuedAt).action).toBe('inspect');
  });

  it.each([
    // base64url of 00 f1 02, the contents of an INTEGER.
    ['mIAJNQ.APEC', 'f102', 'wait'],
    ['mIAJNQ.APEC', 'F102', 'wait'],
    ['mIAJNQ.AQ', '01', 'wait'],
    ['mIAJNQ.APED', 'f102', 'inspect'],
    ['what somebody wrote', 'f102', 'inspect'],
  ])(
    'has the values inspected when renewal information is that of another certificate: %s of %s',
    (ariId, serial, action) => {
      expect(decide({ ariId, serial, renewalInfo: 'https://ca.example/info' }, issuedAt).action).toBe(action);
    },
  );

  it('has the values inspected when the live version is not the one that the tags describe', () => {
    expect(decide({ version: 'v0' }, issuedAt)).toEqual({
      action: 'inspect',
      reason: 'the live version is not the one that the tags describe',
    });
  });

  it.each([
    ['no tags at all', { state: undefined, version: undefined, spec: undefined }],
    ['a state that nobody knows', { state: undefined }],
    ['no validity', { notAfter: undefined }],
  ])('has the values inspected when there is %s', (_what, changes) => {
    expect(
      dueFromMetadata({ tags: { ...issued, ...(changes as object) }, stages: { AWSCURRENT: 'v1' } }, issuedAt).action,
    ).toBe('inspect');
  });

  it('renews what has never been issued', () => {
    expect(decide({ state: 'registered' }, issuedAt).action).toBe('renew');
  });
});

describe('dueFromValue', () => {
  const spec = parseCertificateSpec({
    domainNames: ['leane.dev', '*.leane.dev'],
    issuer: 'letsencrypt',
    acm: ['us-east-1'],
  });
  const live: LivePair = {
    kind: 'pair',
    domainNames: ['*.leane.dev', 'leane.dev'],
    keyType: 'ecdsa-p256',
    serialNumber: '0aff',
    notBefore: issuedAt,
    notAfter: expires,
    directoryUrl: 'https://ca.example/directory',
  };
  const imports = {
    'us-east-1': { arn: 'arn:aws:acm:us-east-1:1:certificate/a', serial: '0aff', key: 'ecdsa-p256' },
  } as const;
  const context = { now: issuedAt, force: false, directoryUrls: ['https://ca.example/directory'], imports };

  it('waits for a pair that is what the spec wants', () => {
    expect(dueFromValue(live, spec, context)).toEqual({ action: 'wait', reason: 'renews at 2026-12-31T00:00:00.000Z' });
  });

  it.each([
    ['the names', { domainNames: ['leane.dev'] }, 'its names are leane.dev; the spec says leane.dev, *.leane.dev'],
    ['the key type', { keyType: 'rsa-2048' }, 'its key is rsa-2048; the spec says ecdsa-p256'],
    [
      'the issuer',
      { directoryUrl: 'https://other.example/' },
      'it was issued by https://other.example/; the spec says issuer letsencrypt',
    ],
  ] as const)('renews when %s differs', (_what, changes, reason) => {
    expect(dueFromValue({ ...live, ...changes }, spec, context)).toEqual({ action: 'renew', reason });
  });

  it('renews for another profile, where the value says which one it has', () => {
    const short = parseCertificateSpec({ ...spec, profile: 'shortlived' });
    expect(dueFromValue(live, short, context)).toEqual({
      action: 'renew',
      reason: "its profile is the CA's default; the spec says shortlived",
    });
    expect(dueFromValue({ ...live, profile: 'shortlived' }, short, context).action).toBe('wait');
    expect(dueFromValue({ ...live, profile: 'shortlived' }, spec, context).action).toBe('renew');
    expect(dueFromValue({ ...live, directoryUrl: undefined }, short, context).action).toBe('wait');
  });

  it('keeps a certificate of a fallback issuer of the spec', () => {
    const directoryUrls = ['https://first.example/', 'https://ca.example/directory'];
    expect(dueFromValue(live, spec, { ...context, directoryUrls }).action).toBe('wait');
  });

  it('renews a missing, a corrupt and a mismatched pair', () => {
    expect(dueFromValue({ kind: 'none' }, spec, context).action).toBe('renew');
    const broken = { kind: 'broken', problem: 'the private key does not belong to the certificate' } as const;
    expect(dueFromValue(broken, spec, context)).toEqual({ action: 'renew', reason: broken.problem });
  });

  it('publishes alone when a region lacks the live pair', () => {
    expect(dueFromValue(live, spec, { ...context, imports: {} })).toEqual({
      action: 'publish',
      reason: 'ACM in us-east-1 does not have serial number 0aff yet',
    });
  });

  it('renews at once when the CA moves the window into the past', () => {
    expect(dueFromValue(live, spec, { ...context, now: issuedAt + DAY, suggested: issuedAt + HOUR }).action).toBe(
      'renew',
    );
  });
});

describe('renewalTime', () => {
  const validity = { notBefore: issuedAt, notAfter: expires };

  it('follows the CA earlier and later, but never beyond a sixth of the lifetime', () => {
    expect(renewalTime(validity, dueAt, dueAt - DAY)).toBe(dueAt - DAY);
    expect(renewalTime(validity, dueAt, dueAt + DAY)).toBe(dueAt + DAY);
    expect(renewalTime(validity, dueAt, expires)).toBe(issuedAt + 75 * DAY);
  });

  it('takes the earlier of the CA and the renewBefore of the spec', () => {
    const byRenewBefore = issuedAt + 30 * DAY;
    expect(renewalTime(validity, byRenewBefore, dueAt)).toBe(byRenewBefore);
    expect(renewalTime(validity, byRenewBefore, issuedAt)).toBe(issuedAt);
  });
});
