import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { recordName, recordValue } from '../../lambdas/acme/dns01.ts';
import { openSession } from '../../lambdas/acme/session.ts';
import { readAccountKey } from '../sandbox/ca/account-key.ts';
import { txtValue } from '../sandbox/ca/raw-client.ts';
import { pemOf } from './hierarchy.ts';
import { waitingClock } from './waiting-clock.ts';

describe('the TXT record of dns-01', () => {
  it.each([
    ['leane.dev', '_acme-challenge.leane.dev'],
    ['*.leane.dev', '_acme-challenge.leane.dev'],
    ['*.a.leane.dev', '_acme-challenge.a.leane.dev'],
  ])('of %s is %s', (domainName, name) => {
    expect(recordName(domainName)).toBe(name);
  });

  it.each([
    ['ECDSA', () => generateKeyPairSync('ec', { namedCurve: 'P-256' })],
    ['RSA', () => generateKeyPairSync('rsa', { modulusLength: 2048 })],
  ])('holds the digest of the key authorization, with an %s account key', (_type, generate) => {
    const { privateKey, publicKey } = generate();
    const options = { accountKey: pemOf(privateKey, 'pkcs8'), clock: waitingClock() };
    const session = openSession({ directoryUrl: 'https://ca.example/directory' }, options);
    const { thumbprint } = readAccountKey(publicKey.export({ format: 'jwk' }));
    expect(recordValue(session, 'token-1')).toBe(txtValue('token-1', thumbprint));
    expect(recordValue(session, 'token-1')).toMatch(/^[\w-]{43}$/);
  });
});
