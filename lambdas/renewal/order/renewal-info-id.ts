import { certificateId } from '../../acme/certificate-id.ts';

/** RFC 9773's id of a certificate; `undefined` for one that has none, such as a self-signed one. */
export function renewalInfoId(certificate: string): string | undefined {
  try {
    return certificateId(certificate);
  } catch {
    return undefined;
  }
}
