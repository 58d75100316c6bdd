import { ArnFormat, type Stack } from 'aws-cdk-lib';
import { Effect, PolicyStatement, type PolicyStatementProps } from 'aws-cdk-lib/aws-iam';
import { KEPT_TAG, RENEWER_TAG, RESERVED_KEYS, writeCertificateTags } from '../lambdas/core/certificate-tags.ts';
import { LIVE } from '../lambdas/core/stages.ts';
import { allow } from './allow.ts';
import { challengeStatements } from './dns-permissions.ts';
import { secretsBelow } from './secret-arns.ts';

/** What the functions may touch. docs/permissions/README.md has an entry for each statement, under its Sid. */
export interface Scope {
  readonly stack: Stack;
  readonly prefix: string;
  /** The value of the tag `evercert:renewer`. */
  readonly renewer: string;
  /** ARN patterns of secrets outside of the prefix that were adopted. */
  readonly adoptedSecrets: readonly string[];
  /** Empty: every zone of the account. */
  readonly hostedZoneIds: readonly string[];
  readonly cnameTargets: readonly string[];
}

/** Tags of a secret that the scan writes: what the CA suggested, about which certificate, and when to ask again. */
const SCAN_TAGS = Object.keys(writeCertificateTags({ ariId: '', ariCheck: 0, renewAt: 0 }));

/** The scan: metadata alone. It has no action that reads a secret's value. */
export function scanStatements(scope: Scope): readonly PolicyStatement[] {
  return [
    allow('ListSecrets', ['secretsmanager:ListSecrets'], ['*']),
    allow('DescribeSecrets', ['secretsmanager:DescribeSecret'], secretsOf(scope)),
    allow('RememberRenewalInfo', ['secretsmanager:TagResource'], secretsOf(scope), {
      ...hasTag(RENEWER_TAG, scope),
      'ForAllValues:StringEquals': { 'aws:TagKeys': SCAN_TAGS },
      Null: { 'aws:TagKeys': 'false' },
    }),
  ];
}

/** A renewal: secrets below the prefix, challenge records, imports that are ours. */
export function renewStatements(scope: Scope): readonly PolicyStatement[] {
  const secrets = secretsOf(scope);
  return [
    readStatement(secrets),
    allow('WriteSecrets', ['secretsmanager:PutSecretValue', 'secretsmanager:TagResource'], secrets),
    allow('GoLive', ['secretsmanager:UpdateSecretVersionStage'], secrets, {
      StringEquals: { 'secretsmanager:VersionStage': LIVE },
    }),
    allow('CreateCertificateSecrets', ['secretsmanager:CreateSecret'], [below(scope)], {
      StringEquals: { [`aws:RequestTag/${RENEWER_TAG}`]: scope.renewer },
    }),
    ...challengeStatements(scope),
    ...acmStatements(scope),
  ];
}

/** The custom resources: write what is wanted, and take away what their stack owned. Adopted secrets are no stack's. */
export function provisionStatements(scope: Scope): readonly PolicyStatement[] {
  const secrets = [below(scope)];
  return [
    readStatement(secrets),
    allow('CreateSecrets', ['secretsmanager:CreateSecret'], secrets),
    allow(
      'OwnSecrets',
      [
        'secretsmanager:PutSecretValue',
        'secretsmanager:RestoreSecret',
        'secretsmanager:TagResource',
        'secretsmanager:UntagResource',
      ],
      secrets,
    ),
    allow('DeleteSecrets', ['secretsmanager:DeleteSecret'], secrets, hasTag(KEPT_TAG, scope)),
    allow('FindImports', ['acm:ListCertificates'], ['*']),
    allow('ReadImportTags', ['acm:ListTagsForCertificate'], [certificates(scope, '*')]),
    allow('TagImports', ['acm:AddTagsToCertificate', 'acm:RemoveTagsFromCertificate'], [certificates(scope, '*')], {
      ...hasTag(RENEWER_TAG, scope),
      'ForAllValues:StringNotLike': { 'aws:TagKeys': `${RESERVED_KEYS}*` },
      Null: { 'aws:TagKeys': 'false' },
    }),
    allow('DeleteImports', ['acm:DeleteCertificate'], [certificates(scope, '*')], hasTag(RENEWER_TAG, scope)),
  ];
}

/** Starting renewals, through the alias alone. */
export function startStatement(aliasArn: string): PolicyStatement {
  return allow('StartRenewals', ['lambda:InvokeFunction'], [aliasArn]);
}

/** The issuers' external account bindings, one by one. */
export function bindingStatement(secretArns: readonly string[]): PolicyStatement {
  return allow(
    'ReadExternalAccountBindings',
    ['secretsmanager:DescribeSecret', 'secretsmanager:GetSecretValue'],
    secretArns,
  );
}

