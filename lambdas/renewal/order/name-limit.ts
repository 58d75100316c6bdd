import { writeCertificateTags } from '../../core/certificate-tags.ts';
import { RenewalFailure } from '../../core/failure.ts';
import { isoInstant } from '../../core/instant.ts';
import { concernsNamesAlone } from '../../core/rate-limit.ts';
import type { Attempt } from '../attempt.ts';
import { idOfNames } from '../digest.ts';
import type { Run } from '../run.ts';

/**
 * Keeps a CA's Retry-After that is about the names of a certificate with several issuers (RFC 8555, section 6.6), in a tag of the
 * certificate: its back-off is over before that, when the next issuer may be asked. The last one that said so is kept, for the
 * names that it was said of.
 */
export async function noteNameLimit(
  { claim, spec }: Attempt,
  issuer: string,
  { code, details: { problem, retryAt } }: RenewalFailure,
  run: Run,
): Promise<void> {
  if (code !== 'ca-rate-limited' || retryAt === undefined || !problem || !concernsNamesAlone(problem)) return;
  const limited = `${issuer} ${isoInstant(retryAt)} ${idOfNames(spec.domainNames)}`;
  await run.vault.tag(claim.arn, writeCertificateTags({ limited }));
}

/** Throws `ca-rate-limited`, without asking the CA, while such a limit lasts; `force` asks all the same. */
export function expectNoNameLimit({ limited = '', force, spec }: Attempt, issuer: string, run: Run): void {
  const [name, until = '', names] = limited.split(' ');
  const applies = name === issuer && names === idOfNames(spec.domainNames) && !force;
  const retryAt = applies ? Date.parse(until) : Number.NaN;
  if (!(retryAt > run.clock.now())) return;
  throw new RenewalFailure(
    'ca-rate-limited',
    `the CA of issuer ${issuer} has asked us to wait with these names until ${isoInstant(retryAt)}; nothing was sent to it`,
    { details: { retryAt } },
  );
}
