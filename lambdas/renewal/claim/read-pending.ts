import { RenewalFailure } from '../../core/failure.ts';
import { isoInstant } from '../../core/instant.ts';
import type { Run } from '../run.ts';
import { isOtherVersion, type OtherVersion, type Pending, parsePending } from './pending.ts';

/**
 * `undefined` when there is none, or none that can be read. Throws `other-version` while another version of evercert owns the
 * certificate.
 */
export async function readPending(arn: string, version: string | undefined, run: Run): Promise<Pending | undefined> {
  const text = version === undefined ? undefined : await run.vault.read(arn, version);
  if (text === undefined) return undefined;
  const pending = parsePending(text);
  if (pending && !isOtherVersion(pending)) return pending;
  if (pending && pending.leaseUntil > run.clock.now()) throw otherVersion(pending);
  run.log.warn('the pending version can not be read and is passed over', { secret: arn, version });
  return undefined;
}

function otherVersion({ schema, leaseUntil }: OtherVersion): RenewalFailure {
  const lease = isoInstant(leaseUntil);
  return new RenewalFailure(
    'other-version',
    `another version of evercert (claims of schema ${schema}) works on this certificate until ${lease}; this one takes over after that. See that one version is deployed.`,
  );
}
