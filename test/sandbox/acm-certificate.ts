import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import * as x509 from '@peculiar/x509';
import { AwsServiceError } from './aws-service.ts';

/** What ACM knows of an imported certificate. */
export interface AcmCertificate {
  readonly certificatePem: string;
  readonly chainPem: string;
  /** The common name, else the first alternative name. */
  readonly domainName: string;
  /** The domain name first. */
  readonly subjectAlternativeNames: readonly string[];
  /** Lower-case hex bytes with colons, without the sign byte that DER and the service put before 80 and above. */
  readonly serial: string;
  readonly subject: string;
  readonly issuer: string;
  readonly notBefore: number;
  readonly notAfter: number;
  /** As the service answers it, with a hyphen; requests spell it with an underscore. */
  readonly keyAlgorithm: string;
  readonly signatureAlgorithm: string;
  /** `undefined` when the certificate has no such extension, which allows any usage. */
  readonly keyUsages: readonly string[] | undefined;
  /** Object identifiers. */
  readonly extendedKeyUsages: readonly string[] | undefined;
}

/** What the tests see of an imported certificate. */
export interface ImportedCertificate extends AcmCertificate {
  readonly arn: string;
  readonly region: string;
  readonly tags: Readonly<Record<string, string>>;
  /** ARNs of the resources that use it. */
  readonly inUseBy: readonly string[];
  readonly createdAt: number;
  /** Of the last import. */
  readonly importedAt: number;
  /** How often it was imported under this ARN. */
  readonly imports: number;
}

/** The PEM texts of ImportCertificate. */
export interface AcmImport {
  readonly certificate: string;
  readonly privateKey: string;
  readonly chain: string | undefined;
}

const LARGEST_KEY = 5_120;
const PEM_CERTIFICATE =
  /-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----[\s\S]+?-----END (?:X509 |TRUSTED )?CERTIFICATE-----/g;

/** AWS's names of what it takes; https://docs.aws.amazon.com/acm/latest/userguide/import-certificate-prerequisites.html */
const RSA_SIZES = [1024, 2048, 3072, 4096];
const CURVES = ['prime256v1', 'secp384r1', 'secp521r1'];

/** RFC 5280, section 4.2.1.3, in the order of the bits, as ACM names them. */
const KEY_USAGES = [
  'DIGITAL_SIGNATURE',
  'NON_REPUDIATION',
  'KEY_ENCIPHERMENT',
  'DATA_ENCIPHERMENT',
  'KEY_AGREEMENT',
  'CERTIFICATE_SIGNING',
  'CRL_SIGNING',
  'ENCIPHER_ONLY',
  'DECIPHER_ONLY',
];

/**
 * Reads and checks what ImportCertificate is given, at the time `now`. The rules are those of
 * https://docs.aws.amazon.com/acm/latest/userguide/import-certificate-prerequisites.html and
 * https://docs.aws.amazon.com/acm/latest/userguide/troubleshoot-import.html.
 *
 * Throws `ValidationException`. The API reference also asks that a certificate's algorithm is its issuer's; that isn't
 * enforced, because public CAs sign across algorithms and their certificates are imported every day.
 */
export function readImport({ certificate: pem, privateKey, chain }: AcmImport, now: number): AcmCertificate {
  const certificate = readSingleCertificate(pem);
  const key = readPrivateKey(privateKey);
  const algorithm = keyAlgorithmOf(certificate.publicKey);
  if (!certificate.checkPrivateKey(key)) {
    throw refused('The provided certificate and private key do not match.');
  }
  if (now < certificate.validFromDate.getTime()) {
    throw refused('The certificate is not in effect yet, is not valid.');
  }
  if (now > certificate.validToDate.getTime()) throw refused('The certificate has expired, is not valid.');
  requireChain(certificate, chain);
  const details = new x509.X509Certificate(certificate.raw);
  const names = dnsNamesOf(details);
  const commonName = details.subjectName.getField('CN')[0];
  const domainName = commonName ?? names[0] ?? '';
  const issuerName = details.issuerName;
  return {
    certificatePem: pem,
    chainPem: chain ?? '',
    domainName,
    subjectAlternativeNames: [...new Set([domainName, ...names])].filter(Boolean),
    serial: serialOf(certificate),
    subject: certificate.subject?.replaceAll('\n', ', ') ?? '',
    issuer: issuerName.getField('O')[0] ?? issuerName.getField('CN')[0] ?? '',
    notBefore: certificate.validFromDate.getTime(),
    notAfter: certificate.validToDate.getTime(),
    keyAlgorithm: algorithm,
    signatureAlgorithm: signatureAlgorithmOf(certificate),
    keyUsages: keyUsagesOf(details),
    extendedKeyUsages: certificate.keyUsage,
  };
}

