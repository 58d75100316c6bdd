import { request } from 'node:http';
import { ACMClient, DescribeCertificateCommand } from '@aws-sdk/client-acm';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { ChangeResourceRecordSetsCommand, ListHostedZonesCommand, Route53Client } from '@aws-sdk/client-route-53';
import { ListSecretsCommand, RotateSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Acm } from './acm.ts';
import { type AwsRequest, type AwsService, AwsServiceError } from './aws-service.ts';
import { LambdaService } from './lambda.ts';
import { Route53 } from './route53.ts';
import { SecretsManager } from './secrets-manager.ts';
import { startTestAws, type TestAws } from './test-aws.ts';
import { VirtualClock } from './virtual-clock.ts';

/** A service whose one operation does what the test says. */
class Programmable implements AwsService {
  readonly name = 'secretsmanager';
  readonly protocol = 'json-1.1';
  readonly requests: AwsRequest[] = [];
  act: () => void = () => undefined;

  operationOf({ headers }: AwsRequest): string | undefined {
    return headers['x-amz-target'] === 'secretsmanager.ListSecrets' ? 'ListSecrets' : undefined;
  }

  async answer(_operation: string, asked: AwsRequest) {
    this.requests.push(asked);
    this.act();
    return { status: 200, body: '{"SecretList":[]}' };
  }
}

const THROTTLING = { status: 400, name: 'ThrottlingException', message: 'Rate exceeded' };

let clock: VirtualClock;
let aws: TestAws;

async function start(...services: AwsService[]): Promise<void> {
  aws = await startTestAws(clock, services);
}

/** A request without an SDK. */
function raw(
  path: string,
  headers: Record<string, string>,
  options: { readonly method?: string; readonly body?: string } = {},
): Promise<{ readonly status: number | undefined; readonly headers: object; readonly body: string }> {
  return new Promise((resolve, reject) => {
    const sent = request(`${aws.server.url}${path}`, { method: options.method ?? 'POST', headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        resolve({ status: response.statusCode, headers: response.headers, body: Buffer.concat(chunks).toString() });
      });
    });
    sent.on('error', reject);
    sent.end(options.body);
  });
}

function signedFor(service: string): string {
  return `AWS4-HMAC-SHA256 Credential=AKIA/20261124/eu-west-3/${service}/aws4_request, SignedHeaders=host, Signature=00`;
}

beforeEach(() => {
  clock = new VirtualClock(Date.UTC(2026, 10, 24));
});

afterEach(() => aws.stop());

