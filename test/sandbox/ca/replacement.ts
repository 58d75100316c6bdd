import type { Authority } from './authority.ts';
import { orderStatus } from './order-status.ts';
import { AcmeProblem, notFound } from './problem.ts';
import type { Account, Order } from './registry.ts';
import { readCertId } from './renewal-info.ts';

/**
 * What an order's `replaces` names (RFC 9773, section 5), checked as Boulder checks it (`wfe2/wfe.go`,
 * validateReplacementOrder): 409 while another order that isn't invalid replaces the certificate, before anything else;
 * then the certificate must be the account's own and have a name in common. Ignored by a CA without renewalInfo.
 */
export function replacedCertificate(
  authority: Authority,
  account: Account,
  names: readonly string[],
  certId: unknown,
): Order['replaces'] {
  if (!authority.settings.renewalInfo || certId === undefined || certId === '') return undefined;
  const step = "Could not validate ARI 'replaces' field";
  if (typeof certId !== 'string') throw new AcmeProblem('malformed', 'Unable to unmarshal NewOrder request body');
  const serial = readCertId(authority, certId, `${step} :: while parsing ARI CertID an error occurred`);
  const now = authority.clock.now();
  const isReplaced = authority.registry.orders.some(
    (order) =>
      order.replaces?.serial === serial &&
      (order.certificate !== undefined || orderStatus(order, now, 0) !== 'invalid'),
  );
  if (isReplaced) {
    throw new AcmeProblem(
      'alreadyReplaced',
      `${step} :: cannot indicate an order replaces certificate with serial "${serial}", which already has a replacement order`,
    );
  }
  const check = `${step} :: while checking that this order is a replacement`;
  const certificate = authority.registry.certificate(serial);
  if (!certificate) {
    throw notFound(
      `${check}: request included \`replaces\` field, but no current certificate with serial "${serial}" exists`,
    );
  }
  if (certificate.account !== account) {
    throw new AcmeProblem(
      'unauthorized',
      `${check}: requester account did not request the certificate being replaced by this order`,
    );
  }
  if (!names.some((name) => certificate.names.some((covering) => covers(covering, name)))) {
    throw new AcmeProblem(
      'malformed',
      `${check}: identifiers in this order do not match any identifiers in the certificate being replaced`,
    );
  }
  return { certId, serial };
}

function covers(covering: string, name: string): boolean {
  return covering === name || (covering.startsWith('*.') && covering.slice(2) === name.split('.').slice(1).join('.'));
}
