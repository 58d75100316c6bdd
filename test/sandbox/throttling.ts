import type { Fault } from './faults.ts';
import { randomNumbers } from './random-numbers.ts';

/** Throttles a share of an API's requests, drawn for each of them: `throttling('route53:*', 0.3)`. */
export function throttling(operation: string, share: number, seed = 1): Fault {
  const random = randomNumbers(seed);
  return {
    operation,
    when: () => random() < share,
    error: { status: 400, name: 'Throttling', message: 'Rate exceeded' },
  };
}
