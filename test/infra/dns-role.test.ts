import { beforeAll, describe, expect, it } from '@jest/globals';
import { App, type Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { CertificateRenewer } from '../../infra/certificate-renewer.ts';
import { DnsRoleStack } from '../../infra/dns-role.ts';
import { mayAssume } from './may-assume.ts';
import { resourceOf, testStack } from './synthesized.ts';

const RENEW = 'arn:aws:iam::123456789012:role/evercert/evercert/*';
const ROLE = 'arn:aws:iam::210987654321:role/evercert-dns';

interface Statement {
  readonly Sid: string;
  readonly Action: unknown;
  readonly Resource: unknown;
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

function synthesized(role: Partial<ConstructorParameters<typeof DnsRoleStack>[2]['role']> = {}) {
  const stack = new DnsRoleStack(new App(), 'Dns', { role: { renewRoleArns: [RENEW], ...role } });
  const { Resources } = Template.fromStack(stack).toJSON();
  const properties = (type: string) =>
    Object.values<{ Type: string; Properties: Record<string, never> }>(Resources).find(({ Type }) => Type === type)
      ?.Properties as unknown as Record<string, { readonly Statement: readonly Statement[] }>;
  return {
    trust: resolved(properties('AWS::IAM::Role')['AssumeRolePolicyDocument']),
    statements: properties('AWS::IAM::Policy')['PolicyDocument']?.Statement ?? [],
  };
}

/** A policy as it is deployed: the only reference in it is the partition. */
function resolved(policy: unknown): unknown {
  const text = JSON.stringify(policy).replace(
    /\{"Fn::Join":\["",\["arn:",\{"Ref":"AWS::Partition"\},"(.*?)"\]\]\}/g,
    '"arn:aws$1"',
  );
  return JSON.parse(text);
}

describe('the role in the account with the zones', () => {
  let stack: Stack;

  beforeAll(() => {
    stack = testStack();
    new CertificateRenewer(stack, 'Renewer', { dnsRoleArns: [ROLE] });
    new CertificateRenewer(stack, 'Blue', { renewer: 'blue' });
  });

  /** A role as CloudFormation makes it in an account. */
  const roleIn = (account: string, id: string) => {
    const { Path = '/' } = resourceOf(stack, 'AWS::IAM::Role', id).Properties;
    return `arn:aws:iam::${account}:role${Path}Test-${id}-AbCdEf`;
  };

  it('trusts the account of renew, on the condition of its role and of the external id', () => {
    expect(synthesized({ externalId: 'evercert-1' }).trust).toMatchObject({
      Statement: [
        {
          Action: 'sts:AssumeRole',
          Effect: 'Allow',
          Principal: { AWS: 'arn:aws:iam::123456789012:root' },
          Condition: {
            ArnLike: { 'aws:PrincipalArn': RENEW },
            StringEquals: { 'sts:ExternalId': 'evercert-1' },
          },
        },
      ],
    });
  });

  it('is for the renew of each account that is listed, whatever its role is called, and for nobody else', async () => {
    const second = RENEW.replace('123456789012', '444455556666');
    const { trust } = synthesized({ renewRoleArns: [RENEW, second], externalId: 'evercert-1' });
    const may = (caller: string, externalId = 'evercert-1') => mayAssume({ caller, roleArn: ROLE, trust, externalId });
    expect(await may(roleIn('123456789012', 'RenewerRenewRole'))).toBe(true);
    expect(await may(roleIn('444455556666', 'RenewerRenewRole'))).toBe(true);
    expect(await may(roleIn('123456789012', 'RenewerRenewRole'), 'another')).toBe(false);
    expect(await may(roleIn('123456789012', 'BlueRenewRole'))).toBe(false);
    expect(await may(roleIn('777788889999', 'RenewerRenewRole'))).toBe(false);
    expect(await may(roleIn('123456789012', 'RenewerScanRole'))).toBe(false);
  });

  it('can be made by hand from what the stack prints, with the same trust', async () => {
    const [output] = Object.values(
      Template.fromStack(stack).findOutputs('*', { Description: Match.stringLikeRegexp('^Trust policy') }),
    );
    const trust: unknown = JSON.parse(output?.['Value']);
    const may = (caller: string) => mayAssume({ caller, roleArn: ROLE, trust });
    expect(await may(roleIn('111122223333', 'RenewerRenewRole'))).toBe(true);
    expect(await may(roleIn('111122223333', 'BlueRenewRole'))).toBe(false);
    expect(await may(roleIn('111122223333', 'RenewerScanRole'))).toBe(false);
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
    [{ renewRoleArns: [] }, 'DNS role: renewRoleArns must have at least 1 entries'],
    [{ renewRoleArns: ['renew'] }, 'DNS role: renewRoleArns[0]: must be the ARN of an IAM role'],
    [{ renewRoleArns: ['arn:aws:iam::123456789012:role/*'] }, 'DNS role: renewRoleArns[0]: must be'],
    [{ renewRoleArns: ['arn:aws:iam::*:role/evercert/evercert/*'] }, 'DNS role: renewRoleArns[0]: must be'],
    [{ hostedZoneIds: ['zone'] }, 'DNS role: hostedZoneIds[0]'],
  ])('refuses what can not be: %j', (role, words) => {
    expect(() => synthesized(role)).toThrow(words);
  });
});
