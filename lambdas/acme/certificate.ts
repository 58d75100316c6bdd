import type { X509Certificate } from 'node:crypto';
import * as x509 from '@peculiar/x509';
import type { KeyType } from '../core/key-type.ts';
import { InvalidCertificate, notX509, parsePemChain, parseX509 } from './pem-chain.ts';
import { keyTypeOfKey, parsePrivateKey } from './private-key.ts';

/** Node's own class shows neither all extensions nor the parts of a name; the other one is slow, so it reads once. */
const EXTENSIONS = new WeakMap<X509Certificate, x509.X509Certificate>();

/** What a certificate says of itself (RFC 5280). Instants are milliseconds since the epoch. */
export interface CertificateFacts {
  /** DNS names of the subject alternative name, lower case, in the certificate's order. */
  readonly domainNames: readonly string[];
  /** Lower-case hex, even length, no separators, no sign byte. */
  readonly serialNumber: string;
  readonly notBefore: number;
  /** The last second in which it is valid. */
  readonly notAfter: number;
  /** SHA-256 of the DER, lower-case hex, no separators. */
  readonly fingerprint256: string;
  /** Common name of the issuer; its organization when it has none. */
  readonly issuer: string;
  /** `undefined` for a key that evercert does not make. */
  readonly keyType: KeyType | undefined;
  /** Lower-case hex of the authority key identifier. */
  readonly authorityKeyId?: string;
}

/** The first certificate in a text. Throws `InvalidCertificate`. */
export function readCertificate(pem: string): CertificateFacts {
  const [certificate] = parseChain(pem);
  if (certificate === undefined) throw new InvalidCertificate('there is no certificate in PEM');
  const authorityKeyId = authorityKeyIdOf(certificate);
  const serial = certificate.serialNumber.toLowerCase();
  return {
    domainNames: alternativeNames(certificate).flatMap(({ type, value }) =>
      type === 'dns' ? [value.toLowerCase()] : [],
    ),
    serialNumber: serial.length % 2 === 0 ? serial : `0${serial}`,
    notBefore: certificate.validFromDate.getTime(),
    notAfter: certificate.validToDate.getTime(),
    fingerprint256: certificate.fingerprint256.replaceAll(':', '').toLowerCase(),
    issuer: issuerName(certificate),
    keyType: keyTypeOfKey(certificate.publicKey),
    ...(authorityKeyId === undefined ? {} : { authorityKeyId }),
  };
}

/** Every certificate of a text, whatever stands between them. Throws `InvalidCertificate` when one can't be read. */
export function parseChain(pem: string): readonly X509Certificate[] {
  return parsePemChain(pem).map(withExtensions);
}

/** Whether the certificate (the first one, in a text with more) is for this private key. */
export function keyMatches(certificatePem: string, privateKeyPem: string): boolean {
  const privateKey = parsePrivateKey(privateKeyPem);
  return privateKey !== undefined && parseCertificate(certificatePem).checkPrivateKey(privateKey);
}

/** PEM or DER. Throws `InvalidCertificate`. */
export function parseCertificate(encoded: string | Buffer): X509Certificate {
  return withExtensions(parseX509(encoded));
}

/** Whether `issuer`'s name and key have signed the certificate. */
export function isSignedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  return certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
}

/** Every subject alternative name, whatever its type is (`dns`, `ip`, `email`, …). */
export function alternativeNames(
  certificate: X509Certificate,
): readonly { readonly type: string; readonly value: string }[] {
  return extensions(certificate).getExtension(x509.SubjectAlternativeNameExtension)?.names.items ?? [];
}

/** A CA certificate (RFC 5280, section 4.2.1.9) whose key usage, if it has one, allows it (section 4.2.1.3). */
export function maySignCertificates(certificate: X509Certificate): boolean {
  const usages = extensions(certificate).getExtension(x509.KeyUsagesExtension)?.usages;
  return certificate.ca && (usages === undefined || (usages & x509.KeyUsageFlags.keyCertSign) !== 0);
}

/** RFC 5280, section 4.2.1.9: how many intermediates may stand between it and the leaf. */
export function pathLengthOf(certificate: X509Certificate): number {
  return extensions(certificate).getExtension(x509.BasicConstraintsExtension)?.pathLength ?? Number.POSITIVE_INFINITY;
}

export function authorityKeyIdOf(certificate: X509Certificate): string | undefined {
  return extensions(certificate).getExtension(x509.AuthorityKeyIdentifierExtension)?.keyId?.toLowerCase();
}

export function subjectName(certificate: X509Certificate): string {
  return shortName(extensions(certificate).subjectName);
}

export function issuerName(certificate: X509Certificate): string {
  return shortName(extensions(certificate).issuerName);
}

function shortName(name: x509.Name): string {
  return name.getField('CN')[0] ?? name.getField('O')[0] ?? name.toString();
}

function extensions(certificate: X509Certificate): x509.X509Certificate {
  return EXTENSIONS.get(certificate) ?? new x509.X509Certificate(certificate.raw);
}

function withExtensions(certificate: X509Certificate): X509Certificate {
  try {
    EXTENSIONS.set(certificate, new x509.X509Certificate(certificate.raw));
    return certificate;
  } catch (cause) {
    throw notX509(cause);
  }
}
