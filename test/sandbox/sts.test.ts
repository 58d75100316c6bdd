import { GetHostedZoneCommand, ListHostedZonesCommand, Route53Client } from '@aws-sdk/client-route-53';
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { Route53 } from './route53.ts';
import { Sts } from './sts.ts';
import { startTestAws, type TestAws } from './test-aws.ts';
import { VirtualClock } from './virtual-clock.ts';

const ROLE = { roleArn: 'arn:aws:iam::210987654321:role/dns', externalId: 'x-1' };

let clock: VirtualClock;
let aws: TestAws;
let route53: Route53;
let client: STSClient;

beforeEach(async () => {
  clock = new VirtualClock(Date.now());
  const sts = new Sts({ clock });
  sts.trust(ROLE);
  route53 = new Route53({ clock, accountOf: (accessKeyId) => sts.accountOf(accessKeyId) });
  aws = await startTestAws(clock, [sts, route53]);
  client = new STSClient(aws.clientOptions());
});
afterEach(async () => {
  expect(aws.server.bugs).toEqual([]);
  await aws.stop();
});

const assume = (changes: object = {}) =>
  client.send(
    new AssumeRoleCommand({
      RoleArn: ROLE.roleArn,
      RoleSessionName: 'evercert',
      ExternalId: ROLE.externalId,
      ...changes,
    }),
  );

async function zonesOfPartner(): Promise<Route53Client> {
  const { Credentials } = await assume();
  const {
    AccessKeyId: accessKeyId = '',
    SecretAccessKey: secretAccessKey = '',
    SessionToken: sessionToken = '',
  } = Credentials ?? {};
  return new Route53Client({ ...aws.clientOptions(), credentials: { accessKeyId, secretAccessKey, sessionToken } });
}

it('refuses a role that trusts nobody, and a wrong external id', async () => {
  const denied = {
    name: 'AccessDenied',
    message: expect.stringContaining('is not authorized to perform: sts:AssumeRole'),
  };
  await expect(assume({ RoleArn: 'arn:aws:iam::210987654321:role/other' })).rejects.toMatchObject(denied);
  await expect(assume({ ExternalId: 'x-2' })).rejects.toMatchObject(denied);
  await expect(assume({ ExternalId: undefined })).rejects.toMatchObject(denied);
});

it('gives credentials for an hour at most', async () => {
  await expect(assume({ DurationSeconds: 7_200 })).rejects.toMatchObject({ name: 'ValidationError' });
  const { Credentials } = await assume({ DurationSeconds: 3_600 });
  expect(Math.round(((Credentials?.Expiration?.getTime() ?? 0) - clock.now()) / 1000)).toBeGreaterThanOrEqual(3_599);
});

it('keeps the zones of accounts apart', async () => {
  const { id } = route53.createZone('example.com');
  route53.createZone('partner.example', { account: '210987654321' });
  const partner = await zonesOfPartner();
  const { HostedZones } = await partner.send(new ListHostedZonesCommand({}));
  expect(HostedZones?.map(({ Name }) => Name)).toEqual(['partner.example.']);
  await expect(partner.send(new GetHostedZoneCommand({ Id: id }))).rejects.toMatchObject({ name: 'AccessDenied' });
});

it('gives credentials that end', async () => {
  const partner = await zonesOfPartner();
  await clock.advance(61 * 60_000);
  await expect(partner.send(new ListHostedZonesCommand({}))).rejects.toMatchObject({ name: 'ExpiredToken' });
});
