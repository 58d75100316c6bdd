import { describe, expect, it } from '@jest/globals';
import { delegatedAmong, judgeDelegation, underKnownNames } from '../../lambdas/core/delegation.ts';

const ZONE = { zoneId: 'Z1', zoneName: 'example.com' };
const OURS = ['ns-1.awsdns-01.com', 'ns-2.awsdns-02.net'];
const judge = (zoneName: string, nameServers: readonly string[]) =>
  judgeDelegation('_acme-challenge.www.example.com', ZONE, OURS, { zoneName, nameServers });

describe('judgeDelegation', () => {
  it('is content with the delegation set, or a part of it', () => {
    expect(judge('example.com', OURS)).toEqual({ kind: 'delegated' });
    expect(judge('example.com', OURS.slice(1))).toEqual({ kind: 'delegated' });
  });

  it.each([
    [
      'that others are asked for',
      'example.com',
      ['ns1.other.example'],
      /the world asks ns1\.other\.example, and the zone's name servers are ns-1\.awsdns-01\.com, ns-2\.awsdns-02\.net\. Set the NS records/,
    ],
    [
      'that nobody delegates',
      'com',
      ['a.gtld.example'],
      /hosted zone example\.com \(Z1\) is not delegated: .* in the zone com .*Set the NS records for example\.com/,
    ],
    [
      'out of which a deeper zone is delegated',
      'www.example.com',
      ['ns1.other.example'],
      /because www\.example\.com is a zone of its own, delegated to ns1\.other\.example/,
    ],
  ])('refuses a zone %s', (_, zoneName, nameServers, words) => {
    expect(judge(zoneName, nameServers)).toEqual({ kind: 'elsewhere', sentence: expect.stringMatching(words) });
  });

  it('says of a challenge’s own NS records what to do instead of them', () => {
    const sentence = expect.stringMatching(
      /in hosted zone example\.com \(Z1\), because NS records there delegate this very name to ns1\.other\.example, and it should have none, or .*: remove them, put a CNAME record in their place .*, or create that hosted zone/,
    );
    expect(judge('_acme-challenge.www.example.com', ['ns1.other.example'])).toEqual({ kind: 'elsewhere', sentence });
  });

  it.each([
    [
      'servers of another provider beside ours',
      ['ns1.other.example', ...OURS],
      /also delegated to ns1\.other\.example/,
    ],
    [
      'the servers of private zones',
      ['ns-0.awsdns-00.com', 'ns-512.awsdns-00.net'],
      /private zone example\.com hides the public one/,
    ],
  ])('only tells of %s', (_, nameServers, words) => {
    expect(judge('example.com', nameServers)).toEqual({ kind: 'unclear', sentence: expect.stringMatching(words) });
  });
});

describe('delegatedAmong', () => {
  const one = { zoneId: 'Z1', nameServers: OURS };
  const other = { zoneId: 'Z2', nameServers: ['ns-3.awsdns-03.org', 'ns-4.awsdns-04.co.uk'] };
  it.each([
    ['the zone whose servers are asked', other.nameServers, ['Z2']],
    ['the zone with the most of them', ['ns-1.awsdns-01.com', ...other.nameServers], ['Z2']],
    ['both when that does not decide', ['ns-1.awsdns-01.com', 'ns-3.awsdns-03.org'], ['Z1', 'Z2']],
    ['none when others are asked', ['ns1.other.example'], []],
  ])('finds %s', (_, live, expected) => {
    expect(delegatedAmong([one, other], live).map(({ zoneId }) => zoneId)).toEqual(expected);
  });
});

describe('underKnownNames', () => {
  const addresses = new Map([
    ['ns-1.awsdns-01.com', ['205.251.192.1', '2600:9000:5300:100::1']],
    ['ns-2.awsdns-02.net', ['205.251.194.2', '2600:9000:5302:200::1']],
    ['ns1.example.com', ['205.251.192.1']],
    ['ns2.example.com', ['2600:9000:5302:200::1']],
    ['ns1.other.example', ['192.0.2.1']],
  ]);
  it.each([
    ['all of them, by IPv4 or IPv6', ['ns1.example.com', 'ns2.example.com'], OURS],
    ['none of others', ['ns1.other.example'], ['ns1.other.example']],
    ['none without an address', ['ns9.example.com'], ['ns9.example.com']],
    ['some beside others', ['ns1.example.com', 'ns1.other.example'], ['ns-1.awsdns-01.com', 'ns1.other.example']],
  ])('finds %s', (_, live, expected) => {
    expect(underKnownNames(live, OURS, addresses)).toEqual(expected);
  });
});
