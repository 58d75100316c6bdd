import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { isPublicAddress, NotPublic, publicLookup } from '../../lambdas/acme/public-address.ts';

describe('a public address', () => {
  it.each(['1.1.1.1', '172.32.0.1', '100.128.0.1', '2606:4700::1111', '64:ff9b::101:101', '::ffff:1.1.1.1'])(
    '%s is one',
    (address) => {
      expect(isPublicAddress(address)).toBe(true);
    },
  );

  it.each([
    '0.0.0.0',
    '10.1.2.3',
    '100.64.0.1',
    '127.0.0.1',
    '169.254.169.254',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.1.1',
    '224.0.0.1',
    '255.255.255.255',
    '::',
    '::1',
    '::127.0.0.1',
    'fd00:ec2::254',
    'fe80::1',
    'fe80::1%eth0',
    'ff02::1',
    '::ffff:127.0.0.1',
    '::ffff:a9fe:a9fe',
    '64:ff9b::7f00:1',
    '64:ff9b::10.0.0.1',
    '64:ff9b:1::1',
    '2002:7f00:1::',
    '',
    'localhost',
    '1.1.1',
  ])('%s is none', (address) => {
    expect(isPublicAddress(address)).toBe(false);
  });

  it('is the same behind NAT64 and IPv4-mapped as plain', () => {
    fc.assert(
      fc.property(fc.ipV4(), (address) => {
        expect(isPublicAddress(`64:ff9b::${address}`)).toBe(isPublicAddress(address));
        expect(isPublicAddress(`::ffff:${address}`)).toBe(isPublicAddress(address));
      }),
    );
  });

  it('never throws, whatever it is asked about', () => {
    fc.assert(fc.property(fc.oneof(fc.string(), fc.ipV6()), (text) => [true, false].includes(isPublicAddress(text))));
  });
});

describe('the look-up of public addresses', () => {
  const look = (host: string, options: { all?: boolean }) =>
    new Promise((resolve) => publicLookup(host, options, (error, ...found) => resolve(error ?? found)));

  it.each([[{ all: true }], [{ all: false }]])('refuses a name that leads to this machine (%p)', async (options) => {
    const outcome = await look('localhost', options);
    expect(outcome).toBeInstanceOf(NotPublic);
    expect(String(outcome)).toMatch(/localhost has the address (127\.0\.0\.1|::1), which is not public/);
  });

  it('answers for an address in either shape', async () => {
    expect(await look('1.1.1.1', { all: true })).toEqual([[{ address: '1.1.1.1', family: 4 }]]);
    expect(await look('1.1.1.1', {})).toEqual(['1.1.1.1', 4]);
  });

  it('passes on that a name has no address', async () => {
    expect(await look('nowhere.invalid', { all: true })).toMatchObject({
      code: expect.stringMatching(/ENOTFOUND|EAI_AGAIN/),
    });
  });
});
