import type { AcmImport } from '../../core/certificate-tags.ts';
import { type FailureCode, RenewalFailure, toFailure } from '../../core/failure.ts';
import type { Attempt } from '../attempt.ts';
import type { Steps } from '../ports/steps.ts';
import type { Run } from '../run.ts';
import { importLive } from './publish.ts';

/** What ACM has got, also when a region has refused. */
export interface ImportedEverywhere {
  readonly imports: Attempt['imports'];
  /** Of the first region that failed; its sentence names them all. */
  readonly failure?: RenewalFailure;
}

/** Of the attempt, and not of a region: nothing more may be done. */
const ENDS_THE_ATTEMPT: ReadonlySet<FailureCode> = new Set(['claim-lost', 'attempt-timeout']);

/**
 * Brings the live pair to ACM in each region of the spec, one after another. A region that fails keeps it from no other,
 * whose load balancers would serve the old pair until that expires. Never throws.
 */
export async function importEverywhere(
  attempt: Attempt,
  version: string,
  steps: Steps,
  run: Run,
): Promise<ImportedEverywhere> {
  const imported: [region: string, AcmImport][] = [];
  const failed: [region: string, RenewalFailure][] = [];
  for (const region of attempt.spec.acm) {
    try {
      imported.push([
        region,
        await steps.run(`import into ACM ${region}`, () => importLive(attempt, version, region, run)),
      ]);
    } catch (error) {
      const failure = toFailure(error);
      failed.push([region, failure]);
      if (ENDS_THE_ATTEMPT.has(failure.code)) break;
    }
  }
  const imports = { ...attempt.imports, ...Object.fromEntries(imported) };
  const failure = together(failed);
  return failure ? { imports, failure } : { imports };
}

function together(failed: readonly (readonly [region: string, RenewalFailure])[]): RenewalFailure | undefined {
  const [first, ...others] = failed;
  if (!first || others.length === 0) return first?.[1];
  const [, { code, retry, details }] = first;
  const sentences = failed.map(([region, failure]) => `in ${region} (${failure.code}), ${failure.message}`);
  return new RenewalFailure(
    code,
    `the live pair could not be brought to ACM in ${failed.length} regions: ${sentences.join('; ')}`,
    { cause: first[1], retry, details },
  );
}
