import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { Vpc } from 'aws-cdk-lib/aws-ec2';
import { HostedZone } from 'aws-cdk-lib/aws-route53';
import { CertificateRenewer } from '../../infra/certificate-renewer.ts';
import type { CertificateRenewerProps } from '../../infra/certificate-renewer-props.ts';
import { writeCertificateTags } from '../../lambdas/core/certificate-tags.ts';
import { runSimulation } from '../sandbox/iam.ts';
import { resourcesOf, testStack } from './synthesized.ts';

interface Statement {
  readonly Sid?: string;
  readonly Effect: string;
  readonly Action: string | readonly string[];
  readonly Resource: unknown;
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

type Role = 'Scan' | 'Renew' | 'Provision' | 'Schedule';
type Policies = Readonly<Record<Role, readonly Statement[]>>;

function policiesOf(props: (stack: ReturnType<typeof testStack>) => CertificateRenewerProps = () => ({})): Policies {
  const stack = testStack();
  new CertificateRenewer(stack, 'Renewer', props(stack));
  const all = Object.values(resourcesOf(stack, 'AWS::IAM::Policy'));
  const of = (role: Role) =>
    all
      .filter(({ Properties }) =>
        Properties.Roles.some(({ Ref }: { readonly Ref: string }) => Ref.includes(`${role}Role`)),
      )
      .flatMap(({ Properties }) => Properties.PolicyDocument.Statement as readonly Statement[]);
  return { Scan: of('Scan'), Renew: of('Renew'), Provision: of('Provision'), Schedule: of('Schedule') };
}

const actionsOf = (statements: readonly Statement[]) => statements.flatMap(({ Action }) => Action).sort();
const bySid = (statements: readonly Statement[], sid: string) => {
  const [only, another] = statements.filter(({ Sid }) => Sid === sid);
  if (!only || another) throw new Error(`not exactly one statement ${sid}`);
  return only;
};
/** References shortened, so that an ARN can be read. */
const shown = (resource: unknown): string =>
  JSON.stringify(resource).replace(/\{"Fn::Join":\["",\[(.*?)\]\]\}/g, (_, parts: string) =>
    parts.replace(/[",]/g, ''),
  );

const SECRETS = 'arn:aws:secretsmanager:eu-central-1:111122223333:secret:evercert/*';
const ADOPTED = 'arn:aws:secretsmanager:eu-central-1:111122223333:secret:legacy/tls-??????';

describe('what the functions may do', () => {
  let all: Policies;
  let narrowed: Policies;
  let inVpc: Policies;

  beforeAll(() => {
    all = policiesOf();
    narrowed = policiesOf((stack) => ({
      hostedZones: [HostedZone.fromHostedZoneId(stack, 'Zone', 'Z1')],
      adoptedSecrets: ['legacy/tls'],
      dnsRoleArns: ['arn:aws:iam::444455556666:role/dns'],
      externalAccountBindings: ['binding'],
    }));
    inVpc = policiesOf((stack) => ({ vpc: new Vpc(stack, 'Vpc') }));
  });

  it('names every action, and denies nothing that it would have to allow elsewhere', () => {
    const statements = Object.values(narrowed).flat();
    expect(actionsOf(statements).filter((action) => action.includes('*'))).toEqual([]);
    expect(statements.filter(({ Effect }) => Effect !== 'Allow')).toEqual([]);
  });

  it('has all resources where the action takes none, and nowhere else', () => {
    const everywhere = Object.values(all)
      .flat()
      .filter(({ Resource }) => Resource === '*');
    expect([...new Set(actionsOf(everywhere))]).toEqual([
      'acm:ListCertificates',
      'route53:ListHostedZones',
      'secretsmanager:ListSecrets',
      'xray:PutTelemetryRecords',
      'xray:PutTraceSegments',
    ]);
  });

  it('has scan read no value, and start renewals through the alias alone', () => {
    expect(actionsOf(all.Scan)).toEqual([
      'lambda:InvokeFunction',
      'logs:CreateLogStream',
      'logs:PutLogEvents',
      'secretsmanager:DescribeSecret',
      'secretsmanager:ListSecrets',
      'secretsmanager:TagResource',
      'sqs:SendMessage',
      'xray:PutTelemetryRecords',
      'xray:PutTraceSegments',
    ]);
    expect(bySid(all.Scan, 'StartRenewals').Resource).toEqual({ Ref: expect.stringContaining('RenewLive') });
  });

  it('has scan write the three tags that it writes, on secrets that carry ours', () => {
    const { Resource, Condition } = bySid(all.Scan, 'RememberRenewalInfo');
    expect(Resource).toBe(SECRETS);
    expect(Condition).toEqual({
      StringEquals: { 'aws:ResourceTag/evercert:renewer': 'evercert' },
      'ForAllValues:StringEquals': {
        'aws:TagKeys': Object.keys(writeCertificateTags({ ariId: '', ariCheck: 0, renewAt: 0 })),
      },
      Null: { 'aws:TagKeys': 'false' },
    });
  });

  it('reaches secrets below the prefix, and outside of it those that are listed', () => {
    for (const sid of ['ReadSecrets', 'WriteSecrets', 'GoLive']) {
      expect(bySid(all.Renew, sid).Resource).toBe(SECRETS);
      expect(bySid(narrowed.Renew, sid).Resource).toEqual([SECRETS, ADOPTED]);
    }
    const secrets = Object.values(narrowed)
      .flat()
      .filter(({ Action, Sid }) => [Action].flat().some((each) => /^secretsmanager:(?!List)/.test(each)) && Sid)
      .flatMap(({ Resource }) => Resource);
    const binding = 'arn:aws:secretsmanager:eu-central-1:111122223333:secret:binding-??????';
    expect([...new Set(secrets)].sort()).toEqual([binding, SECRETS, ADOPTED].sort());
  });

  it('has provision leave adopted secrets and the live pair alone', () => {
    expect(JSON.stringify(narrowed.Provision)).not.toContain('legacy');
    expect(actionsOf(narrowed.Provision)).not.toContain('secretsmanager:UpdateSecretVersionStage');
    expect(bySid(all.Renew, 'GoLive').Condition).toEqual({
      StringEquals: { 'secretsmanager:VersionStage': 'AWSCURRENT' },
    });
  });

  it('deletes only what a stack has given up, and imports of ours', () => {
    expect(bySid(all.Provision, 'DeleteSecrets').Condition).toEqual({
      StringEquals: { 'aws:ResourceTag/evercert:kept': 'evercert' },
    });
    expect(actionsOf(all.Scan).filter((action) => /Delete/.test(action))).toEqual([]);
    expect(actionsOf(all.Renew).filter((action) => /Delete/.test(action))).toEqual(['acm:DeleteCertificate']);
  });

  it('changes TXT record sets of challenges alone, in the zones that are named', () => {
    const condition = {
      'ForAllValues:StringLike': { 'route53:ChangeResourceRecordSetsNormalizedRecordNames': ['_acme-challenge.*'] },
      'ForAllValues:StringEquals': {
        'route53:ChangeResourceRecordSetsRecordTypes': ['TXT'],
        'route53:ChangeResourceRecordSetsActions': ['CREATE', 'DELETE'],
      },
      Null: {
        'route53:ChangeResourceRecordSetsNormalizedRecordNames': 'false',
        'route53:ChangeResourceRecordSetsRecordTypes': 'false',
        'route53:ChangeResourceRecordSetsActions': 'false',
      },
    };
    for (const [policies, zone] of [
      [all, 'arn:aws:route53:::hostedzone/*'],
      [narrowed, 'arn:aws:route53:::hostedzone/Z1'],
    ] as const) {
      expect(bySid(policies.Renew, 'ChangeChallengeRecords')).toMatchObject({ Resource: zone, Condition: condition });
      expect(bySid(policies.Renew, 'ReadHostedZones').Resource).toBe(zone);
    }
    expect(actionsOf([...all.Scan, ...all.Provision]).filter((action) => action.startsWith('route53:'))).toEqual([]);
  });

  it('imports into ACM with our tag, over certificates with our tag, and never gives our tags to one that exists', () => {
    const asked = { StringEquals: { 'aws:RequestTag/evercert:renewer': 'evercert' } };
    const tagged = { StringEquals: { 'aws:ResourceTag/evercert:renewer': 'evercert' } };
    const any = 'arn:aws:acm:*:111122223333:certificate/*';
    expect(bySid(all.Renew, 'ImportFirst')).toMatchObject({ Resource: any, Condition: asked });
    expect(bySid(all.Renew, 'ImportAgain')).toMatchObject({ Resource: any, Condition: tagged });
    expect(bySid(all.Provision, 'DeleteImports')).toMatchObject({ Resource: any, Condition: tagged });
    expect(bySid(all.Renew, 'DeleteTwinImport')).toMatchObject({ Resource: any, Condition: tagged });
    expect(bySid(all.Renew, 'TagFirstImport')).toMatchObject({
      Resource: 'arn:aws:acm:*:111122223333:certificate/?',
      Condition: asked,
    });
    const withTagging = Object.values(all)
      .flat()
      .filter(({ Action }) => [Action].flat().includes('acm:AddTagsToCertificate'));
    expect(withTagging.map(({ Sid }) => Sid).sort()).toEqual(['TagFirstImport', 'TagImports']);
    expect(bySid(all.Provision, 'TagImports')).toMatchObject({
      Resource: any,
      Condition: {
        ...tagged,
        'ForAllValues:StringNotLike': { 'aws:TagKeys': 'evercert:*' },
        Null: { 'aws:TagKeys': 'false' },
      },
    });
  });

  it('assumes the roles that are listed, and none otherwise', () => {
    expect(actionsOf(Object.values(all).flat())).not.toContain('sts:AssumeRole');
    expect(bySid(narrowed.Renew, 'AssumeDnsRoles').Resource).toBe('arn:aws:iam::444455556666:role/dns');
  });

  it("writes checkpoints of renew's executions, as renew", () => {
    const { Action, Resource } = bySid(all.Renew, 'CheckpointRenewals');
    expect(Action).toEqual(['lambda:CheckpointDurableExecution', 'lambda:GetDurableExecutionState']);
    expect(shown(Resource)).toContain('RenewerRenew');
    expect(actionsOf([...all.Scan, ...all.Provision]).filter((action) => /Durable/.test(action))).toEqual([]);
  });

  it('lets the schedule start the scan, and no version of it', () => {
    expect(actionsOf(all.Schedule)).toEqual(['lambda:InvokeFunction', 'sqs:SendMessage']);
    expect(bySid(all.Schedule, 'StartScan').Resource).toEqual({
      'Fn::GetAtt': [expect.stringContaining('RenewerScan'), 'Arn'],
    });
  });

  it('in a VPC lets Lambda make the interfaces of each function, and the code of none', async () => {
    const action = 'ec2:CreateNetworkInterface';
    const may = async (statements: readonly Statement[], contextVariables: Record<string, string>) => {
      const network = statements.filter(({ Action }) => [Action].flat().includes(action));
      const { overallResult } = await runSimulation({
        request: {
          principal: 'arn:aws:sts::111122223333:assumed-role/role/session',
          action,
          resource: {
            resource: 'arn:aws:ec2:eu-central-1:111122223333:network-interface/eni-0a1b2c3d',
            accountId: '111122223333',
          },
          contextVariables,
        },
        identityPolicies: [{ name: 'own', policy: { Version: '2012-10-17', Statement: network } }],
        serviceControlPolicies: [],
        resourceControlPolicies: [],
      });
      return overallResult === 'Allowed';
    };
    const code = { 'lambda:SourceFunctionArn': 'arn:aws:lambda:eu-central-1:111122223333:function:Evercert-Renew' };
    for (const role of ['Scan', 'Renew', 'Provision'] as const) {
      expect(await may(inVpc[role], {})).toBe(true);
      expect(await may(inVpc[role], code)).toBe(false);
      expect(await may(all[role], {})).toBe(false);
    }
  });

  it('explains each statement in docs/permissions/README.md, and no other', () => {
    const page = readFileSync(join(import.meta.dirname, '../../docs/permissions/README.md'), 'utf8');
    const headings = [...page.matchAll(/^#### (\w+)$/gm)].map(([, sid]) => sid);
    const withKey = ['UseSecretsKey', 'UseExecutionKey'];
    const sids = [...Object.values(narrowed), ...Object.values(inVpc)].flat().flatMap(({ Sid }) => Sid ?? []);
    expect([...headings].sort()).toEqual([...new Set([...sids, ...withKey])].sort());
  });
});
