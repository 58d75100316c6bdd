import { RenewalFailure } from '../lambdas/core/failure.ts';

/** What stops `cdk synth`: a sentence that names what is wrong and what to do. */
export function refusal(sentence: string): RenewalFailure {
  return new RenewalFailure('invalid-input', sentence);
}