describe('a request', () => {
  const list = () => new SecretsManagerClient(aws.clientOptions('eu-west-3')).send(new ListSecretsCommand({}));

  it('tells the service the region and the access key of its signature', async () => {
    const service = new Programmable();
    await start(service);
    await list();
    expect(service.requests).toEqual([
      expect.objectContaining({ region: 'eu-west-3', accessKeyId: 'AKIASANDBOX', method: 'POST', path: '/' }),
    ]);
  });

  it('is counted by service and operation', async () => {
    await start(new Programmable());
    await list();
    await list();
    expect(aws.calls.of('secretsmanager:ListSecrets')).toBe(2);
  });

  it('has an id in its answer', async () => {
    await start(new Programmable());
    expect((await list()).$metadata.requestId).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('takes the virtual time that the server is told', async () => {
    aws = await startTestAws(clock, [new Programmable()], 250);
    const before = clock.now();
    await list();
    expect(clock.now() - before).toBe(250);
  });

  it('goes over a connection that is kept', async () => {
    await start(new Programmable());
    const { headers } = await raw('/', { 'x-amz-target': 'secretsmanager.ListSecrets', authorization: 'none' });
    expect(headers).toMatchObject({ connection: 'keep-alive' });
  });

  it('is refused when its body is larger than any service takes', async () => {
    await start(new SecretsManager({ clock }));
    const headers = { 'x-amz-target': 'secretsmanager.ListSecrets', authorization: signedFor('secretsmanager') };
    expect(await raw('/', headers, { body: 'x'.repeat(9 * 1024 * 1024) })).toMatchObject({ status: 413 });
    expect(aws.calls.total('secretsmanager')).toBe(0);
  });
});

describe('a fault', () => {
  const list = () => new SecretsManagerClient(aws.clientOptions()).send(new ListSecretsCommand({}));

  it('before the operation keeps it from happening', async () => {
    const service = new Programmable();
    await start(service);
    aws.faults.add({ operation: 'secretsmanager:ListSecrets', times: 1, error: THROTTLING });
    await expect(list()).rejects.toMatchObject({ name: 'ThrottlingException', message: 'Rate exceeded' });
    expect(service.requests).toHaveLength(0);
    await list();
  });

  it('after the operation hides that it happened', async () => {
    const service = new Programmable();
    await start(service);
    aws.faults.add({ operation: 'secretsmanager:*', phase: 'after', error: THROTTLING });
    await expect(list()).rejects.toMatchObject({ name: 'ThrottlingException' });
    expect(service.requests).toHaveLength(1);
  });

  it('that drops closes the connection without an answer', async () => {
    const service = new Programmable();
    await start(service);
    aws.faults.add({ operation: 'secretsmanager:ListSecrets', phase: 'after', drop: true });
    await expect(list()).rejects.toThrow('socket hang up');
    expect(service.requests).toHaveLength(1);
    expect(aws.server.bugs).toEqual([]);
  });

  it('can look at the request', async () => {
    await start(new Programmable());
    aws.faults.add({
      operation: 'secretsmanager:ListSecrets',
      when: (asked) => (asked as AwsRequest).region === 'us-east-1',
      error: THROTTLING,
    });
    await list();
    const elsewhere = new SecretsManagerClient(aws.clientOptions('us-east-1'));
    await expect(elsewhere.send(new ListSecretsCommand({}))).rejects.toMatchObject({ name: 'ThrottlingException' });
  });

  it('carries its headers', async () => {
    await start(new Programmable());
    const error = { ...THROTTLING, headers: { 'retry-after': '7' } };
    aws.faults.add({ operation: 'secretsmanager:ListSecrets', error });
    const headers = { 'x-amz-target': 'secretsmanager.ListSecrets', authorization: signedFor('secretsmanager') };
    expect(await raw('/', headers)).toMatchObject({ status: 400, headers: { 'retry-after': '7' } });
  });
});

describe('a refusal', () => {
  const everything = () =>
    start(new Route53({ clock }), new SecretsManager({ clock }), new Acm({ clock }), new LambdaService({ clock }));

  it('is JSON with a type for Secrets Manager and ACM', async () => {
    await everything();
    const CertificateArn = 'arn:aws:acm:eu-central-1:123456789012:certificate/none';
    const asked = new ACMClient(aws.clientOptions()).send(new DescribeCertificateCommand({ CertificateArn }));
    await expect(asked).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
      $metadata: expect.objectContaining({ httpStatusCode: 400, requestId: expect.any(String) }),
    });
  });

  it('is XML for Route 53, InvalidChangeBatch with all of its messages', async () => {
    const route53 = new Route53({ clock });
    const { id } = route53.createZone('example.com');
    await start(route53);
    const client = new Route53Client(aws.clientOptions());
    const change = (Name: string) => ({
      Action: 'DELETE' as const,
      ResourceRecordSet: { Name, Type: 'TXT' as const, TTL: 60, ResourceRecords: [{ Value: '"<a> & \'b\'"' }] },
    });
    const Changes = [change('a.example.com'), change('b.example.com')];
    const asked = client.send(new ChangeResourceRecordSetsCommand({ HostedZoneId: id, ChangeBatch: { Changes } }));
    await expect(asked).rejects.toMatchObject({
      name: 'InvalidChangeBatch',
      message: expect.stringMatching(/^\[Tried to delete .*'a\.example\.com\..*, Tried to delete .*'b\.example\.com\./),
      $metadata: expect.objectContaining({ httpStatusCode: 400, requestId: expect.any(String) }),
    });
  });

  it('is JSON with an error type header for Lambda', async () => {
    await everything();
    const asked = new LambdaClient(aws.clientOptions()).send(new InvokeCommand({ FunctionName: 'none' }));
    await expect(asked).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
      message: 'Function not found: arn:aws:lambda:eu-central-1:123456789012:function:none',
      $metadata: expect.objectContaining({ httpStatusCode: 404 }),
    });
  });

  it('keeps text that XML would read as markup', async () => {
    await everything();
    const message = `<b> & "quoted" 'text'`;
    aws.faults.add({ operation: 'route53:*', error: { status: 403, name: 'AccessDenied', message } });
    const asked = new Route53Client(aws.clientOptions()).send(new ListHostedZonesCommand({}));
    await expect(asked).rejects.toMatchObject({ name: 'AccessDenied', message });
  });

  it('meets a request without a signature, in the words of each protocol', async () => {
    await everything();
    expect(await raw('/', { 'x-amz-target': 'secretsmanager.ListSecrets' })).toMatchObject({
      status: 400,
      body: '{"__type":"MissingAuthenticationTokenException","message":"Missing Authentication Token"}',
    });
    expect(await raw('/2013-04-01/hostedzone', {}, { method: 'GET' })).toMatchObject({
      status: 403,
      body: expect.stringContaining('<Code>MissingAuthenticationToken</Code>'),
    });
    expect(await raw('/2015-03-31/functions/f/invocations', {})).toMatchObject({
      status: 403,
      headers: { 'x-amzn-errortype': 'MissingAuthenticationTokenException' },
    });
    expect(aws.server.bugs).toEqual([]);
  });

  it('meets a signature of another kind', async () => {
    await everything();
    const headers = { 'x-amz-target': 'secretsmanager.ListSecrets', authorization: 'Basic eHg=' };
    expect(await raw('/', headers)).toMatchObject({
      status: 400,
      body: expect.stringContaining('IncompleteSignatureException'),
    });
  });
});

