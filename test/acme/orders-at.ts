import { findOrRegisterAccount } from '../../lambdas/acme/account.ts';
import { answerChallenge, readAuthorization } from '../../lambdas/acme/authorization.ts';
import { recordName, recordValue } from '../../lambdas/acme/dns01.ts';
import type { AcmeEndpoint } from '../../lambdas/acme/endpoint.ts';
import type { Order } from '../../lambdas/acme/order.ts';
import { generatePrivateKey } from '../../lambdas/acme/private-key.ts';
import { type AcmeSession, openSession } from '../../lambdas/acme/session.ts';
import type { CaUnderTest } from '../sandbox/ca/with-ca.ts';

export function endpointOf({ ca }: CaUnderTest): AcmeEndpoint {
  return { directoryUrl: ca.directoryUrl, caBundle: ca.httpsRoot, allowPrivateAddresses: true };
}

/** A session with an account of its own at the sandbox's CA. */
export async function sessionAt(underTest: CaUnderTest): Promise<AcmeSession> {
  const accountKey = await generatePrivateKey('ecdsa-p256');
  const session = openSession(endpointOf(underTest), { accountKey, clock: underTest.clock });
  await findOrRegisterAccount(session);
  return session;
}

/** Proves every authorization of an order: reads it, presents the TXT values, answers, and lets the CA look. */
export async function authorize(session: AcmeSession, order: Order, { dns, clock, ca }: CaUnderTest): Promise<void> {
  const all = await Promise.all(order.authorizationUrls.map((url) => readAuthorization(session, url)));
  const pending = all.filter(({ status }) => status === 'pending');
  for (const { domainName, challenge } of pending) {
    const name = recordName(domainName);
    dns.records.set(name, [...(dns.records.get(name) ?? []), [recordValue(session, challenge?.token ?? '')]]);
  }
  await Promise.all(pending.map((authorization) => answerChallenge(session, authorization)));
  await clock.sleep(ca.settings.validationMilliseconds);
}
