import type { CertificateTags } from '../../core/certificate-tags.ts';
import { RenewalFailure } from '../../core/failure.ts';
import type { Attempt } from '../attempt.ts';
import { readManagedCertificate } from '../certificate/managed-certificate.ts';
import { readIssuers } from '../issuer/issuer-secret.ts';
import type { Run } from '../run.ts';
import { decide } from './decide.ts';

/**
 * Decides again right before a CA is asked for a new order: between the claim and this moment somebody may have put another
 * value or another spec in place, or a scan may have learned of another renewal window. Whoever forces, or deploys, has
 * decided already.
 *
 * Returns the tags as they are now. Throws `no-longer-due`, and `claim-lost` when the live version is no longer the one that is
 * being replaced.
 */
export async function expectStillDue(attempt: Attempt, run: Run): Promise<CertificateTags> {
  const secret = await run.vault.describe(attempt.claim.arn);
  if (!secret) throw new RenewalFailure('claim-lost', `the secret ${attempt.claim.arn} is gone; nothing was ordered`);
  const certificate = await readManagedCertificate(secret, run.vault, run.settings);
  if (certificate.liveVersion !== attempt.claim.generation) {
    throw new RenewalFailure('claim-lost', 'the secret has got another value in the meantime; nothing was ordered');
  }
  if (attempt.force || attempt.request !== undefined) return certificate.tags;
  if (certificate.specVersion !== attempt.specVersion) {
    throw noLongerDue('its spec has been changed while this run prepared');
  }
  const { action, reason } = decide(certificate, await readIssuers(certificate.spec.issuer, run), {
    now: run.clock.now(),
    force: false,
    imports: certificate.tags.acm,
  });
  if (action !== 'renew') throw noLongerDue(reason);
  return certificate.tags;
}

function noLongerDue(why: string): RenewalFailure {
  return new RenewalFailure('no-longer-due', `nothing was ordered: ${why}; the next scan decides again`);
}
