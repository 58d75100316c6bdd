import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import {
  ACMClient,
  DescribeCertificateCommand,
  ImportCertificateCommand,
  ListCertificatesCommand,
  ListTagsForCertificateCommand,
} from '@aws-sdk/client-acm';
import {
  type Change,
  ChangeResourceRecordSetsCommand,
  CreateHostedZoneCommand,
  GetChangeCommand,
  ListResourceRecordSetsCommand,
  Route53Client,
} from '@aws-sdk/client-route-53';
import {
  CreateSecretCommand,
  DeleteSecretCommand,
  DescribeSecretCommand,
  PutSecretValueCommand,
  SecretsManagerClient,
  UpdateSecretVersionStageCommand,
} from '@aws-sdk/client-secrets-manager';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { emulatedAws, setEnvironment } from '../environment.ts';
import { createTestIssuer, type IssuedPair, type TestIssuer } from '../sandbox/issue-certificate.ts';
import type { InteropAws } from './interop-aws.ts';
import { describeWith } from './second-opinions.ts';
import { startMoto } from './start-moto.ts';

/**
 * Where moto does otherwise than AWS says (decision 3 and the rule tables have the sources). A test that fails here is
 * good news: moto has changed, and with it the tables and `MOTO_ABILITIES`.
 */
