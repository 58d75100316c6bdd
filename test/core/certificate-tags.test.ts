import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  type CertificateTags,
  fitsTag,
  readCertificateTags,
  writeCertificateTags,
} from '../../lambdas/core/certificate-tags.ts';

const all: CertificateTags = {
  state: 'failed',
  version: 'v1',
  spec: 's1',
  serial: '0aff',
  notBefore: 1_000,
  notAfter: 2_000,
  renewBy: 3_000,
  renewAt: 4_000,
  trust: 'bundle',
  issuer: 'letsencrypt',
  renewalInfo: 'https://ca.example/renewal-info',
  ariId: 'aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE',
  ariCheck: 5_000,
  failures: 3,
  failure: 'challenge-failed',
  retryAt: 6_000,
  attempt: 4,
  lease: 7_000,
  order: 'https://ca.example/order/1',
  ordered: [8_000, 9_000],
  issued: {
    namesId: '0123456789abcdef',
    at: Array.from({ length: 8 }, (_, index) => Date.UTC(2026, 0, index + 1) + 1),
  },
  limited: 'letsencrypt 2026-01-01T00:00:00.000Z 0123456789abcdef',
  claimEnded: 'c1',
  cleaned: 'c1',
  stack: 'arn:aws:cloudformation:us-east-1:123456789012:stack/web/1',
  acm: { 'us-east-1': { arn: 'arn:aws:acm:us-east-1:123456789012:certificate/1', serial: '0aff', key: 'rsa-2048' } },
};

describe('certificate tags', () => {
  it('come back as they were written', () => {
    expect(readCertificateTags(writeCertificateTags(all))).toEqual(all);
  });

  it('say of issuances for which names they were, or nothing', () => {
    const at = Date.UTC(2026, 0, 1);
    const read = (value: string) => readCertificateTags({ 'evercert:issued': value }).issued;
    expect(read('0123456789abcdef 2026-01-01T00:00:00Z junk')).toEqual({ namesId: '0123456789abcdef', at: [at] });
    for (const value of ['2026-01-01T00:00:00Z 2026-01-02T00:00:00Z', '0123456789abcdef', '']) {
      expect(read(value)).toBeUndefined();
    }
  });

  it('hold only what Secrets Manager takes', () => {
    for (const value of Object.values(writeCertificateTags(all))) expect(fitsTag(value)).toBe(true);
  });

  it('are emptied by undefined, because removing a tag is another call', () => {
    expect(writeCertificateTags({ failure: undefined })).toEqual({ 'evercert:failure': '' });
    expect(readCertificateTags({ 'evercert:failure': '' })).toEqual({ acm: {} });
  });

  it('leave out what a tag can not hold', () => {
    expect(writeCertificateTags({ order: 'https://ca.example/order?id=1' })).toEqual({ 'evercert:order': '' });
  });

  it('never make reading fail, whatever somebody wrote into them', () => {
    const keys = Object.keys(writeCertificateTags(all));
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom(...keys, 'evercert:acm:', 'Name'), fc.string()), (tags) => {
        const read = readCertificateTags(tags);
        expect(
          readCertificateTags(writeCertificateTags(read as Parameters<typeof writeCertificateTags>[0])),
        ).toBeDefined();
      }),
    );
  });
});
