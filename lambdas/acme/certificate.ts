import type { X509Certificate } from 'node:crypto';
import * as x509 from '@peculiar/x509';
import type { KeyType } from '../core/key-type.ts';
import { InvalidCertificate, notX509, parsePemChain, parseX509 } from './pem-chain.ts';
import { keyTypeOfKey, parsePrivateKey } from './private-key.ts';

/** What Node's own class doesn't show: all extensions, and the parts of a name. */
interface Details {
  readonly alternativeNames: readonly { readonly type: string; readonly value: string }[];
  /** Flags of RFC 5280, section 4.2.1.3. */
  readonly keyUsages: number | undefined;
  readonly pathLength: number | undefined;
  readonly authorityKeyId: string | undefined;
  readonly subject: string;
  readonly issuer: string;
}

/**
 * The other library is slow, and decodes an extension when it is asked for: all is read once, before a certificate counts as
 * one.
 */
const DETAILS = new WeakMap<X509Certificate, Details>();

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
}

/** The first certificate in a text. Throws `InvalidCertificate`. */
export function readCertificate(pem: string): CertificateFacts {
  return factsOf(parseCertificate(pem));
}

/** What a certificate that has been read already says. */
export function factsOf(certificate: X509Certificate): CertificateFacts {
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
  };
}

/** Every certificate of a text, whatever stands between them. Throws `InvalidCertificate` when one can't be read. */
export function parseChain(pem: string): readonly X509Certificate[] {
  return parsePemChain(pem).map(withDetails);
}

/** Whether the certificate (the first one, in a text with more) is for this private key. */
export function keyMatches(certificatePem: string, privateKeyPem: string): boolean {
  return isForKey(parseCertificate(certificatePem), privateKeyPem);
}

/** As `keyMatches`. */
export function isForKey(certificate: X509Certificate, privateKeyPem: string): boolean {
  const privateKey = parsePrivateKey(privateKeyPem);
  return privateKey !== undefined && certificate.checkPrivateKey(privateKey);
}

/** PEM (the first one) or DER. Throws `InvalidCertificate`. */
export function parseCertificate(encoded: string | Buffer): X509Certificate {
  const certificate = typeof encoded === 'string' ? parsePemChain(encoded)[0] : parseX509(encoded);
  if (certificate === undefined) throw new InvalidCertificate('there is no certificate in PEM');
  return withDetails(certificate);
}

/** Whether `issuer`'s name and key have signed the certificate. */
export function isSignedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  return certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
}

/** Every subject alternative name, whatever its type is (`dns`, `ip`, `email`, …). */
export function alternativeNames(
  certificate: X509Certificate,
): readonly { readonly type: string; readonly value: string }[] {
  return details(certificate).alternativeNames;
}

/** A CA certificate (RFC 5280, section 4.2.1.9) whose key usage, if it has one, allows it (section 4.2.1.3). */
export function maySignCertificates(certificate: X509Certificate): boolean {
  const { keyUsages } = details(certificate);
  return certificate.ca && (keyUsages === undefined || (keyUsages & x509.KeyUsageFlags.keyCertSign) !== 0);
}

/** RFC 5280, section 4.2.1.9: how many intermediates may stand between it and the leaf. */
export function pathLengthOf(certificate: X509Certificate): number {
  return details(certificate).pathLength ?? Number.POSITIVE_INFINITY;
}

/** Lower-case hex of the authority key identifier (RFC 5280, section 4.2.1.1). */
export function authorityKeyIdOf(certificate: X509Certificate): string | undefined {
  return details(certificate).authorityKeyId;
}

export function subjectName(certificate: X509Certificate): string {
  return details(certificate).subject;
}

export function issuerName(certificate: X509Certificate): string {
  return details(certificate).issuer;
}

function shortName(name: x509.Name): string {
  return name.getField('CN')[0] ?? name.getField('O')[0] ?? name.toString();
}

function details(certificate: X509Certificate): Details {
  const read = DETAILS.get(certificate) ?? readDetails(certificate);
  DETAILS.set(certificate, read);
  return read;
}

function withDetails(certificate: X509Certificate): X509Certificate {
  try {
    details(certificate);
  } catch (cause) {
    throw notX509(cause);
  }
  const { validFrom, validTo, serialNumber } = certificate;
  // The texts, because the dates of what is no time are whatever was in the memory before.
  if (Number.isNaN(Date.parse(validFrom)) || Number.isNaN(Date.parse(validTo)))
    throw new InvalidCertificate('its validity is no time');
  // RFC 5280, section 4.1.2.2: positive. OpenSSL shows a sign.
  if (!/^[0-9A-F]+$/.test(serialNumber)) throw new InvalidCertificate('its serial number is negative');
  return certificate;
}

function readDetails({ raw }: X509Certificate): Details {
  const read = new x509.X509Certificate(raw);
  return {
    alternativeNames: read.getExtension(x509.SubjectAlternativeNameExtension)?.names.items ?? [],
    keyUsages: read.getExtension(x509.KeyUsagesExtension)?.usages,
    pathLength: read.getExtension(x509.BasicConstraintsExtension)?.pathLength,
    authorityKeyId: read.getExtension(x509.AuthorityKeyIdentifierExtension)?.keyId?.toLowerCase(),
    subject: shortName(read.subjectName),
    issuer: shortName(read.issuerName),
  };
}
