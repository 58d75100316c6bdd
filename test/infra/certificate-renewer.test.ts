import { beforeAll, describe, expect, it } from '@jest/globals';
import { Duration, type Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { Alias, Key } from 'aws-cdk-lib/aws-kms';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { CertificateRenewer } from '../../infra/certificate-renewer.ts';
import { minuteOf } from '../../infra/schedule.ts';
import { settingsFromEnvironment } from '../../lambdas/core/settings.ts';
import { resourceOf, resourcesOf, type TemplateResource, testStack } from './synthesized.ts';

const FUNCTION = 'AWS::Lambda::Function';
/** CDK takes the alias' name out of its ARN. */
const OF_ALIAS = { 'Fn::Select': [7, { 'Fn::Split': [':', { Ref: expect.stringContaining('Live') }] }] };

describe('CertificateRenewer', () => {
  let stack: Stack;
  let functions: Readonly<Record<'scan' | 'renew' | 'provision', TemplateResource & { readonly id: string }>>;

  beforeAll(() => {
    stack = testStack();
    new CertificateRenewer(stack, 'Renewer', { lease: Duration.minutes(20), dnsResolvers: ['192.0.2.1'] });
    functions = {
      scan: resourceOf(stack, FUNCTION, 'Scan'),
      renew: resourceOf(stack, FUNCTION, 'RenewerRenew'),
      provision: resourceOf(stack, FUNCTION, 'Provision'),
    };
  });

  it('has three functions on arm64 and Node 24, bundled, traced, without a name, each with its own log group', () => {
    expect(Object.keys(resourcesOf(stack, FUNCTION))).toHaveLength(3);
    const groups = Object.values(functions).map(({ Properties }) => {
      expect(Properties).toMatchObject({
        Architectures: ['arm64'],
        Runtime: 'nodejs24.x',
        TracingConfig: { Mode: 'Active' },
      });
      expect(Properties).not.toHaveProperty('FunctionName');
      return Properties.LoggingConfig.LogGroup.Ref;
    });
    expect(new Set(groups).size).toBe(3);
    for (const { Properties } of Object.values(resourcesOf(stack, 'AWS::Logs::LogGroup')))
      expect(Properties.RetentionInDays).toBe(90);
  });

  it('gives each function an environment that it reads without a complaint', () => {
    for (const [name, { Properties }] of Object.entries(functions)) {
      const { EVERCERT_RENEW_FUNCTION: alias, ...environment } = Properties.Environment.Variables;
      const settings = settingsFromEnvironment(environment);
      expect(settings).toMatchObject({
        execution: 'durable',
        prefix: 'evercert',
        leaseMinutes: 20,
        dnsResolvers: ['192.0.2.1'],
      });
      const wanted = name === 'renew' ? undefined : { Ref: resourceOf(stack, 'AWS::Lambda::Alias').id };
      expect(alias).toEqual(wanted);
    }
  });

  it('makes renew a durable function, behind an alias, with versions that stay once they are deployed', () => {
    expect(functions.renew.Properties).toMatchObject({
      Handler: 'index.durableHandler',
      DurableConfig: { ExecutionTimeout: 86_400, RetentionPeriodInDays: 14 },
    });
    const version = resourceOf(stack, 'AWS::Lambda::Version');
    expect(version).toMatchObject({ DeletionPolicy: 'RetainExceptOnCreate', UpdateReplacePolicy: 'Retain' });
    expect(resourceOf(stack, 'AWS::Lambda::Alias').Properties).toMatchObject({
      Name: 'live',
      FunctionVersion: { 'Fn::GetAtt': [version.id, 'Version'] },
    });
  });

  it('bounds the age of events, and how often they are repeated but for durable executions, which are not', () => {
    const configs = Object.values(resourcesOf(stack, 'AWS::Lambda::EventInvokeConfig'));
    expect(configs).toHaveLength(3);
    const byFunction = Object.fromEntries(
      Object.entries(functions).map(([name, { id }]) => {
        const { FunctionName: _name, ...config } =
          configs.find(({ Properties }) => Properties.FunctionName.Ref === id)?.Properties ?? {};
        return [name, config];
      }),
    );
    expect(byFunction).toEqual({
      scan: { Qualifier: '$LATEST', MaximumRetryAttempts: 2, MaximumEventAgeInSeconds: 3600 },
      renew: { Qualifier: OF_ALIAS, MaximumEventAgeInSeconds: 3600 },
      // So that what Lambda starts last ends while CloudFormation waits: 35 minutes, of which a run may take 15.
      provision: { Qualifier: '$LATEST', MaximumRetryAttempts: 2, MaximumEventAgeInSeconds: 1200 },
    });
  });

  it('gives each function the memory and the time that it needs, of a durable one for each invocation', () => {
    const limits = Object.entries(functions).map(([name, { Properties }]) => [
      name,
      Properties.MemorySize,
      Properties.Timeout,
    ]);
    expect(limits).toEqual([
      ['scan', 512, 600],
      ['renew', 512, 900],
      ['provision', 512, 900],
    ]);
  });

  it('keeps what failed each time in encrypted queues that refuse plain HTTP; durable executions have none', () => {
    const queues = Object.entries(resourcesOf(stack, 'AWS::SQS::Queue'));
    expect(queues).toHaveLength(2);
    for (const [, { Properties }] of queues)
      expect(Properties).toMatchObject({ SqsManagedSseEnabled: true, MessageRetentionPeriod: 1_209_600 });
    const used = [functions.scan, functions.provision].map(
      ({ Properties }) => Properties.DeadLetterConfig.TargetArn['Fn::GetAtt'][0],
    );
    expect(used.sort()).toEqual(queues.map(([id]) => id).sort());
    expect(functions.renew.Properties).not.toHaveProperty('DeadLetterConfig');
  });

  it('scans once an hour, in a minute that is the same at every synth, with bounded repetitions', () => {
    const { Properties } = resourceOf(stack, 'AWS::Scheduler::Schedule');
    expect(Properties).toMatchObject({
      ScheduleExpression: `cron(${minuteOf('Test/Renewer')} * * * ? *)`,
      Target: {
        Arn: { 'Fn::GetAtt': [functions.scan.id, 'Arn'] },
        Input: '{}',
        RetryPolicy: { MaximumRetryAttempts: 3, MaximumEventAgeInSeconds: 3600 },
        DeadLetterConfig: { Arn: functions.scan.Properties.DeadLetterConfig.TargetArn },
      },
    });
  });

  it('spreads deployments over the minutes of the hour, and never takes the first one', () => {
    const minutes = Array.from({ length: 600 }, (_, index) => minuteOf(`Stack${index}/Renewer`));
    expect(Math.min(...minutes)).toBe(1);
    expect(Math.max(...minutes)).toBe(59);
    expect(new Set(minutes).size).toBe(59);
  });

  it('has the outputs that people and scripts read', () => {
    const alias = resourceOf(stack, 'AWS::Lambda::Alias').id;
    expect(Template.fromStack(stack).findOutputs('*')).toEqual({
      ScanFunctionName: { Value: { Ref: functions.scan.id } },
      RenewFunctionArn: { Value: { Ref: alias } },
      RenewRoleArn: { Value: { 'Fn::GetAtt': [expect.stringMatching(/^RenewerRenewRole/), 'Arn'] } },
      AlertsTopicArn: { Value: { Ref: resourceOf(stack, 'AWS::SNS::Topic').id } },
    });
  });

  it('prints what an account with other zones needs, and may assume that role alone', () => {
    const own = testStack();
    const roleArn = 'arn:aws:iam::210987654321:role/evercert-dns';
    new CertificateRenewer(own, 'Renewer', {
      dnsRoles: [{ zone: 'partner.example', roleArn, externalId: 'evercert-1' }],
      cnameTargets: ['challenges.example.net'],
    });
    // As docs/operations/dns.md has them.
    const found = Template.fromStack(own).findOutputs('*');
    expect(Object.keys(found)).toEqual(expect.arrayContaining(['DnsTrust210987654321', 'DnsPermissions210987654321']));
    const outputs = JSON.stringify(found);
    for (const part of ['sts:ExternalId', 'evercert-1', 'ChangeChallengeRecords', 'challenges.example.net']) {
      expect(outputs).toContain(part);
    }
    const policies = JSON.stringify(Template.fromStack(own).findResources('AWS::IAM::Policy'));
    expect(policies.split('sts:AssumeRole')).toHaveLength(2);
    expect(policies).toContain(roleArn);
  });

  it('names the outputs for further roles by their account, with a number for a second one there', () => {
    const own = testStack();
    const arn = (account: string, name: string) => `arn:aws:iam::${account}:role/${name}`;
    const one = [arn('210987654321', 'a'), arn('444455556666', 'a'), arn('210987654321', 'b')];
    new CertificateRenewer(own, 'Renewer', { dnsRoleArns: one });
    new CertificateRenewer(own, 'Other', { renewer: 'other', dnsRoleArns: [arn('444455556666', 'a')] });
    const names = Object.keys(Template.fromStack(own).findOutputs('*'));
    expect(names.filter((name) => name.startsWith('DnsTrust'))).toEqual([
      'DnsTrust210987654321',
      'DnsTrust444455556666',
      'DnsTrust210987654321x2',
      'DnsTrust444455556666x2',
    ]);
  });

  it('has no dashboard where none is wanted', () => {
    const without = testStack();
    new CertificateRenewer(without, 'Renewer', { dashboard: false });
    expect(resourcesOf(without, 'AWS::CloudWatch::Dashboard')).toEqual({});
    expect(Object.keys(resourcesOf(stack, 'AWS::CloudWatch::Dashboard'))).toHaveLength(1);
  });

  it('lets CloudWatch publish to a topic that is handed in, and use its key', () => {
    const own = testStack();
    const alertsTopic = new Topic(own, 'Topic', { enforceSSL: true, masterKey: new Key(own, 'Key') });
    new CertificateRenewer(own, 'Renewer', { alertsTopic });
    const cloudWatch = { Effect: 'Allow', Principal: { Service: 'cloudwatch.amazonaws.com' } };
    const ofTopic = resourceOf(own, 'AWS::SNS::TopicPolicy').Properties.PolicyDocument;
    expect(ofTopic.Statement).toContainEqual(expect.objectContaining({ ...cloudWatch, Action: 'sns:Publish' }));
    const ofKey = resourceOf(own, 'AWS::KMS::Key').Properties.KeyPolicy;
    const Action = ['kms:Decrypt', 'kms:GenerateDataKey*'];
    expect(ofKey.Statement).toContainEqual(expect.objectContaining({ ...cloudWatch, Action }));
  });

  it('lets CloudWatch alone publish alarms, of this account, over TLS', () => {
    const { Statement: statements } = resourceOf(stack, 'AWS::SNS::TopicPolicy').Properties.PolicyDocument;
    const allowed = statements.filter(({ Effect }: { readonly Effect: string }) => Effect === 'Allow');
    expect(allowed).toEqual([
      expect.objectContaining({
        Action: 'sns:Publish',
        Principal: { Service: 'cloudwatch.amazonaws.com' },
        Condition: expect.objectContaining({ StringEquals: { 'aws:SourceAccount': '111122223333' } }),
      }),
    ]);
    expect(statements).toHaveLength(2);
  });
});

describe('CertificateRenewer without durable functions', () => {
  it('has renew do everything in one invocation, under other ids, because durability can not be added', () => {
    const [durable, direct] = (['durable', 'direct'] as const).map((execution) => {
      const stack = testStack();
      new CertificateRenewer(stack, 'Renewer', { execution });
      return stack;
    }) as [Stack, Stack];
    const renew = resourceOf(direct, FUNCTION, 'RenewerRenew');
    expect(renew.Properties.Handler).toBe('index.handler');
    const { Variables: environment } = resourceOf(direct, FUNCTION, 'Scan').Properties.Environment;
    expect(environment).toMatchObject({ EVERCERT_EXECUTION: 'direct' });
    expect(renew.Properties).not.toHaveProperty('DurableConfig');
    expect(renew.Properties).toMatchObject({ MemorySize: 512, Timeout: 900 });
    expect(renew.Properties.DeadLetterConfig.TargetArn['Fn::GetAtt'][0]).toMatch(/^RenewerRenewDeadLetters/);
    const configs = Object.values(resourcesOf(direct, 'AWS::Lambda::EventInvokeConfig'));
    expect(configs.find(({ Properties }) => Properties.FunctionName.Ref === renew.id)?.Properties).toMatchObject({
      Qualifier: OF_ALIAS,
      MaximumRetryAttempts: 2,
      MaximumEventAgeInSeconds: 3600,
    });
    expect(renew.id).not.toBe(resourceOf(durable, FUNCTION, 'RenewerRenew').id);
    expect(resourceOf(direct, 'AWS::Lambda::Alias').id).not.toBe(resourceOf(durable, 'AWS::Lambda::Alias').id);
    // CloudFormation allows no change of a custom resource's ServiceToken.
    expect(resourceOf(direct, FUNCTION, 'Provision').id).toBe(resourceOf(durable, FUNCTION, 'Provision').id);
    expect(JSON.stringify(resourcesOf(direct, 'AWS::IAM::Policy'))).not.toContain('DurableExecution');
  });
});

describe('CertificateRenewer with a key', () => {
  it('encrypts new secrets and the history of durable executions with it, and may use it through Secrets Manager and Lambda alone', () => {
    const stack = testStack();
    const encryptionKey = new Key(stack, 'Key');
    new CertificateRenewer(stack, 'Renewer', { encryptionKey });
    const key = { 'Fn::GetAtt': [resourceOf(stack, 'AWS::KMS::Key').id, 'Arn'] };
    expect(resourceOf(stack, FUNCTION, 'RenewerRenew').Properties.DurableConfig).toMatchObject({ KMSKeyArn: key });
    for (const { Properties } of Object.values(resourcesOf(stack, FUNCTION))) {
      expect(Properties.Environment.Variables.EVERCERT_ENCRYPTION_KEY).toEqual(key);
    }
    const uses = Object.values(resourcesOf(stack, 'AWS::IAM::Policy'))
      .flatMap(({ Properties }) => Properties.PolicyDocument.Statement)
      .filter(({ Action }) => [Action].flat().some((action) => action.startsWith('kms:')));
    expect(uses).toHaveLength(3);
    for (const { Resource, Condition } of uses) {
      expect(Resource).toEqual(key);
      const { 'kms:ViaService': service } = Condition.StringEquals;
      expect(JSON.stringify(service)).toMatch(/(secretsmanager|lambda)\.eu-central-1\./);
    }
  });
});

describe('what CertificateRenewer refuses at synth', () => {
  it('a second one of the same name in a stack', () => {
    const stack = testStack();
    new CertificateRenewer(stack, 'Renewer');
    expect(() => new CertificateRenewer(stack, 'Second')).toThrow('two CertificateRenewers with the renewer evercert');
    expect(() => new CertificateRenewer(stack, 'Third', { renewer: 'other' })).not.toThrow();
  });

  it('an alias in the place of a key, which policies can not name by it', () => {
    const stack = testStack();
    const arn = 'arn:aws:kms:eu-central-1:111122223333:alias/platform';
    const aliases = [
      Alias.fromAliasName(stack, 'Imported', 'alias/platform'),
      new Alias(stack, 'Own', { aliasName: 'alias/platform', targetKey: new Key(stack, 'Key') }),
      Key.fromKeyArn(stack, 'ByArn', arn),
    ];
    for (const [index, encryptionKey] of aliases.entries()) {
      const make = () => new CertificateRenewer(testStack(), `Renewer${index}`, { encryptionKey });
      expect(make).toThrow('encryptionKey is an alias');
    }
    const alias = { EVERCERT_ENCRYPTION_KEY: arn };
    expect(() => settingsFromEnvironment(alias)).toThrow('encryptionKey: must be the ARN of a KMS key');
    const key = { EVERCERT_ENCRYPTION_KEY: arn.replace('alias/platform', 'key/1234') };
    expect(settingsFromEnvironment(key).encryptionKey).toBe(key.EVERCERT_ENCRYPTION_KEY);
  });

  it.each([
    [{ prefix: 'evercert/' }, 'settings: prefix: must be at most 100'],
    [{ renewer: 'with space' }, 'settings: renewer: must be at most 64'],
    [{ defaultIssuer: "Let's Encrypt" }, 'settings: defaultIssuer: must be lower-case'],
    [{ dnsResolvers: ['resolver.example'] }, 'settings: dnsResolvers[0]: must be an IP address'],
    [{ lease: Duration.minutes(1) }, 'settings: leaseMinutes must have at least 5'],
    [{ minimumRemainingShare: 100 }, 'minimumRemainingShare is 100'],
    [{ adoptedSecrets: ['with space'] }, '"with space" is neither the name nor the ARN of a secret'],
  ])('%j', (props, sentence) => {
    expect(() => new CertificateRenewer(testStack(), 'Renewer', props)).toThrow(sentence);
  });
});
