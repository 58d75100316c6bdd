import {
  ACMClient,
  AddTagsToCertificateCommand,
  DeleteCertificateCommand,
  ImportCertificateCommand,
  ListCertificatesCommand,
  RemoveTagsFromCertificateCommand,
} from '@aws-sdk/client-acm';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { type Change, ChangeResourceRecordSetsCommand, Route53Client } from '@aws-sdk/client-route-53';
import {
  CreateSecretCommand,
  DeleteSecretCommand,
  DescribeSecretCommand,
  GetSecretValueCommand,
  PutSecretValueCommand,
  SecretsManagerClient,
  TagResourceCommand,
  UpdateSecretVersionStageCommand,
} from '@aws-sdk/client-secrets-manager';
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { DAY } from '../../lambdas/core/duration.ts';
import { imports, live, tagsOf } from '../sandbox/inspect.ts';
import { type Sandbox, startSandbox } from '../sandbox/sandbox.ts';

const SECRET = 'evercert/leane.dev';
const REGION = 'eu-central-1';
const OURS = { Key: 'evercert:renewer', Value: 'evercert' };
const spec = { domainNames: ['leane.dev', '*.leane.dev'], issuer: 'sandbox', acm: [REGION] };

const group = (account = '123456789012', name = 'default') => ({
  'aws:SourceAccount': account,
  'aws:SourceArn': `arn:aws:scheduler:${REGION}:${account}:schedule-group/${name}`,
});

type Role = 'scan' | 'renew' | 'provision';

