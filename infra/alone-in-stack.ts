import type { Stack } from 'aws-cdk-lib';
import { refusal } from './refusal.ts';

const renewersIn = new WeakMap<Stack, Set<string>>();

/**
 * Refuses a second `CertificateRenewer` with the same `renewer` in a stack: each would renew the other's certificates, whose
 * names `takeName` could not tell apart.
 */
export function expectAlone(stack: Stack, renewer: string): void {
  const names = renewersIn.get(stack) ?? new Set();
  if (names.has(renewer)) {
    throw refusal(
      `there are two CertificateRenewers with the renewer ${renewer} in ${stack.stackName}: name one otherwise`,
    );
  }
  renewersIn.set(stack, names.add(renewer));
}
