import { X509Certificate } from 'node:crypto';
import {
  ACMClient,
  type CertificateSummary,
  GetCertificateCommand,
  KeyAlgorithm,
  paginateListCertificates,
} from '@aws-sdk/client-acm';
import {
  ChangeResourceRecordSetsCommand,
  CreateHostedZoneCommand,
  ListResourceRecordSetsCommand,
  type ListResourceRecordSetsCommandOutput,
  type ListResourceRecordSetsRequest,
  type ResourceRecordSet,
  Route53Client,
} from '@aws-sdk/client-route-53';
import { DescribeSecretCommand, GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { type CertificateTags, readCertificateTags } from '../../lambdas/core/certificate-tags.ts';
import type { PairValue } from '../../lambdas/core/secret-value.ts';

export type LivePair = PairValue & { readonly fullchain: string };

/** What a user of AWS sees and does, over its API alone, whoever answers. */
export interface AwsView {
  /** Returns the zone's id. */
  createZone(name: string): Promise<string>;
  /** Values of all TXT record sets of a zone, as the API has them, by name without a trailing dot. */
  txtValues(zoneId: string): Promise<Readonly<Record<string, readonly string[]>>>;
  writeTxt(action: 'CREATE' | 'DELETE', zoneId: string, name: string, value: string): Promise<void>;
  /** The pair behind a staging label of a managed certificate. */
  pair(certificate: string, stage?: string): Promise<LivePair>;
  /** The value behind a staging label, as it is. */
  value(certificate: string, stage: string): Promise<string>;
  tags(certificate: string): Promise<CertificateTags>;
  /** Version ids with their labels. */
  versions(certificate: string): Promise<Readonly<Record<string, readonly string[]>>>;
  /** What ACM has for a domain name in a region: ARN and serial number (lower-case hex without separators). */
  imports(region: string, domainName: string): Promise<readonly { readonly arn: string; readonly serial: string }[]>;
  close(): void;
}

/** Takes endpoints and credentials from the environment, as the handlers do. */
export function lookAtAws(prefix = 'evercert'): AwsView {
  const route53 = new Route53Client({});
  const secrets = new SecretsManagerClient({});
  const acm = new Map<string, ACMClient>();
  const acmIn = (region: string): ACMClient => {
    const client = acm.get(region) ?? new ACMClient({ region });
    acm.set(region, client);
    return client;
  };
  const secretId = (certificate: string) => `${prefix}/${certificate}`;
  const describe = (certificate: string) =>
    secrets.send(new DescribeSecretCommand({ SecretId: secretId(certificate) }));
  const value = async (certificate: string, stage: string): Promise<string> => {
    const command = new GetSecretValueCommand({ SecretId: secretId(certificate), VersionStage: stage });
    return (await secrets.send(command)).SecretString ?? '';
  };
  return {
    createZone: async (name) => {
      const command = new CreateHostedZoneCommand({ Name: name, CallerReference: name });
      return (await route53.send(command)).HostedZone?.Id?.replace('/hostedzone/', '') ?? '';
    },
    txtValues: async (zoneId) => {
      const recordSets: ResourceRecordSet[] = [];
      for (
        let next: Pick<ListResourceRecordSetsRequest, 'StartRecordName' | 'StartRecordType'> | undefined = {};
        next;
      ) {
        const command = new ListResourceRecordSetsCommand({ HostedZoneId: zoneId, ...next });
        const page: ListResourceRecordSetsCommandOutput = await route53.send(command);
        recordSets.push(...(page.ResourceRecordSets ?? []));
        next = page.IsTruncated
          ? { StartRecordName: page.NextRecordName, StartRecordType: page.NextRecordType }
          : undefined;
      }
      return Object.fromEntries(
        recordSets
          .filter(({ Type }) => Type === 'TXT')
          .map(({ Name = '', ResourceRecords = [] }) => [
            Name.replace(/\.$/, ''),
            ResourceRecords.map(({ Value = '' }) => Value),
          ]),
      );
    },
    writeTxt: async (action, zoneId, name, text) => {
      const recordSet = { Name: name, Type: 'TXT' as const, TTL: 60, ResourceRecords: [{ Value: text }] };
      await route53.send(
        new ChangeResourceRecordSetsCommand({
          HostedZoneId: zoneId,
          ChangeBatch: { Changes: [{ Action: action, ResourceRecordSet: recordSet }] },
        }),
      );
    },
    pair: async (certificate, stage = 'AWSCURRENT') => JSON.parse(await value(certificate, stage)) as LivePair,
    value,
    tags: async (certificate) => {
      const { Tags = [] } = await describe(certificate);
      return readCertificateTags(Object.fromEntries(Tags.map(({ Key = '', Value = '' }) => [Key, Value])));
    },
    versions: async (certificate) => (await describe(certificate)).VersionIdsToStages ?? {},
    imports: async (region, domainName) => {
      const client = acmIn(region);
      const summaries: CertificateSummary[] = [];
      const Includes = { keyTypes: Object.values(KeyAlgorithm) };
      for await (const { CertificateSummaryList = [] } of paginateListCertificates({ client }, { Includes })) {
        summaries.push(...CertificateSummaryList.filter(({ Type }) => Type !== 'AMAZON_ISSUED'));
      }
      // Read from the certificate itself, because emulators spell serial numbers as they like.
      const imports = await Promise.all(
        summaries.map(async ({ CertificateArn: arn = '' }) => {
          const { Certificate = '' } = await client.send(new GetCertificateCommand({ CertificateArn: arn }));
          return { arn, leaf: new X509Certificate(Certificate) };
        }),
      );
      return imports
        .filter(({ leaf }) => leaf.subjectAltName?.split(', ').includes(`DNS:${domainName}`))
        .map(({ arn, leaf }) => ({ arn, serial: leaf.serialNumber.toLowerCase() }));
    },
    close: () => {
      for (const client of [route53, secrets, ...acm.values()]) client.destroy();
    },
  };
}