/** A customer's own keys for secrets, used through Secrets Manager alone. */
export function secretsKeyStatement(keyArns: readonly string[], stack: Stack): PolicyStatement {
  return keyStatement('UseSecretsKey', 'secretsmanager', keyArns, stack);
}

/** A customer's own keys for the history of durable executions, used through Lambda alone. */
export function executionKeyStatement(keyArns: readonly string[], stack: Stack): PolicyStatement {
  return keyStatement('UseExecutionKey', 'lambda', keyArns, stack);
}

/** What Lambda does with a role's rights where a function is in a VPC. */
const NETWORK_ACTIONS = [
  'ec2:AssignPrivateIpAddresses',
  'ec2:CreateNetworkInterface',
  'ec2:DeleteNetworkInterface',
  'ec2:DescribeNetworkInterfaces',
  'ec2:DescribeSubnets',
  'ec2:UnassignPrivateIpAddresses',
];

/**
 * For Lambda, and not for the code that runs in it, whose requests carry `lambda:SourceFunctionArn`:
 * https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html#configuration-vpc-permissions
 */
export function networkStatements(stack: Stack): readonly PolicyStatement[] {
  const functions = stack.formatArn({
    service: 'lambda',
    resource: 'function',
    resourceName: '*',
    arnFormat: ArnFormat.COLON_RESOURCE_NAME,
  });
  return [
    allow('ManageNetworkInterfaces', NETWORK_ACTIONS, ['*']),
    new PolicyStatement({
      sid: 'KeepNetworkInterfacesFromCode',
      effect: Effect.DENY,
      actions: NETWORK_ACTIONS,
      resources: ['*'],
      conditions: { ArnLike: { 'lambda:SourceFunctionArn': functions } },
    }),
  ];
}

/** https://docs.aws.amazon.com/lambda/latest/dg/durable-security.html */
export function durableStatement(functionArn: string): PolicyStatement {
  return allow(
    'CheckpointRenewals',
    ['lambda:CheckpointDurableExecution', 'lambda:GetDurableExecutionState'],
    [`${functionArn}:*`],
  );
}

function keyStatement(sid: string, service: string, keyArns: readonly string[], stack: Stack): PolicyStatement {
  return allow(sid, ['kms:Decrypt', 'kms:GenerateDataKey'], keyArns, {
    StringEquals: { 'kms:ViaService': `${service}.${stack.region}.${stack.urlSuffix}` },
  });
}

function readStatement(secrets: readonly string[]): PolicyStatement {
  return allow('ReadSecrets', ['secretsmanager:DescribeSecret', 'secretsmanager:GetSecretValue'], secrets);
}

/**
 * A first import carries our tag, and one over an existing certificate can't carry any (ACM refuses it), so it needs the
 * tag on the certificate. A first import has no ARN yet: ACM asks for the right to `certificate/*`, literally, which
 * `certificate/?` matches and no certificate's ARN does. So the right to tag reaches no certificate that exists.
 */
function acmStatements(scope: Scope): readonly PolicyStatement[] {
  const asksForOurTag = { StringEquals: { [`aws:RequestTag/${RENEWER_TAG}`]: scope.renewer } };
  return [
    allow('FindImports', ['acm:ListCertificates'], ['*']),
    allow('ReadImports', ['acm:DescribeCertificate', 'acm:ListTagsForCertificate'], [certificates(scope, '*')]),
    allow('ImportFirst', ['acm:ImportCertificate'], [certificates(scope, '*')], asksForOurTag),
    allow('TagFirstImport', ['acm:AddTagsToCertificate'], [certificates(scope, '?')], asksForOurTag),
    allow('ImportAgain', ['acm:ImportCertificate'], [certificates(scope, '*')], hasTag(RENEWER_TAG, scope)),
    allow('DeleteTwinImport', ['acm:DeleteCertificate'], [certificates(scope, '*')], hasTag(RENEWER_TAG, scope)),
  ];
}

function hasTag(key: string, { renewer }: Scope): PolicyStatementProps['conditions'] {
  return { StringEquals: { [`aws:ResourceTag/${key}`]: renewer } };
}

function secretsOf(scope: Scope): readonly string[] {
  return [below(scope), ...scope.adoptedSecrets];
}

function below({ prefix, stack }: Scope): string {
  return secretsBelow(prefix, stack);
}

/** Every region: a spec names the regions. */
function certificates({ stack }: Scope, id: string): string {
  return stack.formatArn({ service: 'acm', region: '*', resource: 'certificate', resourceName: id });
}