describe('IAM denies', () => {
  let sandbox: Sandbox;
  let ours: string;
  let theirs: string;
  let clients: ReturnType<typeof createClients>;

  beforeAll(async () => {
    sandbox = await startSandbox({ zones: ['leane.dev'] });
    clients = createClients();
    await sandbox.deployIssuer();
    await sandbox.renew({ certificate: 'leane.dev', spec });
    ours = sandbox.acm.certificates(REGION)[0]?.arn ?? '';
    sandbox.secretsManager.create('legacy', 'adopted', { [OURS.Key]: OURS.Value });
    sandbox.secretsManager.create('theirs', 'a password', { [OURS.Key]: OURS.Value });
    sandbox.secretsManager.create('evercert/theirs', 'a password');
    await sandbox.clock.advance(2_000);
    // As somebody else, who has every right and gives no tags.
    theirs = (await clients.acm.send(new ImportCertificateCommand(pair()))).CertificateArn ?? '';
    expect(sandbox.bugs()).toEqual([]);
  });

  afterAll(async () => {
    for (const client of Object.values(clients)) client.destroy();
    await sandbox.stop();
  });

  const createClients = () => ({
    secrets: new SecretsManagerClient({}),
    acm: new ACMClient({}),
    route53: new Route53Client({}),
    lambda: new LambdaClient({}),
    sts: new STSClient({}),
  });
  const pair = () => {
    const { certificate, privateKey, chain } = live(sandbox, 'leane.dev');
    return {
      Certificate: Buffer.from(certificate),
      PrivateKey: Buffer.from(privateKey),
      CertificateChain: Buffer.from(chain),
    };
  };
  const version = (stage: string) => sandbox.secretsManager.versionId(SECRET, stage) ?? '';
  const record = (changes: Partial<Change> & { readonly name?: string; readonly type?: 'A' | 'TXT' }): Change => ({
    Action: changes.Action ?? 'CREATE',
    ResourceRecordSet: {
      Name: changes.name ?? '_acme-challenge.leane.dev',
      Type: changes.type ?? 'TXT',
      TTL: 60,
      ResourceRecords: [{ Value: changes.type === 'A' ? '192.0.2.1' : '"value"' }],
    },
  });
  const change = (...Changes: Change[]) => {
    const [zone] = sandbox.route53.zones();
    const HostedZoneId = zone?.id ?? '';
    return clients.route53.send(new ChangeResourceRecordSetsCommand({ HostedZoneId, ChangeBatch: { Changes } }));
  };

  /** A function that does one thing with the rights of one of ours. */
  const attempt = async (role: Role, work: () => Promise<unknown>): Promise<unknown> => {
    sandbox.lambda.register('intruder', async () => void (await work()), { role: sandbox.deployment.roles[role] });
    const { invocation } = await sandbox.lambda.invoke('intruder', {}, { type: 'RequestResponse' });
    return invocation.error;
  };

  const CASES: readonly (readonly [Role, string, action: string, () => Promise<unknown>])[] = [
    [
      'scan',
      'to read a secret’s value',
      'secretsmanager:GetSecretValue',
      () => clients.secrets.send(new GetSecretValueCommand({ SecretId: SECRET })),
    ],
    [
      'scan',
      'to tag a secret as ours',
      'secretsmanager:TagResource',
      () => clients.secrets.send(new TagResourceCommand({ SecretId: SECRET, Tags: [OURS] })),
    ],
    [
      'scan',
      'to tag a secret below the prefix that is not ours',
      'secretsmanager:TagResource',
      () =>
        clients.secrets.send(
          new TagResourceCommand({ SecretId: 'evercert/theirs', Tags: [{ Key: 'evercert:renew-at', Value: '1' }] }),
        ),
    ],
    [
      'scan',
      'to start a renewal that no alias pins to a version',
      'lambda:InvokeFunction',
      () =>
        clients.lambda.send(
          new InvokeCommand({ FunctionName: sandbox.deployment.functions.renew.replace(':live', '') }),
        ),
    ],
    ['scan', 'to answer a challenge', 'route53:ChangeResourceRecordSets', () => change(record({}))],
    ['renew', 'another type of record', 'route53:ChangeResourceRecordSets', () => change(record({ type: 'A' }))],
    ['renew', 'another name', 'route53:ChangeResourceRecordSets', () => change(record({ name: 'www.leane.dev' }))],
    [
      'renew',
      'another name beside a challenge’s',
      'route53:ChangeResourceRecordSets',
      () => change(record({}), record({ name: 'acme-challenge.leane.dev' })),
    ],
    [
      'renew',
      'to overwrite a challenge’s record',
      'route53:ChangeResourceRecordSets',
      () => change(record({ Action: 'UPSERT' })),
    ],
    [
      'renew',
      'to read a secret that nobody has adopted, whatever its tags',
      'secretsmanager:GetSecretValue',
      () => clients.secrets.send(new GetSecretValueCommand({ SecretId: 'theirs' })),
    ],
    [
      'renew',
      'to write into it',
      'secretsmanager:PutSecretValue',
      () => clients.secrets.send(new PutSecretValueCommand({ SecretId: 'theirs', SecretString: 'ours' })),
    ],
    [
      'renew',
      'to make a secret without our tag',
      'secretsmanager:CreateSecret',
      () => clients.secrets.send(new CreateSecretCommand({ Name: 'evercert/new', SecretString: '{}' })),
    ],
    [
      'renew',
      'to make one outside of the prefix',
      'secretsmanager:CreateSecret',
      () => clients.secrets.send(new CreateSecretCommand({ Name: 'legacy/new', SecretString: '{}', Tags: [OURS] })),
    ],
    [
      'renew',
      'to move another label',
      'secretsmanager:UpdateSecretVersionStage',
      () =>
        clients.secrets.send(
          new UpdateSecretVersionStageCommand({
            SecretId: SECRET,
            VersionStage: 'AWSPREVIOUS',
            MoveToVersionId: version('AWSCURRENT'),
          }),
        ),
    ],
    [
      'renew',
      'to delete a secret',
      'secretsmanager:DeleteSecret',
      () => clients.secrets.send(new DeleteSecretCommand({ SecretId: SECRET })),
    ],
    [
      'renew',
      'to give our tag to a certificate that exists',
      'acm:AddTagsToCertificate',
      () => clients.acm.send(new AddTagsToCertificateCommand({ CertificateArn: theirs, Tags: [OURS] })),
    ],
    [
      'renew',
      'to import over it',
      'acm:ImportCertificate',
      () => clients.acm.send(new ImportCertificateCommand({ ...pair(), CertificateArn: theirs })),
    ],
    [
      'renew',
      'to delete it',
      'acm:DeleteCertificate',
      () => clients.acm.send(new DeleteCertificateCommand({ CertificateArn: theirs })),
    ],
    [
      'renew',
      'an import without our tag',
      'acm:ImportCertificate',
      () => clients.acm.send(new ImportCertificateCommand(pair())),
    ],
    [
      'renew',
      'a role that is not listed',
      'sts:AssumeRole',
      () =>
        clients.sts.send(
          new AssumeRoleCommand({ RoleArn: 'arn:aws:iam::210987654321:role/admin', RoleSessionName: 'evercert' }),
        ),
    ],
    [
      'provision',
      'to make a pair the live one',
      'secretsmanager:UpdateSecretVersionStage',
      () =>
        clients.secrets.send(
          new UpdateSecretVersionStageCommand({
            SecretId: SECRET,
            VersionStage: 'AWSCURRENT',
            MoveToVersionId: version('AWSCURRENT'),
          }),
        ),
    ],
    [
      'provision',
      'an adopted secret',
      'secretsmanager:GetSecretValue',
      () => clients.secrets.send(new GetSecretValueCommand({ SecretId: 'legacy' })),
    ],
    [
      'provision',
      'to delete a secret that is managed',
      'secretsmanager:DeleteSecret',
      () => clients.secrets.send(new DeleteSecretCommand({ SecretId: SECRET })),
    ],
    [
      'provision',
      'to tag somebody else’s certificate',
      'acm:AddTagsToCertificate',
      () =>
        clients.acm.send(
          new AddTagsToCertificateCommand({ CertificateArn: theirs, Tags: [{ Key: 'team', Value: 'web' }] }),
        ),
    ],
    [
      'provision',
      'to give an import of ours another of our tags',
      'acm:AddTagsToCertificate',
      () =>
        clients.acm.send(
          new AddTagsToCertificateCommand({
            CertificateArn: ours,
            Tags: [
              { Key: 'team', Value: 'web' },
              { Key: 'evercert:secret', Value: 'theirs' },
            ],
          }),
        ),
    ],
    [
      'provision',
      'to take our tag from it',
      'acm:RemoveTagsFromCertificate',
      () => clients.acm.send(new RemoveTagsFromCertificateCommand({ CertificateArn: ours, Tags: [OURS] })),
    ],
    [
      'provision',
      'to delete somebody else’s certificate',
      'acm:DeleteCertificate',
      () => clients.acm.send(new DeleteCertificateCommand({ CertificateArn: theirs })),
    ],
  ];

  it.each(CASES)('%s %s', async (role, _what, action, work) => {
    const denialsBefore = sandbox.iam.denials.length;
    sandbox.iam.expectDenials(action);
    expect(await attempt(role, work)).toMatchObject({
      name: action.startsWith('route53:') || action.startsWith('sts:') ? 'AccessDenied' : 'AccessDeniedException',
      message: expect.stringContaining(`is not authorized to perform: ${action}`),
    });
    expect(sandbox.iam.denials.slice(denialsBefore)).toMatchObject([{ action }]);
  });

  it('nothing that a tag gives: an import of ours may be replaced, and it is', async () => {
    await sandbox.clock.advance(2_000);
    const again = () => clients.acm.send(new ImportCertificateCommand({ ...pair(), CertificateArn: ours }));
    expect(await attempt('renew', again)).toBeUndefined();
  });

  it.each([
    ['scheduler.amazonaws.com', {}, 'who does not say which schedule it is for'],
    ['scheduler.amazonaws.com', group('210987654321'), 'for a schedule of another account'],
    ['scheduler.amazonaws.com', group('123456789012', 'theirs'), 'for another group of schedules'],
    ['lambda.amazonaws.com', group(), 'another service'],
  ])('%s the role of the schedule, with %j: %s', async (service, context, _why) => {
    const { scheduleRole } = sandbox.deployment;
    expect(await sandbox.iam.mayAssume(service, scheduleRole, context)).toBe(false);
    expect(await sandbox.iam.mayAssume('scheduler.amazonaws.com', scheduleRole, group())).toBe(true);
  });

  it.each(['scan', 'renew', 'provision'] as const)('any service but Lambda the role of %s', async (kind) => {
    const role = sandbox.deployment.roles[kind];
    expect(await sandbox.iam.mayAssume('scheduler.amazonaws.com', role, group())).toBe(false);
    expect(await sandbox.iam.mayAssume('lambda.amazonaws.com', role)).toBe(true);
  });

  it('and a denial that no test has announced is a bug', async () => {
    const read = () => clients.secrets.send(new DescribeSecretCommand({ SecretId: 'evercert/theirs' }));
    const list = () => clients.acm.send(new ListCertificatesCommand({}));
    expect(await attempt('scan', read)).toBeUndefined();
    expect(sandbox.bugs()).toEqual([]);
    expect(await attempt('scan', list)).toMatchObject({ name: 'AccessDeniedException' });
    expect(sandbox.bugs()).toMatchObject([{ role: 'Scan', action: 'acm:ListCertificates', resource: '*' }]);
  });
});

