import { Annotations, Stack } from 'aws-cdk-lib';
import type { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IConstruct } from 'constructs';
import { acknowledge } from './acknowledge.ts';

const NAMES = 'Certificates are made at run time: the names below the prefix are not known at synth.';

/** Why a statement of permissions.ts needs a wildcard, by its Sid; docs/permissions/README.md says more. */
const WHY_WILDCARD: Readonly<Record<string, string>> = {
  ListSecrets: 'ListSecrets takes no resource; it returns names and tags, never values.',
  DescribeSecrets: NAMES,
  RememberRenewalInfo: `${NAMES} Tags of renewal information alone, of secrets that carry our tag.`,
  ReadSecrets: NAMES,
  WriteSecrets: NAMES,
  GoLive: `${NAMES} The label AWSCURRENT alone.`,
  CreateCertificateSecrets: `${NAMES} Only with our tag.`,
  CreateSecrets: NAMES,
  OwnSecrets: NAMES,
  DeleteSecrets: `${NAMES} Only those that a stack has given up.`,
  FindHostedZones: 'ListHostedZones takes no resource.',
  ReadHostedZones: 'No zone is named in hostedZones, so that every zone of the account may answer challenges.',
  ChangeChallengeRecords: 'No zone is named in hostedZones; conditions leave TXT records of _acme-challenge alone.',
  FollowChanges: 'The id of a change is known after the change.',
  FindImports: 'ListCertificates takes no resource.',
  ReadImports: 'ACM chooses the ARN at the first import; neither action reads a private key.',
  ReadImportTags: 'ACM chooses the ARN at the first import.',
  ImportFirst: 'A first import has no ARN yet; only with our tag in the request.',
  TagFirstImport: 'Regions are in the specs; certificate/? matches no certificate that exists.',
  ImportAgain: 'ACM chooses the ARN at the first import; only over certificates that carry our tag.',
  DeleteTwinImport: 'ACM chooses the ARN at the first import; only certificates that carry our tag.',
  TagImports: 'ACM chooses the ARN at the first import; only certificates that carry our tag, and never our own tags.',
  DeleteImports: 'ACM chooses the ARN at the first import; only certificates that carry our tag.',
  CheckpointRenewals: "The function's versions; the ARN of a durable execution is below one of them.",
};

/** Acknowledges each wildcard of our own statements on the construct that holds them, with the reason. */
export function acknowledgeWildcards(holder: IConstruct, statements: readonly PolicyStatement[]): void {
  const stack = Stack.of(holder);
  for (const statement of statements) {
    const { Sid: sid, Resource: resource } = stack.resolve(statement.toStatementJson());
    const wildcards = [resource]
      .flat()
      .map(flatten)
      .filter((text) => text.includes('*'));
    if (wildcards.length === 0) continue;
    const reason = WHY_WILDCARD[sid];
    if (reason === undefined)
      throw new TypeError(`statement ${sid} has a wildcard, and no reason for it in findings.ts`);
    for (const text of wildcards) acknowledge(holder, `AwsSolutions-IAM5[Resource::${text}]`, `${sid}: ${reason}`);
  }
}

/** What CDK adds to a function's role by itself. */
export function acknowledgeTracing(role: IConstruct): void {
  acknowledge(
    role,
    'AwsSolutions-IAM5[Resource::*]',
    'xray:PutTraceSegments and PutTelemetryRecords take no resource.',
  );
}

export function acknowledgeDestinations(construct: IConstruct): void {
  acknowledge(
    construct,
    'Serverless-LambdaAsyncFailureDestination',
    'Each function has a dead-letter queue, which an alarm watches, or is durable: those support no destinations.',
  );
}

export function acknowledgeDurability(fn: IConstruct): void {
  Annotations.of(fn).acknowledgeInfo(
    'aws-lambda:Function.DurableConfig',
    'Its id differs between the two modes, so that the function is replaced, as it has to be.',
  );
  acknowledge(
    fn,
    'Serverless-LambdaDLQ',
    'Each scan starts again what is due, and an alarm tells of failed executions: docs/decisions/0002-durable-steps.md.',
  );
}

/** A resolved value as cdk-nag writes it in the id of a finding: references in angle brackets. */
function flatten(value: unknown): string {
  if (typeof value === 'string') return value;
  const [[kind, content] = ['', undefined]] = Object.entries(Object(value)) as [string, unknown][];
  if (kind === 'Ref') return `<${String(content)}>`;
  if (kind === 'Fn::GetAtt') return `<${(content as readonly unknown[]).map(flatten).join('.')}>`;
  if (kind === 'Fn::Join') {
    const [delimiter, parts] = content as [string, readonly unknown[]];
    return parts.map(flatten).join(delimiter);
  }
  return JSON.stringify(value);
}