describeWith(['moto'], 'Moto, otherwise than AWS', () => {
  let moto: InteropAws;
  let restore: () => void;

  beforeAll(async () => {
    restore = setEnvironment(emulatedAws());
    moto = await startMoto();
  });

  afterAll(async () => {
    await moto?.stop();
    restore();
  });

  describe('in Route 53', () => {
    const NAME = '_acme-challenge.example.com.';
    let route53: Route53Client;
    let zoneId: string;

    beforeAll(async () => {
      route53 = new Route53Client({ endpoint: moto.url });
      zoneId = await createZone('example.com');
    });
    afterAll(() => route53?.destroy());

    const createZone = async (Name: string) => {
      const command = new CreateHostedZoneCommand({ Name, CallerReference: Name });
      return (await route53.send(command)).HostedZone?.Id?.replace('/hostedzone/', '') ?? '';
    };
    const change = (Action: Change['Action'], value: string) =>
      route53.send(
        new ChangeResourceRecordSetsCommand({
          HostedZoneId: zoneId,
          ChangeBatch: {
            Changes: [
              { Action, ResourceRecordSet: { Name: NAME, Type: 'TXT', TTL: 60, ResourceRecords: [{ Value: value }] } },
            ],
          },
        }),
      );
    const values = async () => {
      const list = new ListResourceRecordSetsCommand({ HostedZoneId: zoneId, StartRecordName: NAME });
      const { ResourceRecordSets = [] } = await route53.send(list);
      return ResourceRecordSets.filter(({ Type }) => Type === 'TXT').map(({ ResourceRecords = [] }) =>
        ResourceRecords.map(({ Value }) => Value),
      );
    };

    it('gives zones random ids, which begin with Z by chance alone', async () => {
      const names = Array.from({ length: 10 }, (_, index) => `zone-${index}.example`);
      const ids = await Promise.all(names.map(createZone));
      expect(ids.filter((id) => /^[A-Z0-9]{22}$/.test(id))).toHaveLength(10);
      expect(ids.filter((id) => !id.startsWith('Z')).length).toBeGreaterThan(0);
    });

    it('creates a second record set of one name and type, deletes both at once, and deletes what is gone', async () => {
      await change('CREATE', '"ours"');
      await change('CREATE', '"theirs"');
      expect(await values()).toEqual([['"ours"'], ['"theirs"']]);
      await change('DELETE', '"ours"');
      expect(await values()).toEqual([]);
      await change('DELETE', '"ours"');
    });

    it('refuses a DELETE of values that never were in other words than AWS', async () => {
      await expect(change('DELETE', '"nobody’s"')).rejects.toMatchObject({ name: 'InvalidInput' });
    });

    it('has every change in sync at once', async () => {
      const { ChangeInfo } = await change('CREATE', '"fast"');
      const { ChangeInfo: later } = await route53.send(new GetChangeCommand({ Id: ChangeInfo?.Id }));
      expect(later?.Status).toBe('INSYNC');
    });
  });

  describe('in Secrets Manager', () => {
    let secrets: SecretsManagerClient;
    beforeAll(() => {
      secrets = new SecretsManagerClient({ endpoint: moto.url });
    });
    afterAll(() => secrets?.destroy());

    it('writes versions of a secret that is scheduled for deletion', async () => {
      await secrets.send(new CreateSecretCommand({ Name: 'deleted', SecretString: 'first' }));
      await secrets.send(new DeleteSecretCommand({ SecretId: 'deleted', RecoveryWindowInDays: 7 }));
      const put = new PutSecretValueCommand({ SecretId: 'deleted', SecretString: 'second', VersionStages: ['LABEL'] });
      expect((await secrets.send(put)).VersionStages).toEqual(['LABEL']);
    });

    it('refuses to move a label to a version that does not exist, but takes it away all the same', async () => {
      const { VersionId } = await secrets.send(new CreateSecretCommand({ Name: 'robbed', SecretString: 'first' }));
      const move = new UpdateSecretVersionStageCommand({
        SecretId: 'robbed',
        VersionStage: 'AWSCURRENT',
        RemoveFromVersionId: VersionId,
        MoveToVersionId: '0'.repeat(32),
      });
      await expect(secrets.send(move)).rejects.toMatchObject({ name: 'InvalidParameterException' });
      const { VersionIdsToStages } = await secrets.send(new DescribeSecretCommand({ SecretId: 'robbed' }));
      expect(Object.values(VersionIdsToStages ?? {}).flat()).not.toContain('AWSCURRENT');
    });
  });

  describe('in ACM', () => {
    let acm: ACMClient;
    let issuer: TestIssuer;
    beforeAll(async () => {
      acm = new ACMClient({ endpoint: moto.url });
      issuer = await createTestIssuer();
    });
    afterAll(() => acm?.destroy());

    const issue = (serial: string, key?: KeyObject) =>
      issuer.issue({
        ...(key ? { key } : {}),
        names: ['example.com', 'www.example.com'],
        notBefore: Date.now() - 60_000,
        notAfter: Date.now() + 86_400_000,
        serial,
      });
    const importPair = async ({ certificate, chain, privateKey }: IssuedPair, arn?: string) => {
      const command = new ImportCertificateCommand({
        Certificate: Buffer.from(certificate),
        CertificateChain: Buffer.from(chain),
        PrivateKey: Buffer.from(privateKey),
        ...(arn ? { CertificateArn: arn } : { Tags: [{ Key: 'owner', Value: 'evercert' }] }),
      });
      return (await acm.send(command)).CertificateArn ?? '';
    };

    it('writes serial numbers in decimal', async () => {
      const arn = await importPair(await issue('00ff00ff'));
      const { Certificate } = await acm.send(new DescribeCertificateCommand({ CertificateArn: arn }));
      expect(Certificate?.Serial).toBe(String(0x00ff00ff));
    });

    it('takes a key of another type over an existing import', async () => {
      const arn = await importPair(await issue('04'));
      const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-384' });
      expect(await importPair(await issue('05', privateKey), arn)).toBe(arn);
    });

    it('forgets the tags of what is imported over', async () => {
      const arn = await importPair(await issue('01'));
      await importPair(await issue('02'), arn);
      expect((await acm.send(new ListTagsForCertificateCommand({ CertificateArn: arn }))).Tags).toEqual([]);
    });

    it('lists all key types when none is asked for, without the alternative names', async () => {
      const arn = await importPair(await issue('03'));
      const { CertificateSummaryList = [] } = await acm.send(new ListCertificatesCommand({}));
      const summary = CertificateSummaryList.find(({ CertificateArn }) => CertificateArn === arn);
      expect(summary).toMatchObject({ KeyAlgorithm: expect.stringMatching(/^EC_/) });
      expect(summary?.SubjectAlternativeNameSummaries).toBeUndefined();
    });
  });
});
