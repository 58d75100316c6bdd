import {
  type ACMClient,
  type CertificateSummary,
  KeyAlgorithm,
  ListTagsForCertificateCommand,
  paginateListCertificates,
} from '@aws-sdk/client-acm';
import { type CloudFormationClient, paginateDescribeStacks } from '@aws-sdk/client-cloudformation';
import { type CloudWatchLogsClient, paginateDescribeLogGroups } from '@aws-sdk/client-cloudwatch-logs';
import {
  type FilterNameStringType,
  paginateListSecrets,
  type SecretListEntry,
  type SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { RENEWER_TAG } from '../../lambdas/core/certificate-tags.ts';
import type { AwsView } from '../interop/aws-view.ts';

/** Where to look, and what ours is called. */
export interface Ours {
  /** The stack's. */
  readonly region: string;
  /** Those of the imports. */
  readonly regions: readonly string[];
  readonly stackName: string;
  /** Of the secrets' names, and the value of `evercert:renewer` on secrets and imports. */
  readonly prefix: string;
  /** Certificates are for it and for names below it. */
  readonly apex: string;
  readonly hostedZoneId: string;
}

export interface Clients {
  readonly cloudFormation: CloudFormationClient;
  readonly logs: CloudWatchLogsClient;
  readonly secrets: SecretsManagerClient;
  acm(region: string): ACMClient;
  readonly aws: Pick<AwsView, 'txtValues'>;
}

/**
 * What of ours is in the account, over all pages of each list: a sentence each, with the command that takes it away. Never
 * throws: a list that can't be had is a sentence, too.
 */
export async function listLeftovers(ours: Ours, clients: Clients): Promise<readonly string[]> {
  const lists: readonly (readonly [what: string, list: () => Promise<readonly string[]>])[] = [
    ['stacks', () => stacks(ours, clients)],
    ['log groups', () => logGroups(ours, clients)],
    ['secrets', () => secrets(ours, clients)],
    ...ours.regions.map((region) => [`imports in ${region}`, () => imports(region, ours, clients)] as const),
    ['TXT record sets', () => recordSets(ours, clients)],
  ];
  const found = await Promise.all(
    lists.map(([what, list]) =>
      list().catch((error: unknown) => [`${what}: could not be listed, look for them yourself: ${String(error)}`]),
    ),
  );
  return found.flat();
}

async function stacks({ region, stackName }: Ours, { cloudFormation: client }: Clients): Promise<readonly string[]> {
  const found: string[] = [];
  for await (const { Stacks = [] } of paginateDescribeStacks({ client }, {})) {
    const stack = Stacks.find(({ StackName }) => StackName === stackName);
    if (stack && stack.StackStatus !== 'DELETE_COMPLETE') {
      found.push(
        `stack ${stackName}, ${stack.StackStatus}: aws cloudformation delete-stack --region ${region} --stack-name ${stackName}`,
      );
    }
  }
  return found;
}

/** The stack's have names that begin with its own; what Lambda makes by itself, with the function's. */
async function logGroups({ region, stackName }: Ours, { logs: client }: Clients): Promise<readonly string[]> {
  const found: string[] = [];
  for (const logGroupNamePrefix of [`${stackName}-`, `/aws/lambda/${stackName}-`]) {
    for await (const { logGroups = [] } of paginateDescribeLogGroups({ client }, { logGroupNamePrefix })) {
      for (const { logGroupName } of logGroups) {
        found.push(
          `log group ${logGroupName}: aws logs delete-log-group --region ${region} --log-group-name ${logGroupName}`,
        );
      }
    }
  }
  return found;
}

/** By name, and by tag. */
async function secrets({ region, prefix }: Ours, { secrets: client }: Clients): Promise<readonly string[]> {
  const found = new Map<string, SecretListEntry>();
  const filters: readonly (readonly [FilterNameStringType, string])[][] = [
    [['name', `${prefix}/`]],
    [
      ['tag-key', RENEWER_TAG],
      ['tag-value', prefix],
    ],
  ];
  for (const each of filters) {
    const Filters = each.map(([Key, value]) => ({ Key, Values: [value] }));
    for await (const { SecretList = [] } of paginateListSecrets(
      { client },
      { Filters, IncludePlannedDeletion: true },
    )) {
      for (const secret of SecretList) {
        if (isOurs(secret, prefix)) found.set(secret.ARN ?? '', secret);
      }
    }
  }
  return [...found.values()].map(({ Name, DeletedDate }) =>
    DeletedDate === undefined
      ? `secret ${Name}: aws secretsmanager delete-secret --region ${region} --secret-id ${Name}`
      : `secret ${Name}, scheduled for deletion (costs nothing)`,
  );
}

/** Filters compare beginnings, and each of the two for itself. */
function isOurs({ Name = '', Tags = [] }: SecretListEntry, prefix: string): boolean {
  return Name.startsWith(`${prefix}/`) || Tags.some(({ Key, Value }) => Key === RENEWER_TAG && Value === prefix);
}

/** By tag, and by name: what `open-points.ts` imports has no tag. */
async function imports(region: string, ours: Ours, clients: Clients): Promise<readonly string[]> {
  const client = clients.acm(region);
  const found: string[] = [];
  const Includes = { keyTypes: Object.values(KeyAlgorithm) };
  for await (const { CertificateSummaryList = [] } of paginateListCertificates({ client }, { Includes })) {
    for (const summary of CertificateSummaryList) {
      const { CertificateArn: arn } = summary;
      if (summary.Type !== undefined && summary.Type !== 'IMPORTED') continue;
      if (isNamed(summary, ours) || (await hasTag(client, arn, ours))) {
        found.push(`import ${arn}: aws acm delete-certificate --region ${region} --certificate-arn ${arn}`);
      }
    }
  }
  return found;
}

function isNamed(summary: CertificateSummary, { apex }: Ours): boolean {
  const names = [summary.DomainName ?? '', ...(summary.SubjectAlternativeNameSummaries ?? [])];
  return names.some((name) => name === apex || name.endsWith(`.${apex}`));
}

async function hasTag(client: ACMClient, CertificateArn: string | undefined, { prefix }: Ours): Promise<boolean> {
  const { Tags = [] } = await client.send(new ListTagsForCertificateCommand({ CertificateArn }));
  return Tags.some(({ Key, Value }) => Key === RENEWER_TAG && Value === prefix);
}

async function recordSets({ apex, hostedZoneId }: Ours, { aws }: Clients): Promise<readonly string[]> {
  return Object.keys(await aws.txtValues(hostedZoneId))
    .filter((name) => name.startsWith('_acme-challenge.') && name.endsWith(`.${apex}`))
    .map((name) => `TXT record set ${name} in ${hostedZoneId}: delete it in the console`);
}