function readSingleCertificate(pem: string): X509Certificate {
  const found = pem.match(PEM_CERTIFICATE) ?? [];
  if (found.length > 1) {
    throw refused(
      'The certificate field contains more than one certificate. You can specify only one certificate in this field.',
    );
  }
  const [only] = found;
  if (only === undefined) throw unparsable('certificate');
  return parseCertificate(only, 'certificate');
}

function parseCertificate(pem: string, what: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch {
    throw unparsable(what);
  }
}

function readPrivateKey(pem: string): KeyObject {
  if (Buffer.byteLength(pem) > LARGEST_KEY) {
    throw refused(`The private key is larger than ${LARGEST_KEY} bytes.`);
  }
  if (/ENCRYPTED/.test(pem))
    throw refused('The private key is encrypted. Only unencrypted private keys are supported.');
  try {
    return createPrivateKey(pem);
  } catch {
    throw refused('The private key is not PEM-encoded or is not valid.');
  }
}

/** Each certificate signs the one before; the leaf itself isn't among them. Whether a root is at the end is all one. */
function requireChain(leaf: X509Certificate, chain: string | undefined): void {
  if (chain === undefined) {
    if (leaf.subject === leaf.issuer && leaf.verify(leaf.publicKey)) return;
    throw refused(
      'Provided certificate is not a valid self signed. Please provide either a valid self-signed certificate or ' +
        'certificate chain.',
    );
  }
  const issuers = (chain.match(PEM_CERTIFICATE) ?? []).map((pem) => parseCertificate(pem, 'certificate chain'));
  if (issuers.length === 0) throw unparsable('certificate chain');
  let signed = leaf;
  for (const issuer of issuers) {
    if (!issuer.ca || !signed.checkIssued(issuer) || !signed.verify(issuer.publicKey)) {
      throw refused('Could not validate the certificate with the certificate chain.');
    }
    signed = issuer;
  }
}

function keyAlgorithmOf(key: KeyObject): string {
  const { modulusLength = 0, namedCurve = '' } = key.asymmetricKeyDetails ?? {};
  if (key.asymmetricKeyType === 'rsa' && RSA_SIZES.includes(modulusLength)) return `RSA-${modulusLength}`;
  if (key.asymmetricKeyType === 'ec' && CURVES.includes(namedCurve)) return `EC-${namedCurve}`;
  throw refused('The private key length or key algorithm is not supported.');
}

function signatureAlgorithmOf({ signatureAlgorithm = '' }: X509Certificate): string {
  const hash = /sha-?(\d+)/i.exec(signatureAlgorithm)?.[1] ?? '';
  return `SHA${hash}WITH${/ecdsa/i.test(signatureAlgorithm) ? 'ECDSA' : 'RSA'}`;
}

function dnsNamesOf(certificate: x509.X509Certificate): readonly string[] {
  const names = certificate.getExtension(x509.SubjectAlternativeNameExtension)?.names.items ?? [];
  return names.filter(({ type }) => type === 'dns').map(({ value }) => value);
}

function serialOf({ serialNumber }: X509Certificate): string {
  return (serialNumber.toLowerCase().match(/../g) ?? []).join(':');
}

function keyUsagesOf(certificate: x509.X509Certificate): readonly string[] | undefined {
  const usages = certificate.getExtension(x509.KeyUsagesExtension)?.usages;
  return usages === undefined ? undefined : KEY_USAGES.filter((_, bit) => (usages & (1 << bit)) !== 0);
}

function unparsable(what: string): AwsServiceError {
  return refused(`The ${what} is not PEM-encoded or is not valid.`);
}

function refused(message: string): AwsServiceError {
  return new AwsServiceError(400, 'ValidationException', message);
}
