import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ACMClient } from '@aws-sdk/client-acm';
import { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type Clients, listLeftovers } from './leftovers.ts';

const ours = {
  region: 'eu-central-1',
  regions: ['us-east-1'],
  stackName: 'EvercertOnAws',
  prefix: 'evercert-on-aws',
  apex: 'evercert-test.leane.dev',
  hostedZoneId: 'Z1',
};
const renewer = (value: string) => [{ Key: 'evercert:renewer', Value: value }];
const summary = (arn: string, DomainName: string, Type = 'IMPORTED') => ({ CertificateArn: arn, DomainName, Type });

/** Two pages for each operation: what a first page has, and what a second one has. */
const PAGES: Readonly<Record<string, readonly [object, object]>> = {
  ListSecrets: [
    { SecretList: [{ ARN: '1', Name: 'evercert-on-aws/a' }], NextToken: '2' },
    {
      SecretList: [
        { ARN: '2', Name: 'renamed', Tags: renewer('evercert-on-aws') },
        { ARN: '3', Name: 'evercert-on-aws/gone', DeletedDate: 1 },
        // Filters of AWS are prefixes.
        { ARN: '4', Name: 'theirs', Tags: renewer('evercert-on-aws-2') },
      ],
    },
  ],
  ListCertificates: [
    {
      CertificateSummaryList: [summary('arn:theirs', 'leane.dev'), summary('arn:amazon', 'x', 'AMAZON_ISSUED')],
      NextToken: '2',
    },
    { CertificateSummaryList: [summary('arn:named', 'rsa.evercert-test.leane.dev'), summary('arn:tagged', 'x')] },
  ],
};

describe('what test:aws has left', () => {
  let server: Server;
  let clients: Clients;
  let refused: string;

  const answer = (operation: string, body: string): string => {
    if (operation === 'ListTagsForCertificate') {
      return JSON.stringify({ Tags: body.includes('arn:tagged') ? renewer('evercert-on-aws') : [] });
    }
    if (operation === 'DescribeLogGroups') {
      const { logGroupNamePrefix, nextToken } = JSON.parse(body) as Record<string, string>;
      return JSON.stringify(
        nextToken ? { logGroups: [{ logGroupName: `${logGroupNamePrefix}Logs` }] } : { logGroups: [], nextToken: '2' },
      );
    }
    if (operation.startsWith('Action=DescribeStacks')) {
      const [names, token] = body.includes('NextToken')
        ? [['EvercertOnAws'], '']
        : [['Other'], '<NextToken>2</NextToken>'];
      const members = names.map(
        (name) =>
          `<member><StackName>${name}</StackName><StackStatus>DELETE_FAILED</StackStatus><CreationTime>2026-11-24T00:00:00Z</CreationTime></member>`,
      );
      return `<DescribeStacksResponse><DescribeStacksResult><Stacks>${members}</Stacks>${token}</DescribeStacksResult></DescribeStacksResponse>`;
    }
    const [first, second] = PAGES[operation] ?? [{}, {}];
    return JSON.stringify(/"nextToken":/i.test(body) ? second : first);
  };

  beforeAll(async () => {
    server = createServer(async (request, response) => {
      let body = '';
      for await (const chunk of request) body += chunk;
      const operation = String(request.headers['x-amz-target'] ?? '').split('.')[1] ?? body;
      if (operation.includes(refused)) {
        response.writeHead(400).end(JSON.stringify({ __type: 'AccessDeniedException', message: 'not you' }));
      } else response.end(answer(operation, body));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const options = {
      endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      region: ours.region,
      credentials: { accessKeyId: 'x', secretAccessKey: 'x' },
      maxAttempts: 1,
    };
    const acm = new ACMClient(options);
    const names = ['_acme-challenge.evercert-test.leane.dev', '_acme-challenge.leane.dev', 'evercert-test.leane.dev'];
    clients = {
      cloudFormation: new CloudFormationClient(options),
      logs: new CloudWatchLogsClient(options),
      secrets: new SecretsManagerClient(options),
      acm: () => acm,
      aws: { txtValues: async () => Object.fromEntries(names.map((name) => [name, []])) },
    };
  });
  afterAll(() => void server.close());
  beforeEach(() => {
    refused = 'nothing';
  });

  const list = async () => (await listLeftovers(ours, clients)).map((line) => line.replace(/: aws .*/, ''));

  it('is found by name and by tag, on whatever page', async () => {
    expect(await list()).toEqual([
      'stack EvercertOnAws, DELETE_FAILED',
      'log group EvercertOnAws-Logs',
      'log group /aws/lambda/EvercertOnAws-Logs',
      'secret evercert-on-aws/a',
      'secret renamed',
      'secret evercert-on-aws/gone, scheduled for deletion (costs nothing)',
      'import arn:named',
      'import arn:tagged',
      'TXT record set _acme-challenge.evercert-test.leane.dev in Z1: delete it in the console',
    ]);
  });

  it('comes with the command that takes it away', async () => {
    expect(await listLeftovers(ours, clients)).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/: aws cloudformation delete-stack --region eu-central-1 --stack-name EvercertOnAws$/),
        expect.stringMatching(/: aws acm delete-certificate --region us-east-1 --certificate-arn arn:tagged$/),
      ]),
    );
  });

  it('is listed as far as it can be', async () => {
    refused = 'ListSecrets';
    expect(await list()).toEqual(
      expect.arrayContaining([
        'log group EvercertOnAws-Logs',
        'secrets: could not be listed, look for them yourself: AccessDeniedException: not you',
      ]),
    );
  });
});
