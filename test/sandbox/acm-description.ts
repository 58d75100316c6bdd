import type { AcmCertificate, ImportedCertificate } from './acm-certificate.ts';
import { seconds } from './aws-json.ts';

/** Those that an imported certificate can have. */
export type CertificateStatus = 'ISSUED' | 'EXPIRED';

/** ACM's names; others are `CUSTOM`. https://docs.aws.amazon.com/acm/latest/APIReference/API_ExtendedKeyUsage.html */
const EXTENDED_KEY_USAGES: Readonly<Record<string, string>> = {
  '1.3.6.1.5.5.7.3.1': 'TLS_WEB_SERVER_AUTHENTICATION',
  '1.3.6.1.5.5.7.3.2': 'TLS_WEB_CLIENT_AUTHENTICATION',
  '1.3.6.1.5.5.7.3.3': 'CODE_SIGNING',
  '1.3.6.1.5.5.7.3.4': 'EMAIL_PROTECTION',
  '1.3.6.1.5.5.7.3.8': 'TIME_STAMPING',
  '1.3.6.1.5.5.7.3.9': 'OCSP_SIGNING',
  '2.5.29.37.0': 'ANY',
};

const MOST_NAMES_IN_SUMMARY = 100;

export function statusOf({ notAfter }: AcmCertificate, now: number): CertificateStatus {
  return now > notAfter ? 'EXPIRED' : 'ISSUED';
}

/** `ANY` without the extension. */
export function keyUsageNames({ keyUsages }: AcmCertificate): readonly string[] {
  return keyUsages ?? ['ANY'];
}

/** `NONE` without the extension. */
export function extendedKeyUsageNames({ extendedKeyUsages }: AcmCertificate): readonly string[] {
  return extendedKeyUsages?.map((oid) => EXTENDED_KEY_USAGES[oid] ?? 'CUSTOM') ?? ['NONE'];
}

/** https://docs.aws.amazon.com/acm/latest/APIReference/API_CertificateDetail.html */
export function certificateDetail(certificate: ImportedCertificate, now: number): object {
  return {
    ...common(certificate, now),
    SubjectAlternativeNames: certificate.subjectAlternativeNames,
    Serial: /^[89a-f]/.test(certificate.serial) ? `00:${certificate.serial}` : certificate.serial,
    Subject: certificate.subject,
    Issuer: certificate.issuer,
    InUseBy: certificate.inUseBy,
    SignatureAlgorithm: certificate.signatureAlgorithm,
    KeyUsages: keyUsageNames(certificate).map((Name) => ({ Name })),
    ExtendedKeyUsages: extendedKeyUsageNames(certificate).map((Name, index) => ({
      Name,
      OID: certificate.extendedKeyUsages?.[index],
    })),
    Options: { CertificateTransparencyLoggingPreference: 'DISABLED' },
  };
}

/** https://docs.aws.amazon.com/acm/latest/APIReference/API_CertificateSummary.html */
export function certificateSummary(certificate: ImportedCertificate, now: number): object {
  const { subjectAlternativeNames: names } = certificate;
  return {
    ...common(certificate, now),
    SubjectAlternativeNameSummaries: names.slice(0, MOST_NAMES_IN_SUMMARY),
    HasAdditionalSubjectAlternativeNames: names.length > MOST_NAMES_IN_SUMMARY,
    KeyUsages: keyUsageNames(certificate),
    ExtendedKeyUsages: extendedKeyUsageNames(certificate),
    InUse: certificate.inUseBy.length > 0,
  };
}

function common(certificate: ImportedCertificate, now: number): object {
  return {
    CertificateArn: certificate.arn,
    DomainName: certificate.domainName,
    Status: statusOf(certificate, now),
    Type: 'IMPORTED',
    KeyAlgorithm: certificate.keyAlgorithm,
    RenewalEligibility: 'INELIGIBLE',
    NotBefore: seconds(certificate.notBefore),
    NotAfter: seconds(certificate.notAfter),
    CreatedAt: seconds(certificate.createdAt),
    ImportedAt: seconds(certificate.importedAt),
  };
}