describe('what must not happen in a test', () => {
  it('is an operation that the sandbox does not have, answered as unknown', async () => {
    await start(new SecretsManager({ clock }));
    const asked = new SecretsManagerClient(aws.clientOptions()).send(new RotateSecretCommand({ SecretId: 'a' }));
    await expect(asked).rejects.toMatchObject({ name: 'UnknownOperationException' });
    expect(aws.server.bugs.map(({ message }) => message)).toEqual([
      'No service of the sandbox knows secretsmanager.RotateSecret (signed for secretsmanager).',
    ]);
  });

  it('is a path that no service has', async () => {
    await start(new Route53({ clock }));
    const asked = raw('/2013-04-01/healthcheck', { authorization: signedFor('route53') }, { method: 'GET' });
    expect(await asked).toMatchObject({ status: 404, body: '<UnknownOperationException/>' });
    expect(aws.server.bugs).toHaveLength(1);
  });

  it('is a service that throws anything but a refusal: the client is told InternalFailure', async () => {
    const service = new Programmable();
    await start(service);
    const list = () => new SecretsManagerClient(aws.clientOptions()).send(new ListSecretsCommand({}));
    service.act = () => {
      throw new TypeError('oops');
    };
    await expect(list()).rejects.toMatchObject({
      name: 'InternalFailure',
      $metadata: expect.objectContaining({ httpStatusCode: 500 }),
    });
    expect(aws.server.bugs).toEqual([new TypeError('oops')]);
    service.act = () => {
      throw new AwsServiceError(400, 'InvalidRequestException', 'no');
    };
    await expect(list()).rejects.toMatchObject({ name: 'InvalidRequestException', message: 'no' });
    expect(aws.server.bugs).toHaveLength(1);
  });
});
