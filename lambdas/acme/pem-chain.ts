import { X509Certificate } from 'node:crypto';

/** What somebody holds for a certificate and isn't. */
export class InvalidCertificate extends Error {
  override readonly name = 'InvalidCertificate';
}

/**
 * Every certificate of a text, each as PEM with lines of 64 characters. Whatever stands between them is left out. Throws
 * `InvalidCertificate` when one can't be read.
 */
export function splitChain(pem: string): string[] {
  return parsePemChain(pem).map(encodePem);
}

/** As `splitChain`. */
export function parsePemChain(pem: string): readonly X509Certificate[] {
  const bodies = [...pem.matchAll(/-----BEGIN CERTIFICATE-----([^-]*)-----END CERTIFICATE-----/g)];
  if (pem.split('-----BEGIN CERTIFICATE-----').length - 1 !== bodies.length) {
    throw new InvalidCertificate('a certificate in PEM does not end');
  }
  return bodies.map(([, body = '']) => parseX509(Buffer.from(body, 'base64')));
}

/**
 * By DER, the latest last. A renewal asks a dozen questions about the same few certificates, each time from PEM, and reading
 * one takes milliseconds; a process that renews for weeks forgets the old ones.
 */
const READ = new Map<string, X509Certificate>();
const MOST_READ = 50;

/** One certificate, DER. Throws `InvalidCertificate`. */
export function parseX509(der: Buffer): X509Certificate {
  const key = der.toString('latin1');
  const certificate = READ.get(key) ?? readX509(der);
  READ.delete(key);
  READ.set(key, certificate);
  const [oldest = ''] = READ.keys();
  if (READ.size > MOST_READ) READ.delete(oldest);
  return certificate;
}

function readX509(der: Buffer): X509Certificate {
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(der);
    // A key of an unknown kind only shows when it is asked for.
    void certificate.publicKey;
  } catch (cause) {
    throw notX509(cause);
  }
  // OpenSSL reads BER and passes over what is behind the end; what is published has to be what was looked at.
  if (certificate.raw.equals(der)) return certificate;
  throw notX509(new Error('it is not its own DER encoding'));
}

/** For whoever looks into one more closely than Node does. */
export function notX509(cause: unknown): InvalidCertificate {
  return new InvalidCertificate('it is no X.509 certificate, or a damaged one', { cause });
}

/** With lines of 64 characters (RFC 7468) and a line break at the end. */
export function encodePem({ raw }: X509Certificate): string {
  const lines = raw.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}
