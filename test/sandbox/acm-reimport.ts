import type { AcmCertificate } from './acm-certificate.ts';
import { AwsServiceError } from './aws-service.ts';

const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2';

/**
 * Throws `ValidationException` unless `next` may replace `current` under its ARN. Key type and size are frozen; one of
 * the names stays; key usages and extended key usages may be added but not removed, nor added where the extension was
 * missing. Two removals are allowed since public CAs made them: clientAuth, and keyEncipherment of an EC key.
 * https://docs.aws.amazon.com/acm/latest/userguide/import-reimport.html
 */
export function requireReplaceable(current: AcmCertificate, next: AcmCertificate): void {
  if (current.keyAlgorithm !== next.keyAlgorithm) {
    throw refused(
      `The key type and size cannot be changed: the imported certificate has ${current.keyAlgorithm}, the new one ` +
        `${next.keyAlgorithm}.`,
    );
  }
  const names = next.subjectAlternativeNames.map((name) => name.toLowerCase());
  if (!current.subjectAlternativeNames.some((name) => names.includes(name.toLowerCase()))) {
    throw refused('You cannot remove all of the domain names from a certificate.');
  }
  const mayGo = current.keyAlgorithm.startsWith('EC-') ? ['KEY_ENCIPHERMENT'] : [];
  requireKept('Key Usages', current.keyUsages, next.keyUsages, mayGo);
  requireKept('Extended Key Usages', current.extendedKeyUsages, next.extendedKeyUsages, [CLIENT_AUTH]);
}

function requireKept(
  what: string,
  current: readonly string[] | undefined,
  next: readonly string[] | undefined,
  mayGo: readonly string[],
): void {
  if (current === undefined) {
    if (next === undefined) return;
    throw refused(`New certificate has ${what}, which the currently imported certificate does not have`);
  }
  if (current.every((usage) => next?.includes(usage) || mayGo.includes(usage))) return;
  throw refused(`New certificate is missing one or more ${what} supported by the currently imported certificate`);
}

function refused(message: string): AwsServiceError {
  return new AwsServiceError(400, 'ValidationException', message);
}
