import { secretName } from '../../core/certificate-name.ts';
import { RENEWER_TAG, writeCertificateTags } from '../../core/certificate-tags.ts';
import { placeholderValue } from '../../core/secret-value.ts';
import { digest } from '../digest.ts';
import type { SecretVault } from '../ports/secret-vault.ts';
import type { RunFacts } from '../run.ts';

/**
 * Creates the secret of a certificate that nothing has been issued for, marked as this deployment's, with `tags` from its first
 * moment on: an account may forbid secrets without certain tags. Answers `exists`, and changes nothing, when the name is taken.
 */
export function createCertificateSecret(
  { name, domainNames, tags = {} }: NewCertificate,
  { vault, settings }: Pick<RunFacts, 'settings'> & { readonly vault: SecretVault },
): Promise<'created' | 'exists'> {
  const fullName = secretName(settings.prefix, name);
  return vault.create({
    name: fullName,
    description: `TLS certificate ${name}, kept by evercert`,
    value: placeholderValue(domainNames),
    token: digest('placeholder', fullName, domainNames.join()),
    tags: { ...tags, [RENEWER_TAG]: settings.renewer, ...writeCertificateTags({ state: 'registered' }) },
  });
}

interface NewCertificate {
  readonly name: string;
  readonly domainNames: readonly string[];
  readonly tags?: Readonly<Record<string, string>>;
}
