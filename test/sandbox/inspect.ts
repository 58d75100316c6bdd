import { type CertificateTags, readCertificateTags } from '../../lambdas/core/certificate-tags.ts';
import type { PairValue } from '../../lambdas/core/secret-value.ts';
import type { Sandbox } from './sandbox.ts';

/** The live pair of a managed certificate, as a consumer reads it. */
export function live(
  { secretsManager }: Sandbox,
  name: string,
  prefix = 'evercert/',
): PairValue & { readonly fullchain: string } {
  return JSON.parse(secretsManager.value(prefix + name) ?? '{}') as PairValue & { readonly fullchain: string };
}

export function tagsOf({ secretsManager }: Sandbox, name: string, prefix = 'evercert/'): CertificateTags {
  return readCertificateTags(secretsManager.secret(prefix + name)?.tags ?? {});
}

/** What ACM holds in each region; a second certificate in one region would be a bug, and throws. */
export function imports(
  { acm }: Sandbox,
  regions: readonly string[],
): Record<string, { readonly arn: string; readonly serial: string } | undefined> {
  return Object.fromEntries(
    regions.map((region) => {
      const [imported, second] = acm.certificates(region);
      if (second) throw new Error(`ACM in ${region} has more than one certificate: ${second.arn}`);
      return [region, imported && { arn: imported.arn, serial: imported.serial.replaceAll(':', '').toLowerCase() }];
    }),
  );
}
