import { describe, expect, it } from '@jest/globals';
import { type CaaRecord, judgeCaa } from '../../lambdas/core/caa.ts';

const ACCOUNT = 'https://ca.example/acme/acct/1';
const record = (tag: string, value: string, flags = 0): CaaRecord => ({ flags, tag, value });
const judge = (
  records: readonly CaaRecord[],
  domainName = 'www.example.com',
  identities: readonly string[] = ['letsencrypt.org'],
) => judgeCaa({ owner: 'example.com', records }, { domainName, identities, accountUrl: ACCOUNT });

describe('judgeCaa lets the CA issue', () => {
  it('where there are no records at all', () => {
    const question = { domainName: 'example.com', identities: [], accountUrl: ACCOUNT };
    expect(judgeCaa(undefined, question)).toEqual({ kind: 'allowed' });
  });

  it.each<[string, readonly CaaRecord[], string?]>([
    ['that they name', [record('issue', 'letsencrypt.org')]],
    ['among others', [record('issue', 'digicert.com'), record('issue', 'LetsEncrypt.org')]],
    ['when they say nothing of issuance', [record('iodef', 'mailto:a@example.com')]],
    ['for a wildcard by issue alone', [record('issue', 'letsencrypt.org')], '*.example.com'],
    [
      'for a wildcard by issuewild, whatever issue says',
      [record('issue', ';'), record('issuewild', 'letsencrypt.org')],
      '*.example.com',
    ],
    ['for a name whatever issuewild says', [record('issuewild', ';')]],
    ['with this account', [record('issue', `letsencrypt.org; accounturi=${ACCOUNT}`)]],
    ['by this method', [record('issue', 'letsencrypt.org;validationmethods=http-01,dns-01')]],
    [
      'when one of its records fits',
      [record('issue', 'letsencrypt.org; validationmethods=http-01'), record('issue', 'letsencrypt.org')],
    ],
    ['with a critical property that it understands', [record('issue', 'letsencrypt.org', 128)]],
    [
      'with a property that nobody knows and that is not critical',
      [record('tbs', 'x'), record('issue', 'letsencrypt.org')],
    ],
  ])('%s', (_, records, ...[domainName]) => {
    expect(judge(records, domainName)).toEqual({ kind: 'allowed' });
  });
});

describe('judgeCaa forbids it', () => {
  it.each<[string, readonly CaaRecord[], RegExp, string?]>([
    [
      'to a CA that they do not name',
      [record('issue', 'digicert.com')],
      /let digicert\.com issue for www\.example\.com, and not this CA \(letsencrypt\.org\): add issue "letsencrypt\.org" there/,
    ],
    ['to all', [record('issue', ';')], /let no CA issue for www\.example\.com/],
    ['to all when the value can not be understood', [record('issue', '%%%')], /let no CA issue/],
    [
      'for a wildcard by issuewild, whatever issue says',
      [record('issue', 'letsencrypt.org'), record('issuewild', ';')],
      /let no CA issue for \*\.example\.com: add issuewild "letsencrypt\.org"/,
      '*.example.com',
    ],
    [
      'with another account',
      [record('issue', 'letsencrypt.org; accounturi=https://ca.example/acme/acct/2')],
      /only for the account https:\/\/ca\.example\/acme\/acct\/2: this one is https:\/\/ca\.example\/acme\/acct\/1/,
    ],
    [
      'with two accounts in one record',
      [record('issue', `letsencrypt.org; accounturi=${ACCOUNT}; accounturi=${ACCOUNT}`)],
      /only for the account/,
    ],
    [
      'by another method',
      [record('issue', 'letsencrypt.org; validationmethods=http-01')],
      /only by http-01: add dns-01 to validationmethods/,
    ],
    [
      'with a critical property that nobody knows',
      [record('tbs', 'x', 128), record('issue', 'letsencrypt.org')],
      /critical property "tbs"/,
    ],
  ])('%s', (_, records, words, ...[domainName]) => {
    const verdict = judge(records, domainName);
    expect(verdict).toMatchObject({ kind: 'forbidden', sentence: expect.stringMatching(words) });
    expect(verdict).toMatchObject({ sentence: expect.stringMatching(/^CAA records at example\.com /) });
  });
});

describe('judgeCaa can not tell', () => {
  it('when the CA does not say which names it goes by, unless nobody may issue', () => {
    expect(judge([record('issue', 'digicert.com')], 'example.com', [])).toMatchObject({ kind: 'unknown' });
    expect(judge([record('issue', ';')], 'example.com', [])).toMatchObject({ kind: 'forbidden' });
  });
});