describe('what IAM denies by design', () => {
  let sandbox: Sandbox;

  afterEach(async () => {
    expect(sandbox.bugs()).toEqual([]);
    await sandbox.stop();
  });

  it('a secret of a certificate’s bare name is somebody else’s, and is not even seen', async () => {
    sandbox = await startSandbox({ zones: ['leane.dev'] });
    await sandbox.deployIssuer();
    sandbox.secretsManager.create('leane.dev', 'a password', { [OURS.Key]: OURS.Value });
    expect(await sandbox.renew({ certificate: 'leane.dev', spec })).toMatchObject({ decision: 'renewed' });
    expect(sandbox.iam.denials).toContainEqual(
      expect.objectContaining({ action: 'secretsmanager:DescribeSecret', role: 'Renew' }),
    );
    expect(tagsOf(sandbox, 'leane.dev').state).toBe('issued');
  });

  it('an import that somebody has deleted can not be replaced, and another one is made', async () => {
    sandbox = await startSandbox({ zones: ['leane.dev'] });
    await sandbox.deployIssuer();
    await sandbox.renew({ certificate: 'leane.dev', spec });
    const { arn } = imports(sandbox, [REGION])[REGION] ?? {};
    sandbox.acm.delete(arn ?? '');
    await sandbox.clock.advance(61 * DAY);
    await sandbox.scan();
    expect(sandbox.iam.denials).toContainEqual(
      expect.objectContaining({ action: 'acm:ImportCertificate', resource: arn }),
    );
    expect(imports(sandbox, [REGION])[REGION]?.serial).toBe(live(sandbox, 'leane.dev').issued.serialNumber);
  });

  it('pages of a long execution’s state are read as `renew`', async () => {
    sandbox = await startSandbox({ zones: ['leane.dev'], execution: 'durable', coldStarts: true });
    sandbox.lambda.settings.initialOperations = 5;
    await sandbox.deployIssuer();
    expect(await sandbox.renew({ certificate: 'leane.dev', spec })).toMatchObject({ decision: 'renewed' });
    expect(sandbox.calls.of('lambda:GetDurableExecutionState')).toBeGreaterThan(0);
  });
});
