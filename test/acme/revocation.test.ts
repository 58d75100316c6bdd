import { describe, expect, it } from '@jest/globals';
import { findAccount } from '../../lambdas/acme/account.ts';
import { changeAccountKey } from '../../lambdas/acme/account-key-change.ts';
import { createCsr } from '../../lambdas/acme/csr.ts';
import { downloadChain, finalizeOrder, placeOrder, readOrder } from '../../lambdas/acme/order.ts';
import { generatePrivateKey } from '../../lambdas/acme/private-key.ts';
import { revokeCertificate } from '../../lambdas/acme/revocation.ts';
import { type AcmeSession, openSession } from '../../lambdas/acme/session.ts';
import { type CaUnderTest, withCa } from '../sandbox/ca/with-ca.ts';
import { authorize, endpointOf, sessionAt } from './orders-at.ts';
import { startScriptedCa } from './scripted-ca.ts';
import { thrownBy } from './thrown.ts';
import { waitingClock } from './waiting-clock.ts';

const domainNames = ['leane.dev'];

async function issued(session: AcmeSession, underTest: CaUnderTest): Promise<{ certificate: string; key: string }> {
  const placed = await placeOrder(session, { domainNames });
  await authorize(session, placed, underTest);
  const key = await generatePrivateKey('ecdsa-p256');
  await finalizeOrder(session, await readOrder(session, placed.url), await createCsr(key, domainNames));
  await underTest.clock.sleep(underTest.ca.settings.processingMilliseconds);
  const { certificate } = await downloadChain(session, await readOrder(session, placed.url));
  return { certificate, key };
}

describe('revoking a certificate', () => {
  it('by the account gives the reason; again, it is no error', () =>
    withCa({}, async (underTest) => {
      const session = await sessionAt(underTest);
      const { certificate } = await issued(session, underTest);
      await revokeCertificate(session, { certificate, reason: 'superseded', signedBy: 'account' });
      expect(underTest.ca.certificates[0]?.revoked?.reason).toBe(4);
      await revokeCertificate(session, { certificate, reason: 'superseded', signedBy: 'account' });
    }));

  it('by its own key needs no account, and the key gets no certificate any more', () =>
    withCa({}, async (underTest) => {
      const session = await sessionAt(underTest);
      const { certificate, key } = await issued(session, underTest);
      const byKey = openSession(endpointOf(underTest), { accountKey: key, clock: underTest.clock });
      await revokeCertificate(byKey, { certificate, reason: 'keyCompromise', signedBy: 'key' });
      expect(underTest.ca.certificates[0]?.revoked?.reason).toBe(1);

      const again = await placeOrder(session, { domainNames });
      const csr = await createCsr(key, domainNames);
      expect(await thrownBy(() => finalizeOrder(session, again, csr))).toMatchObject({ code: 'ca-refused' });
    }));

  it('passes on in the CA’s words what it refuses', () =>
    withCa({}, async (underTest) => {
      const session = await sessionAt(underTest);
      const { certificate } = await issued(session, underTest);
      const other = await sessionAt(underTest);
      const { code, message } = await thrownBy(() =>
        revokeCertificate(other, { certificate, reason: 'superseded', signedBy: 'account' }),
      );
      expect([code, message]).toEqual(['ca-refused', expect.stringContaining('does not control all identifiers')]);
    }));
});

describe('changing an account’s key', () => {
  it('leaves the account where it is, and the old key without one', () =>
    withCa({}, async (underTest) => {
      const session = await sessionAt(underTest);
      const { accountUrl } = session.client.api;
      const accountKey = await generatePrivateKey('ecdsa-p384');
      await changeAccountKey(session, accountKey);
      const next = openSession(endpointOf(underTest), { accountKey, clock: underTest.clock });
      expect(await findAccount(next)).toBe(accountUrl);
      expect((await placeOrder(next, { domainNames })).status).toBe('pending');
      expect(await thrownBy(() => placeOrder(session, { domainNames }))).toMatchObject({ code: 'ca-refused' });
    }));

  it('finds no account under a key that has none', () =>
    withCa({}, async (underTest) => {
      const accountKey = await generatePrivateKey('ecdsa-p256');
      const session = openSession(endpointOf(underTest), { accountKey, clock: underTest.clock });
      expect(await findAccount(session)).toBeUndefined();
    }));
});

it('a CA whose directory offers neither is named', async () => {
  const ca = await startScriptedCa();
  try {
    const accountKey = await generatePrivateKey('ecdsa-p256');
    const session = openSession(ca.endpoint, {
      accountKey,
      accountUrl: ca.url('/account/1'),
      clock: waitingClock(),
    });
    expect(await thrownBy(() => changeAccountKey(session, accountKey))).toMatchObject({
      code: 'ca-refused',
      message: `${ca.host} offers no change of account keys: take keyRollover out of the issuer's settings`,
    });
    const revocation = { certificate: '', reason: 'unspecified', signedBy: 'account' } as const;
    expect(await thrownBy(() => revokeCertificate(session, revocation))).toMatchObject({
      message: `${ca.host} offers no revocation over ACME: revoke at its website`,
    });
  } finally {
    await ca.stop();
  }
});
