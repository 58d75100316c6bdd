import type { IKey } from 'aws-cdk-lib/aws-kms';
import { refusal } from './refusal.ts';

/**
 * Refuses an alias, which CDK takes for a key: in the policies of our roles it would grant nothing.
 * https://docs.aws.amazon.com/kms/latest/developerguide/cmks-in-iam-policies.html
 */
export function expectNoAlias(key: IKey): void {
  if (!('aliasName' in key) && !key.keyArn.includes(':alias/')) return;
  throw refusal(
    'encryptionKey is an alias (or one of otherEncryptionKeys), and no policy can name a key by its alias; hand in the key: Key.fromKeyArn(…), or Key.fromLookup(…), which takes an alias',
  );
}
