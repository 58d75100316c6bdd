import { RenewalFailure, toFailure } from '../../core/failure.ts';
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
  const failed: [region: string, RenewalFailure][] = [];
  let { imports } = attempt;
  for (const region of attempt.spec.acm) {
    try {
      const imported = await steps.run(`import into ACM ${region}`, () => importLive(attempt, version, region, run));
      imports = { ...imports, [region]: imported };
    } catch (error) {
      const failure = toFailure(error);
      // Somebody else goes on, in all regions.
      if (failure.code === 'claim-lost') return { imports, failure };
      failed.push([region, failure]);
      if (failure.code === 'attempt-timeout') break;
    }
  }
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
