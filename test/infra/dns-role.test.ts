import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { App } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { DnsRoleStack } from '../../infra/dns-role.ts';

const RENEW = 'arn:aws:iam::123456789012:role/Evercert-RenewRole';

interface Statement {
  readonly Sid: string;
  readonly Action: unknown;
  readonly Resource: unknown;
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

function synthesized(role: Partial<ConstructorParameters<typeof DnsRoleStack>[2]['role']> = {}) {
  const stack = new DnsRoleStack(new App(), 'Dns', { role: { renewRoleArn: RENEW, ...role } });
  const { Resources } = Template.fromStack(stack).toJSON();
  const properties = (type: string) =>
    Object.values<{ Type: string; Properties: Record<string, never> }>(Resources).find(({ Type }) => Type === type)
      ?.Properties as unknown as Record<string, { readonly Statement: readonly Statement[] }>;
  return {
    trust: properties('AWS::IAM::Role')['AssumeRolePolicyDocument']?.Statement,
    statements: properties('AWS::IAM::Policy')['PolicyDocument']?.Statement ?? [],
  };
}

describe('the role in the account with the zones', () => {
  it('trusts the role of renew alone, with its external id', () => {
    expect(synthesized({ externalId: 'evercert-1' }).trust).toEqual([
      {
        Action: 'sts:AssumeRole',
        Effect: 'Allow',
        Principal: { AWS: RENEW },
        Condition: { StringEquals: { 'sts:ExternalId': 'evercert-1' } },
      },
    ]);
  });

  it('changes TXT records of challenges in the given zones, and listed targets, and nothing else', () => {
    const { statements } = synthesized({ hostedZoneIds: ['Z1'], cnameTargets: ['challenges.example.net'] });
    expect(statements.map(({ Sid }) => Sid)).toEqual([
      'FindHostedZones',
      'ReadHostedZones',
      'ChangeChallengeRecords',
      'FollowChanges',
    ]);
    const change = statements.find(({ Sid }) => Sid === 'ChangeChallengeRecords');
    expect(JSON.stringify(change?.Resource)).toContain('hostedzone/Z1');
    const key = (name: string) => `route53:ChangeResourceRecordSets${name}`;
    expect(change?.Condition).toEqual({
      'ForAllValues:StringLike': { [key('NormalizedRecordNames')]: ['_acme-challenge.*', 'challenges.example.net'] },
      'ForAllValues:StringEquals': { [key('RecordTypes')]: ['TXT'], [key('Actions')]: ['CREATE', 'DELETE'] },
      Null: { [key('NormalizedRecordNames')]: 'false', [key('RecordTypes')]: 'false', [key('Actions')]: 'false' },
    });
  });

  it.each([
    [{ renewRoleArn: 'renew' }, 'DNS role: renewRoleArn: must be the ARN of an IAM role'],
    [{ hostedZoneIds: ['zone'] }, 'DNS role: hostedZoneIds[0]'],
  ])('refuses what can not be: %j', (role, words) => {
    expect(() => synthesized(role)).toThrow(words);
  });

  it('is what the command of docs/operations/dns.md deploys', () => {
    expect(readFileSync('docs/operations/dns.md', 'utf8')).toContain(
      "--app 'node infra/dns-role-app.ts' -c renewRoleArn=",
    );
    const { folder, status, stderr } = run({ renewRoleArn: RENEW, externalId: 'evercert-1', hostedZoneIds: 'Z1,Z2' });
    expect([status, stderr]).toEqual([0, expect.any(String)]);
    const template = readFileSync(join(folder, 'EvercertDns.template.json'), 'utf8');
    for (const part of [RENEW, 'evercert-1', 'hostedzone/Z1', 'hostedzone/Z2']) expect(template).toContain(part);
    rmSync(folder, { recursive: true });
  });

  it.each([
    [
      { externalId: 'evercert-1' },
      'renewRoleArn is missing; give -c renewRoleArn=arn:aws:iam::123456789012:role/Evercert-RenewRole',
    ],
    // Without it the role would be for every zone.
    [
      { renewRoleArn: RENEW, hostedZoneId: 'Z1' },
      'unknown key "hostedZoneId"; evercert knows renewRoleArn, externalId, roleName, hostedZoneIds, cnameTargets, stackName',
    ],
  ])('says in a sentence what the command lacks, or has too much: %j', (context, sentence) => {
    const { folder, status, stderr } = run(context);
    expect([status, stderr]).toEqual([1, `evercert: context: ${sentence}\n`]);
    rmSync(folder, { recursive: true });
  });
});

/** As the CDK CLI hands on what follows -c. */
function run(context: object): { readonly folder: string; readonly status: number | null; readonly stderr: string } {
  const folder = mkdtempSync(join(tmpdir(), 'evercert-dns-role-'));
  const env = { ...process.env, CDK_OUTDIR: folder, CDK_CONTEXT_JSON: JSON.stringify(context) };
  const { status, stderr } = spawnSync(process.execPath, ['infra/dns-role-app.ts'], { env });
  return { folder, status, stderr: String(stderr) };
}
