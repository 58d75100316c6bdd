import type { CertificateSpec } from '../../core/certificate-spec.ts';
import type { CertificateTags } from '../../core/certificate-tags.ts';
import type { Attempt } from '../attempt.ts';
import { idOfNames } from '../digest.ts';

/**
 * When a CA that counts them issued certificates for exactly the names of a spec (`order-budget.ts`): also what was lost or
 * rejected. Of other names nothing counts, whatever is live.
 */
export function issuancesOf({ domainNames }: CertificateSpec, { issued }: CertificateTags): readonly number[] {
  return issued?.namesId === idOfNames(domainNames) ? issued.at : [];
}

/** The tag for them; none where nothing counts for these names, so that what is known of others stays. */
export function issuancesTag({ issued, spec }: Attempt): Pick<CertificateTags, 'issued'> {
  return issued.length > 0 ? { issued: { namesId: idOfNames(spec.domainNames), at: issued } } : {};
}
