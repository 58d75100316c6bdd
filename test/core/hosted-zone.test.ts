import { describe, expect, it } from '@jest/globals';
import { expectZoneCovers, type HostedZone, hostedZoneFor } from '../../lambdas/core/hosted-zone.ts';

const zone = (zoneId: string, zoneName: string, privateZone = false): HostedZone => ({ zoneId, zoneName, privateZone });
const ZONES = [
  zone('Z1', 'com'),
  zone('Z2', 'example.com'),
  zone('Z3', 'foo.example.com'),
  zone('Z4', 'oo.example.com'),
];

describe('hostedZoneFor', () => {
  it.each([
    ['_acme-challenge.example.com', 'Z2'],
    ['_acme-challenge.foo.example.com', 'Z3'],
    ['_acme-challenge.a.b.foo.example.com', 'Z3'],
    ['_acme-challenge.barfoo.example.com', 'Z2'],
    ['_acme-challenge.example.org.com', 'Z1'],
    ['_ACME-challenge.FOO.example.com.', 'Z3'],
  ])('finds the longest suffix of %s, label by label', (name, expected) => {
    expect(hostedZoneFor(name, ZONES).zoneId).toBe(expected);
    expect(hostedZoneFor(name, ZONES.toReversed()).zoneId).toBe(expected);
  });

  it('passes over private zones, even longer ones of the same name', () => {
    const zones = [zone('P1', 'example.com', true), ...ZONES, zone('P2', 'bar.example.com', true)];
    expect(hostedZoneFor('_acme-challenge.bar.example.com', zones).zoneId).toBe('Z2');
  });

  it('names both public zones of one name, and the setting that decides', () => {
    const zones = [...ZONES, zone('Z9', 'example.com')];
    const find = () => hostedZoneFor('_acme-challenge.www.example.com', zones);
    expect(find).toThrow(/several public hosted zones are named example\.com: Z2 and Z9\. Set dns\.hostedZoneId/);
  });

  it('does not mind two zones of a name that a longer one wins over', () => {
    const zones = [...ZONES, zone('Z9', 'example.com')];
    expect(hostedZoneFor('_acme-challenge.foo.example.com', zones).zoneId).toBe('Z3');
  });

  it('names the record and the public zones that exist when none covers it', () => {
    const find = () => hostedZoneFor('_acme-challenge.example.org', ZONES);
    expect(find).toThrow(expect.objectContaining({ code: 'no-hosted-zone', retry: 'never' }));
    expect(find).toThrow(
      'no public hosted zone of this account covers _acme-challenge.example.org. ' +
        'Public zones here: com, example.com, foo.example.com, oo.example.com. ' +
        'Create the public zone and delegate the domain to it, or run in the account that has it',
    );
  });

  it('says so when only a private zone covers the record', () => {
    const find = () => hostedZoneFor('_acme-challenge.example.com', [zone('P1', 'example.com', true)]);
    expect(find).toThrow(/; example\.com \(P1\) is private, and no CA can see it\. Public zones here: none/);
  });

  it('names twenty zones of five hundred', () => {
    const zones = Array.from({ length: 500 }, (_, index) => zone(`Z${index}`, `zone-${index}.net`));
    const find = () => hostedZoneFor('_acme-challenge.example.com', zones);
    expect(find).toThrow(/zone-0\.net, .* and 480 more\./);
  });
});

describe('expectZoneCovers', () => {
  it('accepts names in the zone', () => {
    expectZoneCovers(zone('Z1', 'example.com'), '_acme-challenge.Example.com.');
    expectZoneCovers(zone('Z1', 'example.com'), '_acme-challenge.foo.example.com');
  });

  it.each([
    ['private', zone('Z1', 'example.com', true), /Z1.*is private/],
    ['that does not cover the name', zone('Z1', 'example.org'), /Z1 \(example\.org\).*does not cover/],
  ])('refuses a zone %s', (_, pinned, message) => {
    expect(() => expectZoneCovers(pinned, '_acme-challenge.example.com')).toThrow(message);
    expect(() => expectZoneCovers(pinned, '_acme-challenge.example.com')).toThrow(
      expect.objectContaining({ code: 'no-hosted-zone' }),
    );
  });
});
