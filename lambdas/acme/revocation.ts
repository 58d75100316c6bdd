import { RenewalFailure } from '../core/failure.ts';
import { REVOCATION_REASONS, type RevocationReason } from '../core/revocation-reason.ts';
import { parseCertificate } from './certificate.ts';
import { problemType } from './problem.ts';
import { repeat } from './repeat.ts';
import type { AcmeSession } from './session.ts';
import { post, postWithKey } from './signed-request.ts';

/**
 * Revokes a certificate (RFC 8555, section 7.6); one that is revoked already is no error, so that repeating it is harmless.
 * `signedBy: 'account'` needs the account that ordered it, or one that controls all of its names. With `'key'` the session's
 * key is the certificate's own: that proves the compromise, and CAs then refuse the key for ever.
 *
 * Throws `ca-refused` in the CA's words, also when it offers no revocation.
 */
export async function revokeCertificate(
  session: AcmeSession,
  revocation: {
    /** PEM. */
    readonly certificate: string;
    readonly reason: RevocationReason;
    readonly signedBy: 'account' | 'key';
  },
): Promise<void> {
  const { revokeCert } = await session.directory();
  if (revokeCert === undefined) {
    const { host } = new URL(session.connection.home);
    throw new RenewalFailure('ca-refused', `${host} offers no revocation over ACME: revoke at its website`, {
      retry: 'never',
    });
  }
  const code = REVOCATION_REASONS[revocation.reason];
  const payload = {
    certificate: parseCertificate(revocation.certificate).raw.toString('base64url'),
    // RFC 5280, section 5.3.1: no reason instead of unspecified.
    ...(code === 0 ? {} : { reason: code }),
  };
  const purpose = 'revoke the certificate';
  const send = () =>
    revocation.signedBy === 'account'
      ? post(session, purpose, revokeCert, payload)
      : postWithKey(session, purpose, revokeCert, payload, { bindExternalAccount: false });
  try {
    await repeat(session.clock, 'write', send);
  } catch (error) {
    if (problemType(error) !== 'alreadyRevoked') throw error;
  }
}
