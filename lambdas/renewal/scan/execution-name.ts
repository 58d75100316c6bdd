import { digest } from '../digest.ts';

/**
 * Names the renewal that a scan, whose id is `requestId`, starts for one secret, so that a repeated scan starts it once. Not
 * named after the attempt: a name whose execution is over returns the old result until its retention ends,
 * and what stopped before it claimed anything would never be tried again.
 */
export function executionName(requestId: string, secretArn: string): string {
  return digest('execution', requestId, secretArn);
}
