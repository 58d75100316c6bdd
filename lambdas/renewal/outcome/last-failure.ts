import { messageOf, RenewalFailure } from '../../core/failure.ts';
import { isoInstant } from '../../core/instant.ts';
import { jsonObjectIn } from '../../core/json-text.ts';
import { FAILURE } from '../../core/stages.ts';
import { parseStoredFailure, toStoredFailure } from '../../core/stored-failure.ts';
import { digest } from '../digest.ts';
import type { Run } from '../run.ts';

/**
 * Keeps the last failure's sentence and details where they can be read without reading a key: in a version of its own
 * (`ACME_FAILURE`), because a tag holds neither the quotation marks of a CA nor more than 256 characters. Never throws.
 */
export async function storeFailure(
  arn: string,
  failure: RenewalFailure,
  run: Pick<Run, 'vault' | 'log' | 'clock' | 'id'>,
): Promise<void> {
  const at = run.clock.now();
  const value = JSON.stringify({ ...toStoredFailure(failure), at: isoInstant(at) });
  try {
    await run.vault.put({ id: arn, value, token: digest('failure', arn, run.id, value), stage: FAILURE });
  } catch (error) {
    run.log.warn("the failure's sentence could not be stored; the log has it", {
      secret: arn,
      problem: messageOf(error),
    });
  }
}

/** The failure again; one without details when its sentence is missing, or somebody else's by now. */
export async function readFailure(
  secret: { readonly arn: string; readonly stages: Readonly<Record<string, string>> },
  code: RenewalFailure['code'],
  { vault }: Pick<Run, 'vault'>,
): Promise<RenewalFailure> {
  const version = secret.stages[FAILURE];
  const text = version === undefined ? undefined : await vault.read(secret.arn, version);
  const { message, data } = jsonObjectIn(text) ?? {};
  const failure =
    typeof message === 'string' && typeof data === 'string' ? parseStoredFailure({ message, data }) : undefined;
  if (failure?.code === code) return failure;
  return new RenewalFailure(code, `the renewal failed with ${code}: the log of the renew function says why`);
}
