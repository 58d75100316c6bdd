import { authorityKeyIdOf, parseCertificate } from './certificate.ts';
import { InvalidCertificate } from './pem-chain.ts';

/**
 * RFC 9773, section 4.1: the authority key identifier and the serial number, each as base64url of its DER contents. The
 * serial number keeps the zero byte that DER puts before a high first bit; libraries leave it out.
 *
 * Throws `InvalidCertificate` for a certificate without authority key identifier.
 */
export function certificateId(certificatePem: string): string {
  const certificate = parseCertificate(certificatePem);
  const keyIdentifier = authorityKeyIdOf(certificate);
  if (!keyIdentifier) throw new InvalidCertificate('it has no authority key identifier');
  return `${Buffer.from(keyIdentifier, 'hex').toString('base64url')}.${serialContents(certificate.raw).toString('base64url')}`;
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
