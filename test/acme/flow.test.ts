import { describe, expect, it } from '@jest/globals';
import { findOrRegisterAccount } from '../../lambdas/acme/account.ts';
import { ariIdOf } from '../../lambdas/acme/ari-id.ts';
import { createCsr } from '../../lambdas/acme/csr.ts';
import { downloadChain, finalizeOrder, placeOrder, readOrder } from '../../lambdas/acme/order.ts';
import { generatePrivateKey } from '../../lambdas/acme/private-key.ts';
import { readRenewalInfo } from '../../lambdas/acme/renewal-info.ts';
import { directoryOf, openSession } from '../../lambdas/acme/session.ts';
import { verifyPair } from '../../lambdas/acme/verify.ts';
import { type CaUnderTest, withCa } from '../sandbox/ca/with-ca.ts';
import { authorize, endpointOf } from './orders-at.ts';

const domainNames = ['leane.dev', '*.leane.dev'];

/** From an unknown key to a verified pair and its renewal information, polling once for each thing that takes time. */
async function obtain(underTest: CaUnderTest): Promise<void> {
  const { ca, clock } = underTest;
  const accountKey = await generatePrivateKey('ecdsa-p256');
  const session = openSession(endpointOf(underTest), { accountKey, clock });
  await findOrRegisterAccount(session, { email: 'ops@leane.dev' });
  const order = await placeOrder(session, { domainNames });
  expect(order).toMatchObject({ status: 'pending', domainNames: expect.arrayContaining(domainNames) });
  await authorize(session, order, underTest);
  const ready = await readOrder(session, order.url);
  expect(ready.status).toBe('ready');
  const privateKey = await generatePrivateKey('ecdsa-p384');
  const finalized = await finalizeOrder(session, ready, await createCsr(privateKey, domainNames));
  expect(finalized.status).toMatch(/processing|valid/);
  await clock.sleep(3_000);
  const valid = await readOrder(session, order.url);
  const { certificate, chain } = await downloadChain(session, valid);
  const roots = ca.roots[0]?.pem ?? '';
  verifyPair({
    certificate,
    chain,
    privateKey,
    domainNames,
    key: 'ecdsa-p384',
    trust: 'bundle',
    roots,
    now: clock.now(),
  });
  const { renewalInfo: renewalInfoUrl = '' } = await directoryOf(session);
  const endpoint = { ...endpointOf(underTest), renewalInfoUrl };
  const { start, end } = await readRenewalInfo(endpoint, ariIdOf(certificate) ?? '', { clock });
  expect(start).toBeLessThan(end);
}

describe('a certificate for an apex and its wildcard', () => {
  it('takes 14 requests, from registration to renewal information', () =>
    withCa({}, async (underTest) => {
      const { calls } = underTest;
      calls.reset();
      await obtain(underTest);
      expect(calls.by('acme')).toEqual({
        directory: 1,
        // Two authorizations are read at the same time, and the first nonces are used up by then.
        newNonce: 2,
        newAccount: 1,
        newOrder: 1,
        authorization: 2,
        challenge: 2,
        order: 2,
        finalize: 1,
        certificate: 1,
        renewalInfo: 1,
      });
    }));

  it('is issued by a CA that refuses every third nonce', () => withCa({ nonceRejection: 1 / 3 }, obtain));

  it.each([
    'directory',
    'newNonce',
    'newAccount',
    'newOrder',
    'authorization',
    'challenge',
    'order',
    'finalize',
    'certificate',
    'renewalInfo',
  ])('is issued once although the first %s fails, and the next one’s answer is lost', (resource) =>
    withCa({}, async (underTest) => {
      const operation = `acme:${resource}`;
      underTest.faults.add({
        operation,
        times: 1,
        error: { status: 500, name: 'serverInternal', message: 'try again' },
      });
      underTest.faults.add({ operation, phase: 'after', times: 1, drop: true });
      await obtain(underTest);
      expect(underTest.ca.finalizedOrders()).toHaveLength(1);
      expect(underTest.ca.certificates).toHaveLength(1);
    }),
  );
});
