import { ACCOUNT } from './aws-account.ts';
import { optionalText, optionalTexts, readInput, requiredText } from './aws-json.ts';
import { readTags } from './aws-tags.ts';
import type { Access, AccessOf } from './iam.ts';
import { DATA_KEY, DECRYPT, keyAccess } from './iam-kms.ts';
import { requestTags, resourceTags } from './iam-tags.ts';
import type { SecretsManager } from './secrets-manager.ts';

/**
 * https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssecretsmanager.html
 *
 * A secret is known by the ARN that it has, whatever the request calls it. A name that no secret has makes an ARN without
 * the six characters at its end, as far as is known: AWS's text doesn't say.
 */
export function secretsManagerAccess(secretsManager: SecretsManager): AccessOf {
  return (operation, { body, region }) => {
    const input = readInput(body);
    const arnOf = (name: string) => `arn:aws:secretsmanager:${region}:${ACCOUNT}:secret:${name}`;
    const of = (name: string, access: Partial<Access> = {}): Access => {
      const id = requiredText(input, 'SecretId');
      const secret = secretsManager.secret(id, region);
      const resource = secret?.arn ?? (id.startsWith('arn:') ? id : arnOf(id));
      const context = { ...resourceTags(secret?.tags), ...access.context };
      return { action: `secretsmanager:${name}`, resource, context };
    };

    const keyOf = (actions: readonly string[]) =>
      keyAccess(
        'secretsmanager',
        region,
        secretsManager.secret(requiredText(input, 'SecretId'), region)?.kmsKeyId,
        actions,
      );

    switch (operation) {
      case 'ListSecrets':
        return [{ action: 'secretsmanager:ListSecrets', resource: '*' }];
      case 'CreateSecret': {
        const resource = arnOf(requiredText(input, 'Name'));
        const tags = readTags(input);
        const context = requestTags(tags);
        const create = { action: 'secretsmanager:CreateSecret', resource, context };
        // https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html
        const tag = { action: 'secretsmanager:TagResource', resource, context };
        const key = keyAccess('secretsmanager', region, optionalText(input, 'KmsKeyId'), [DATA_KEY, DECRYPT]);
        return [create, ...(Object.keys(tags).length > 0 ? [tag] : []), ...key];
      }
      case 'GetSecretValue':
      case 'UpdateSecretVersionStage': {
        const stage = optionalText(input, 'VersionStage');
        const access = of(operation, { context: stage === undefined ? {} : { 'secretsmanager:VersionStage': stage } });
        return operation === 'GetSecretValue' ? [access, ...keyOf([DECRYPT])] : [access];
      }
      case 'PutSecretValue':
        return [of(operation), ...keyOf([DATA_KEY])];
      case 'TagResource':
        return [of(operation, { context: requestTags(readTags(input)) })];
      case 'UntagResource':
        return [of(operation, { context: { 'aws:TagKeys': optionalTexts(input, 'TagKeys') ?? [] } })];
      default:
        return [of(operation)];
    }
  };
}
