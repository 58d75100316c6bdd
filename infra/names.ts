import { certificateNameSchema, isSecretArn } from '../lambdas/core/certificate-name.ts';
import { baseName } from '../lambdas/core/domain-name.ts';
import { parseInput } from '../lambdas/core/input.ts';
import { issuerNameSchema } from '../lambdas/core/issuer-name.ts';
import { refusal } from './refusal.ts';

/** Throws `invalid-input` for what core does not take as an issuer's name. */
export function parseIssuerName(name: string): string {
  return parseInput(issuerNameSchema, name, `issuer name ${JSON.stringify(name)}`);
}

/** A certificate's name by default: the first domain name, without `*.`. */
export function defaultName(domainNames: readonly string[]): string {
  return baseName(domainNames[0] ?? '');
}

/** A certificate of a stack is named by a name; a secret's ARN would tie it to what was deployed once. */
export function parseCertificateName(name: string): string {
  if (isSecretArn(name)) throw refusal(`certificate name ${JSON.stringify(name)}: it must be a name, not an ARN`);
  return parseInput(certificateNameSchema, name, `certificate name ${JSON.stringify(name)}`);
}
