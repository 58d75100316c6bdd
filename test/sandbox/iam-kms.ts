import type { Access } from './iam.ts';

export const DATA_KEY = 'kms:GenerateDataKey';
export const DECRYPT = 'kms:Decrypt';

/**
 * What KMS is asked for in the caller's name by a service that uses the caller's key; nothing without one. A key's own policy
 * is taken to leave the decision to IAM, as the one that CDK writes does.
 * https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html#conditions-kms-via-service
 */
export function keyAccess(
  service: 'secretsmanager' | 'lambda',
  region: string,
  keyArn: string | undefined,
  actions: readonly string[],
): readonly Access[] {
  if (keyArn === undefined) return [];
  const context = { 'kms:ViaService': `${service}.${region}.amazonaws.com` };
  return actions.map((action) => ({ action, resource: keyArn, context, resourcePolicy: KEY_POLICY }));
}

const KEY_POLICY = {
  Version: '2012-10-17',
  Statement: [
    { Effect: 'Allow', Principal: { AWS: 'arn:aws:iam::123456789012:root' }, Action: 'kms:*', Resource: '*' },
  ],
};
