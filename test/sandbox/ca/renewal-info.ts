import { DAY, HOUR, MINUTE } from '../../../lambdas/core/duration.ts';
import { type Authority, type CaAnswer, type CaRequest, jsonAnswer, rfc3339, wholeSeconds } from './authority.ts';
import { isBase64url } from './jws.ts';
import { AcmeProblem, notFound } from './problem.ts';
import { type IssuedCertificate, normalSerial, type RenewalWindow } from './registry.ts';

/** RFC 9773, section 4: unauthenticated GET. */
export function renewalInfo(authority: Authority, request: CaRequest): CaAnswer {
  const { registry, settings, clock } = authority;
  if (!settings.renewalInfo) throw notFound('Resource not found');
  const serial = readCertId(authority, request.parameters[0] ?? '', 'While parsing ARI CertID an error occurred');
  const certificate = registry.certificate(serial);
  if (!certificate) throw notFound('Requested certificate was not found');
  const { explanationURL, ...suggestedWindow } =
    registry.renewalWindows.get(serial) ??
    (certificate.revoked ? immediateWindow(clock.now()) : suggestedRenewalWindow(certificate));
  return jsonAnswer(
    200,
    { suggestedWindow, ...(explanationURL !== undefined && { explanationURL }) },
    { 'Retry-After': String(settings.renewalInfoRetryAfterSeconds) },
  );
}

/**
 * The serial number in a certificate identifier (RFC 9773, section 4.1): base64url of the authority key identifier,
 * a dot, base64url of the serial number's DER contents. Stricter than Boulder in one point: a serial number whose sign
 * byte got lost is negative, and refused.
 */
export function readCertId({ hierarchy }: Authority, certId: string, step: string): string {
  const [keyIdentifier, serial, ...rest] = certId.split('.');
  if (!keyIdentifier || !serial || rest.length > 0) throw new AcmeProblem('malformed', `${step} :: Invalid path`);
  if (!isBase64url(keyIdentifier)) {
    throw new AcmeProblem(
      'malformed',
      `${step} :: Authority Key Identifier was not base64url-encoded or contained padding`,
    );
  }
  const issuer = Buffer.from(keyIdentifier, 'base64url').toString('hex');
  if (!hierarchy.intermediates.some((intermediate) => intermediate.keyIdentifier === issuer)) {
    throw notFound(`${step} :: path contained an Authority Key Identifier that did not match a known issuer`);
  }
  if (!isBase64url(serial)) {
    throw notFound(`${step} :: serial number was not base64url-encoded or contained padding`);
  }
  const bytes = Buffer.from(serial, 'base64url');
  if (bytes.length === 0 || bytes.readUInt8(0) > 0x7f) {
    throw new AcmeProblem(
      'malformed',
      `${step} :: serial number is negative: its DER encoding has a leading zero byte`,
    );
  }
  return normalSerial(bytes.toString('hex'));
}

/**
 * Two thirds into the validity, or half for less than ten days, give or take a hundredth (`core/objects.go`,
 * RenewalInfoSimple).
 */
export function suggestedRenewalWindow({
  notBefore,
  notAfter,
}: Pick<IssuedCertificate, 'notBefore' | 'notAfter'>): RenewalWindow {
  const validity = notAfter + 1_000 - notBefore;
  const ideal = notAfter - (validity < 10 * DAY ? validity / 2 : validity / 3);
  const margin = validity / 100;
  return { start: rfc3339(wholeSeconds(ideal - margin)), end: rfc3339(wholeSeconds(ideal + margin)) };
}

/** Wholly in the past: renew now (`core/objects.go`, RenewalInfoImmediate). */
function immediateWindow(now: number): RenewalWindow {
  return { start: rfc3339(wholeSeconds(now - HOUR)), end: rfc3339(wholeSeconds(now - HOUR + 30 * MINUTE)) };
}
