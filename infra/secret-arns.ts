import { ArnFormat, type Stack, Token } from 'aws-cdk-lib';
import { refusal } from './refusal.ts';

/** Secrets Manager appends a hyphen and six characters to a secret's name. */
const SUFFIX = '-??????';

/** The ARNs of all secrets whose name begins with `<prefix>/`. */
export function secretsBelow(prefix: string, stack: Stack): string {
  return arnOf(`${prefix}/*`, stack);
}

/** What matches exactly one secret in a policy: from its name, its ARN with or without the suffix, or a token. */
export function secretArnPattern(nameOrArn: string, stack: Stack): string {
  if (/:secret:.+-[A-Za-z0-9]{6}$/.test(nameOrArn)) return nameOrArn;
  // A literal name at the end, such as that of `Secret.fromSecretNameV2`, lacks the suffix.
  if (/:secret:[^:$]+$/.test(nameOrArn)) return `${nameOrArn}${SUFFIX}`;
  if (Token.isUnresolved(nameOrArn)) return nameOrArn;
  if (/^[A-Za-z0-9/_+=.@-]{1,512}$/.test(nameOrArn)) return arnOf(`${nameOrArn}${SUFFIX}`, stack);
  throw refusal(`${JSON.stringify(nameOrArn)} is neither the name nor the ARN of a secret`);
}

function arnOf(resourceName: string, stack: Stack): string {
  return stack.formatArn({
    service: 'secretsmanager',
    resource: 'secret',
    resourceName,
    arnFormat: ArnFormat.COLON_RESOURCE_NAME,
  });
}
