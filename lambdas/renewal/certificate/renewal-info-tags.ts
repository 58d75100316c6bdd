import { readDirectory } from '../../acme/known-ca.ts';
import { type CertificateTags, fitsTag } from '../../core/certificate-tags.ts';
import { messageOf } from '../../core/failure.ts';
import type { IssuerSettings } from '../../core/issuer-settings.ts';
import { nextRenewalInfoCheck } from '../../core/renewal-window.ts';
import { endpointOf } from '../issuer/open-issuer.ts';
import type { IssuerRun } from '../run.ts';
import { NO_RENEWAL_INFO } from './live-tags.ts';

/** `undefined` empties a tag. */
export type RenewalInfoTags = {
  readonly [F in 'renewalInfo' | 'ariId' | 'ariCheck']: CertificateTags[F] | undefined;
};

/**
 * The tags by which a scan asks about a certificate, as its issuer's directory says (RFC 9773, section 4.1): empty where the CA
 * has no renewal information, or the certificate no id.
 *
 * A directory that can't be had leaves the id alone, which has `renew` look for the URL again (`lacksRenewalInfo`). Never throws.
 */
export async function renewalInfoTags(
  ariId: string | undefined,
  issuer: IssuerSettings,
  run: IssuerRun,
): Promise<RenewalInfoTags> {
  if (ariId === undefined) return NO_RENEWAL_INFO;
  try {
    const { renewalInfo } = await readDirectory(endpointOf(issuer), run);
    if (!renewalInfo || !fitsTag(renewalInfo)) return NO_RENEWAL_INFO;
    return { ...NO_RENEWAL_INFO, renewalInfo, ariId };
  } catch (error) {
    run.log.warn('the CA did not say where it answers renewal information; it is asked again in some hours', {
      ariId,
      problem: messageOf(error),
    });
    return { renewalInfo: undefined, ariId, ariCheck: nextRenewalInfoCheck(run.clock.now(), undefined) };
  }
}
