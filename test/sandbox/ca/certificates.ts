import { X509Certificate } from 'node:crypto';
import type { AccountRequest, Authority, CaAnswer, CaRequest } from './authority.ts';
import { isBase64url } from './jws.ts';
import { digestOfKey } from './key-policy.ts';
import { requirePostAsGet } from './orders.ts';
import { AcmeProblem, notFound } from './problem.ts';
import { type IssuedCertificate, normalSerial } from './registry.ts';

/** RFC 5280, section 5.3.1: what subscribers may say (`revocation/reasons.go`). */
const UNSPECIFIED = 0;
const KEY_COMPROMISE = 1;
const SUPERSEDED = 4;
const CESSATION_OF_OPERATION = 5;
const ALLOWED_REASONS = [UNSPECIFIED, KEY_COMPROMISE, SUPERSEDED, CESSATION_OF_OPERATION];

/** Download of a chain (RFC 8555, section 7.4.2), with links to its alternates. */
export async function certificate(authority: Authority, request: AccountRequest): Promise<CaAnswer> {
  const { registry, settings, urls } = authority;
  requirePostAsGet(request);
  const [serial = '', index = '0'] = request.parameters;
  const found = registry.certificate(serial);
  if (!found) throw notFound('Certificate not found');
  if (found.account !== request.account) {
    throw new AcmeProblem('unauthorized', 'Account in use did not issue specified certificate');
  }
  const chains = settings.alternateChains ? found.chains : found.chains.slice(0, 1);
  const chain = chains[Number(index)];
  if (chain === undefined) throw notFound('Unknown issuance chain');
  const alternates = chains.flatMap((_, other) =>
    other === Number(index) ? [] : [`<${urls.certificate(found.serial, other)}>;rel="alternate"`],
  );
  return {
    status: 200,
    headers: { 'Content-Type': 'application/pem-certificate-chain', Link: alternates },
    body: (await settings.mutate.certificate?.(chain, found)) ?? chain,
  };
}

/** RFC 8555, section 7.6: by the account that has it, by one that controls its names, or by the certificate's own key. */
export function revokeCert(authority: Authority, request: CaRequest): CaAnswer {
  const { registry, clock } = authority;
  const found = readCertificate(authority, request.payload?.['certificate']);
  if (found.notAfter < clock.now()) throw unauthorized('Certificate is expired');
  const reason = request.payload?.['reason'] ?? UNSPECIFIED;
  if (typeof reason !== 'number' || !ALLOWED_REASONS.includes(reason)) {
    throw new AcmeProblem('badRevocationReason', `Unable to revoke :: disallowed revocation reason: ${String(reason)}`);
  }
  if (request.account) {
    const owns = request.account === found.account;
    if (!owns && !controlsNames(authority, request, found)) {
      throw unauthorized(`requester does not control all identifiers in cert with serial "${found.serial}"`);
    }
    if (found.revoked) throw alreadyRevoked(found);
    found.revoked = { at: clock.now(), reason: owns ? reason : CESSATION_OF_OPERATION };
  } else {
    const digest = digestOfKey(found.publicKey);
    if (!request.key || digestOfKey(request.key.key) !== digest) {
      throw unauthorized('JWK embedded in revocation request must be the same public key as the cert to be revoked');
    }
    registry.blockedKeys.add(digest);
    if (found.revoked?.reason === KEY_COMPROMISE) throw alreadyRevoked(found);
    found.revoked = { at: clock.now(), reason: KEY_COMPROMISE };
  }
  return { status: 200, headers: {}, body: '' };
}

function readCertificate({ registry }: Authority, encoded: unknown): IssuedCertificate {
  if (!isBase64url(encoded)) throw malformed('Unable to JSON parse revoke request');
  let parsed: X509Certificate;
  try {
    parsed = new X509Certificate(Buffer.from(encoded, 'base64url'));
  } catch {
    throw malformed('Unable to parse certificate DER');
  }
  const found = registry.certificate(normalSerial(parsed.serialNumber));
  const issued = found?.chains[0] === undefined ? undefined : new X509Certificate(found.chains[0]);
  if (!found || issued?.fingerprint256 !== parsed.fingerprint256) {
    throw notFound('Unable to revoke :: No such certificate');
  }
  return found;
}

function controlsNames({ registry, clock }: Authority, { account }: CaRequest, { names }: IssuedCertificate): boolean {
  return names.every((name) =>
    registry.authorizations.some(
      (authorization) =>
        authorization.account === account &&
        authorization.status === 'valid' &&
        authorization.expires > clock.now() &&
        name === (authorization.wildcard ? `*.${authorization.name}` : authorization.name),
    ),
  );
}

function alreadyRevoked({ serial }: IssuedCertificate): AcmeProblem {
  return new AcmeProblem(
    'alreadyRevoked',
    `Unable to revoke :: certificate with serial ${serial} has already been revoked`,
  );
}

function malformed(detail: string): AcmeProblem {
  return new AcmeProblem('malformed', `Unable to revoke :: ${detail}`);
}

function unauthorized(detail: string): AcmeProblem {
  return new AcmeProblem('unauthorized', `Unable to revoke :: ${detail}`);
}
