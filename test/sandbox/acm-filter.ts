import type { AcmCertificate } from './acm-certificate.ts';
import { type CertificateStatus, extendedKeyUsageNames, keyUsageNames } from './acm-description.ts';
import { type JsonInput, optionalObject, optionalTexts, requireOneOf } from './aws-json.ts';

const KEY_TYPES = [
  'RSA_1024',
  'RSA_2048',
  'RSA_3072',
  'RSA_4096',
  'EC_prime256v1',
  'EC_secp384r1',
  'EC_secp521r1',
  'ML_DSA_44',
  'ML_DSA_65',
  'ML_DSA_87',
];
/** Whoever doesn't ask for key types is shown these alone, and only with a domain name. */
const DEFAULT_KEY_TYPES = ['RSA_1024', 'RSA_2048'];

const STATUSES = ['PENDING_VALIDATION', 'ISSUED', 'INACTIVE', 'EXPIRED', 'VALIDATION_TIMED_OUT', 'REVOKED', 'FAILED'];

/**
 * Reads what ListCertificates is to show. https://docs.aws.amazon.com/acm/latest/APIReference/API_Filters.html
 */
export function readListFilter(input: JsonInput): (certificate: AcmCertificate, status: CertificateStatus) => boolean {
  const statuses = optionalTexts(input, 'CertificateStatuses');
  for (const status of statuses ?? []) requireOneOf('CertificateStatuses', status, STATUSES);
  const includes = optionalObject(input, 'Includes') ?? {};
  const askedTypes = optionalTexts(includes, 'keyTypes');
  for (const type of askedTypes ?? []) requireOneOf('includes.keyTypes', type, KEY_TYPES);
  const types = askedTypes ?? DEFAULT_KEY_TYPES;
  const usages = optionalTexts(includes, 'keyUsage');
  const extendedUsages = optionalTexts(includes, 'extendedKeyUsage');
  return (certificate, status) =>
    (statuses === undefined || statuses.includes(status)) &&
    types.includes(certificate.keyAlgorithm.replace('-', '_')) &&
    (askedTypes !== undefined || certificate.domainName !== '') &&
    (usages === undefined || keyUsageNames(certificate).some((name) => usages.includes(name))) &&
    (extendedUsages === undefined || extendedKeyUsageNames(certificate).some((name) => extendedUsages.includes(name)));
}
