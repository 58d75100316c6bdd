import { authorityKeyIdOf, parseCertificate } from './certificate.ts';
import { InvalidCertificate } from './pem-chain.ts';

/**
 * The id by which a CA is asked for a certificate's renewal information (RFC 9773, section 4.1): the authority key identifier and
 * the serial number, each as base64url of its DER contents. The serial number keeps the zero byte that DER puts before a high
 * first bit; libraries leave it out.
 *
 * `undefined` for one that has none, such as a self-signed one, and for what is no certificate.
 */
export function ariIdOf(certificatePem: string): string | undefined {
  try {
    const certificate = parseCertificate(certificatePem);
    const keyIdentifier = authorityKeyIdOf(certificate);
    if (!keyIdentifier) return undefined;
    return `${Buffer.from(keyIdentifier, 'hex').toString('base64url')}.${serialContents(certificate.raw).toString('base64url')}`;
  } catch {
    return undefined;
  }
}

/** The INTEGER's contents: Certificate and tbsCertificate are entered, an explicit version is passed over. */
function serialContents(der: Buffer): Buffer {
  const tbs = element(element(der).contents).contents;
  const first = element(tbs);
  return first.tag === EXPLICIT_VERSION ? element(tbs.subarray(first.length)).contents : first.contents;
}

const EXPLICIT_VERSION = 0xa0;

/** The DER element that `bytes` begin with. Parsers take BER as well: lengths without an end, or of any number of bytes. */
function element(bytes: Buffer): { readonly tag: number; readonly contents: Buffer; readonly length: number } {
  const lengthByte = bytes.readUInt8(1);
  const lengthBytes = lengthByte < 0x80 ? 0 : lengthByte & 0x7f;
  if (lengthByte === 0x80 || lengthBytes > 4) throw new InvalidCertificate('it is no DER');
  const size = lengthBytes === 0 ? lengthByte : bytes.readUIntBE(2, lengthBytes);
  const begin = 2 + lengthBytes;
  return { tag: bytes.readUInt8(0), contents: bytes.subarray(begin, begin + size), length: begin + size };
}
