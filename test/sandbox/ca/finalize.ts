import { HOUR } from '../../../lambdas/core/duration.ts';
import { type AccountRequest, type Authority, type CaAnswer, retryAfter, wholeSeconds } from './authority.ts';
import { type CertificateRequest, readCertificateRequest } from './certificate-request.ts';
import { createSerial, issueChains } from './issuance.ts';
import { digestOfKey } from './key-policy.ts';
import { orderStatus } from './order-status.ts';
import { orderAnswer, ownOrder } from './orders.ts';
import { AcmeProblem, problemDocument } from './problem.ts';
import type { IssuedCertificate, Order } from './registry.ts';
import { profileRules } from './settings.ts';

/**
 * Takes the CSR of a ready order and issues its certificate (RFC 8555, section 7.4). A bad CSR leaves the order ready,
 * so that the client can send a better one.
 */
export async function finalize(authority: Authority, request: AccountRequest): Promise<CaAnswer> {
  const { registry, settings, clock } = authority;
  const order = ownOrder(authority, request);
  requireReady(order, authority);
  if (!request.payload) throw new AcmeProblem('malformed', 'Error unmarshaling finalize order request');
  const csr = await readCertificateRequest(request.payload['csr'], (key) => registry.blockedKeys.has(digestOfKey(key)));
  if (csr.names.join() !== order.names.join()) {
    throw new AcmeProblem('unauthorized', 'Error finalizing order :: CSR does not specify same identifiers as Order');
  }
  if (digestOfKey(csr.publicKey) === digestOfKey(order.account.key.key)) {
    throw new AcmeProblem(
      'malformed',
      'Error finalizing order :: certificate public key must be different than account key',
    );
  }
  // Another finalize may have come first while the CSR's signature was verified.
  requireReady(order, authority);
  order.finalized = true;
  if (settings.processingMilliseconds <= 0) await process(authority, order, csr);
  else {
    authority.background(async () => {
      await clock.sleep(settings.processingMilliseconds);
      await process(authority, order, csr);
    });
  }
  return orderAnswer(
    authority,
    order,
    200,
    retryAfter(settings, orderStatus(order, clock.now(), settings.orderLagMilliseconds)),
  );
}

/** What a leaf is to say. Times are milliseconds since the epoch, whole seconds. */
export interface Issuance {
  readonly names: readonly string[];
  readonly commonName: string | undefined;
  readonly publicKey: CertificateRequest['publicKey'];
  readonly profile: string | undefined;
  readonly notBefore: number;
  /** Inclusive, as in the certificate. */
  readonly notAfter: number;
}

/** Signs a certificate without keeping it. */
export async function signChains(
  { hierarchy, registry, settings }: Authority,
  issuance: Issuance,
): Promise<{ readonly serial: string; readonly chains: readonly string[] }> {
  const serial = createSerial(registry.certificates.length);
  const intermediate = hierarchy.intermediates[Math.floor(settings.random() * hierarchy.intermediates.length)];
  if (!intermediate) throw new RangeError('settings.random must return a number from 0 up to, but not including, 1');
  const { lean } = profileRules(settings, issuance.profile);
  const leaf = { ...issuance, commonName: lean ? undefined : issuance.commonName, serial, lean };
  return { serial, chains: await issueChains(leaf, hierarchy, intermediate) };
}

async function process(authority: Authority, order: Order, csr: CertificateRequest): Promise<void> {
  const { settings, clock } = authority;
  const refusal = settings.refuseIssuance?.(order.names);
  if (refusal) {
    order.error = refusal;
    return;
  }
  // Backdated for clients whose clocks are slow. The last second counts (RFC 5280, section 4.1.2.5).
  const notBefore = wholeSeconds(clock.now()) - HOUR;
  const notAfter = notBefore + profileRules(settings, order.profile).lifetimeMilliseconds - 1_000;
  try {
    const certificate: IssuedCertificate = {
      ...(await signChains(authority, { ...csr, profile: order.profile, notBefore, notAfter })),
      names: order.names,
      publicKey: csr.publicKey,
      notBefore,
      notAfter,
      account: order.account,
      orderId: order.id,
      revoked: undefined,
    };
    authority.registry.certificates.push(certificate);
    order.certificate = certificate;
  } catch (error) {
    order.error = problemDocument('serverInternal', 'Error finalizing order');
    throw error;
  }
}

function requireReady(order: Order, { clock, settings }: Authority): void {
  const status = orderStatus(order, clock.now(), settings.orderLagMilliseconds);
  if (status === 'ready') return;
  throw new AcmeProblem('orderNotReady', `Order's status ("${status}") is not acceptable for finalization`);
}
