import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { ACMClient, ImportCertificateCommand } from '@aws-sdk/client-acm';
import {
  CreateSecretCommand,
  RestoreSecretCommand,
  SecretsManagerClient,
  UpdateSecretVersionStageCommand,
} from '@aws-sdk/client-secrets-manager';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { readCertificate } from '../../lambdas/acme/certificate.ts';
import { splitChain } from '../../lambdas/acme/pem-chain.ts';
import { DAY, HOUR, MINUTE } from '../../lambdas/core/duration.ts';
import { imports, live, tagsOf } from '../sandbox/inspect.ts';
import type { Sandbox } from '../sandbox/sandbox.ts';
import { type StackSandbox, startStackSandbox } from '../sandbox/stack-sandbox.ts';

const NAMES = ['*.leane.dev', 'leane.dev'];
const REGION = 'eu-central-1';
const OURS = { 'evercert:renewer': 'evercert' };

/** What adopt.md, alarms.md and messages.md in docs/operations say of what people do. */
describe('by hand', () => {
  let world: StackSandbox;
  let sandbox: Sandbox;
  let secrets: SecretsManagerClient;

  beforeEach(async () => {
    world = await startStackSandbox({ zones: ['leane.dev'] });
    secrets = new SecretsManagerClient({});
    ({ sandbox } = world);
    await sandbox.deployIssuer();
  });

  afterEach(async () => {
    expect(sandbox.bugs()).toEqual([]);
    secrets.destroy();
    await world.stop();
  });

  /** A pair that evercert has not ordered, as files of certbot hold it. */
  const foreignPair = async () => {
    const { privateKey: key } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const fullchain = await sandbox.ca.issue({ names: NAMES, publicKey: createPublicKey(key) });
    const [certificate = '', ...chain] = splitChain(fullchain);
    const privateKey = String(key.export({ type: 'pkcs8', format: 'pem' }));
    return { certificate, chain: chain.join(''), fullchain, privateKey };
  };
  const kubernetes = async () => {
    const { fullchain, privateKey } = await foreignPair();
    return JSON.stringify({ 'tls.crt': fullchain, 'tls.key': privateKey, owner: 'web' });
  };
  const serialOf = (certificate: string) => readCertificate(certificate).serialNumber;
  const orders = () => sandbox.ca.orders.length;

  describe('a secret outside of the prefix', () => {
    it('that adoptedSecrets does not list is started and denied with every scan, and nothing is written into it', async () => {
      sandbox.secretsManager.create('elsewhere/tls', await kubernetes(), OURS);
      const before = sandbox.secretsManager.secret('elsewhere/tls');
      for (let scan = 0; scan < 2; scan += 1) {
        expect(await sandbox.scan()).toMatchObject({ started: 1, certificates: [{ name: 'elsewhere/tls' }] });
        await sandbox.clock.advance(HOUR);
      }
      expect(sandbox.secretsManager.secret('elsewhere/tls')).toEqual(before);
      // The page on alarms says where such a failure is to be looked for.
      expect(sandbox.log.filter(({ level }) => level === 'error')).toEqual([]);
      await expect(sandbox.renew({ certificate: before?.arn })).rejects.toMatchObject({
        code: 'access-denied',
        message: expect.stringContaining('secretsmanager:DescribeSecret'),
      });
      await expect(sandbox.renew({ certificate: 'elsewhere/tls' })).rejects.toMatchObject({
        code: 'unknown-certificate',
        message: expect.stringContaining('adoptedSecrets'),
      });
    });

    it('whose KMS key nobody has granted is denied in AWS’s words', async () => {
      const Tags = Object.entries(OURS).map(([Key, Value]) => ({ Key, Value }));
      const KmsKeyId = 'arn:aws:kms:eu-central-1:123456789012:key/11111111-2222-3333-4444-555555555555';
      const SecretString = await kubernetes();
      await secrets.send(new CreateSecretCommand({ Name: 'legacy/tls', SecretString, KmsKeyId, Tags }));
      sandbox.iam.expectDenials('kms:Decrypt');
      await expect(sandbox.renew({ certificate: 'legacy/tls' })).rejects.toMatchObject({
        code: 'access-denied',
        message: expect.stringContaining('kms:Decrypt'),
      });
    });

    it('keeps its pair when a spec is sent that it satisfies, and gets an import of its own in ACM', async () => {
      sandbox.secretsManager.create('legacy/tls', await kubernetes(), OURS);
      await sandbox.scan();
      expect(tagsOf(sandbox, 'legacy/tls', '')).toMatchObject({ state: 'issued', acm: {} });
      const pair = JSON.parse(sandbox.secretsManager.value('legacy/tls') ?? '');
      const acm = new ACMClient({ region: REGION });
      const [leaf = '', ...chain] = splitChain(pair['tls.crt']);
      const { CertificateArn } = await acm.send(
        new ImportCertificateCommand({
          Certificate: Buffer.from(leaf),
          CertificateChain: Buffer.from(chain.join('')),
          PrivateKey: Buffer.from(pair['tls.key']),
        }),
      );
      acm.destroy();
      const spec = { domainNames: ['leane.dev', '*.leane.dev'], issuer: 'sandbox', acm: [REGION] };
      expect(await sandbox.renew({ certificate: 'legacy/tls', spec })).toMatchObject({ decision: 'published' });
      expect(orders()).toBe(0);
      const arns = sandbox.acm.certificates(REGION).map(({ arn }) => arn);
      expect(arns).toHaveLength(2);
      expect(tagsOf(sandbox, 'legacy/tls', '').acm[REGION]?.arn).toBe(arns.find((arn) => arn !== CertificateArn));
    });
  });

  describe('a secret below the prefix', () => {
    const stack = () => ({
      Certificate: {
        type: 'Custom::AcmeCertificate',
        properties: {
          Name: 'shop',
          Spec: JSON.stringify({ domainNames: ['leane.dev', '*.leane.dev'], issuer: 'sandbox', acm: [REGION] }),
          WaitForIssuance: true,
          RemovalPolicy: 'retain',
        },
      },
    });

    it('that carries the tag becomes a stack’s with the pair that it has', async () => {
      sandbox.secretsManager.create('evercert/shop', await kubernetes(), OURS);
      const value = sandbox.secretsManager.value('evercert/shop') ?? '';
      expect(await world.cloudFormation.createStack('web', stack())).toMatchObject({
        reason: '',
        status: 'CREATE_COMPLETE',
      });
      expect(sandbox.secretsManager.value('evercert/shop')).toBe(value);
      expect(orders()).toBe(0);
      expect(imports(sandbox, [REGION])[REGION]?.serial).toBe(
        serialOf(splitChain(JSON.parse(value)['tls.crt'])[0] ?? ''),
      );
      expect(tagsOf(sandbox, 'shop')).toMatchObject({ state: 'issued', logicalId: 'Certificate' });
    });
  });

  it('an import that failed is made up for by the next attempt without an order, and by force with one', async () => {
    const spec = { domainNames: NAMES, issuer: 'sandbox', acm: [REGION] };
    const refused = { status: 400, name: 'AccessDeniedException', message: 'denied for a while' };
    for (const certificate of ['a', 'b']) {
      sandbox.faults.add({ operation: 'acm:ImportCertificate', times: 1, error: refused });
      await expect(sandbox.renew({ certificate, spec })).rejects.toMatchObject({ code: 'access-denied' });
    }
    expect(orders()).toBe(2);
    expect(await sandbox.renew({ certificate: 'a', force: true })).toMatchObject({ decision: 'renewed' });
    expect(orders()).toBe(3);
    await sandbox.clock.advance(HOUR + MINUTE);
    expect(await sandbox.renew({ certificate: 'b' })).toMatchObject({ decision: 'published' });
    expect(orders()).toBe(3);
  });

  it('an account key from before a rollover gets another account', async () => {
    const SecretId = 'evercert/_issuers/sandbox';
    await sandbox.deployIssuer('sandbox', { ...sandbox.issuerSettings(), keyRollover: 'once' });
    expect(sandbox.ca.accounts).toHaveLength(1);
    await secrets.send(
      new UpdateSecretVersionStageCommand({
        SecretId,
        VersionStage: 'AWSCURRENT',
        MoveToVersionId: sandbox.secretsManager.versionId(SecretId, 'AWSPREVIOUS'),
        RemoveFromVersionId: sandbox.secretsManager.versionId(SecretId, 'AWSCURRENT'),
      }),
    );
    await sandbox.renew({ certificate: 'leane.dev', spec: { domainNames: NAMES, issuer: 'sandbox' } });
    expect(sandbox.ca.accounts).toHaveLength(2);
  });

  it('an issuer’s secret that is restored is the issuer again', async () => {
    await world.scheduleDeletion('evercert/_issuers/sandbox');
    const renewal = () => sandbox.renew({ certificate: 'leane.dev', spec: { domainNames: NAMES, issuer: 'sandbox' } });
    await expect(renewal()).rejects.toMatchObject({ code: 'unknown-issuer' });
    await secrets.send(new RestoreSecretCommand({ SecretId: 'evercert/_issuers/sandbox' }));
    expect(await renewal()).toMatchObject({ decision: 'renewed' });
    expect(sandbox.ca.accounts).toHaveLength(1);
  });

  it('a certificate whose secret is deleted is in no scan, and goes on where it was when it is restored', async () => {
    const spec = { domainNames: NAMES, issuer: 'sandbox' };
    await sandbox.renew({ certificate: 'leane.dev', spec });
    await world.scheduleDeletion('evercert/leane.dev');
    expect(await sandbox.scan()).toMatchObject({ scanned: 0 });
    await expect(sandbox.renew({ certificate: 'leane.dev' })).rejects.toMatchObject({ code: 'unknown-certificate' });
    await secrets.send(new RestoreSecretCommand({ SecretId: 'evercert/leane.dev' }));
    expect(await sandbox.scan()).toMatchObject({ scanned: 1, due: 0 });
  });

  describe('a pair of another CA in the place of one that ends tomorrow, while the CA is down', () => {
    beforeEach(async () => {
      const spec = { domainNames: ['leane.dev', '*.leane.dev'], issuer: 'sandbox', acm: [REGION] };
      await sandbox.renew({ certificate: 'leane.dev', spec });
      const { notAfter = 0 } = tagsOf(sandbox, 'leane.dev');
      await sandbox.clock.advance(notAfter - DAY - sandbox.clock.now());
      sandbox.faults.add({ operation: 'acme:*', drop: true });
      await sandbox.scan();
      expect(tagsOf(sandbox, 'leane.dev')).toMatchObject({ state: 'failed', failure: 'ca-unreachable' });
    });

    it('is live at once, in ACM when the back-off is over, and stays until it is due itself', async () => {
      const [arn] = sandbox.acm.certificates(REGION).map((each) => each.arn);
      const pair = await foreignPair();
      sandbox.secretsManager.overwrite('evercert/leane.dev', JSON.stringify(pair));
      expect(await sandbox.scan()).toMatchObject({ started: 0 });
      const { retryAt = 0 } = tagsOf(sandbox, 'leane.dev');
      expect(retryAt - sandbox.clock.now()).toBeLessThan(3 * HOUR);
      await sandbox.clock.advance(retryAt - sandbox.clock.now() + MINUTE);
      await sandbox.scan();
      const serial = serialOf(pair.certificate);
      expect(imports(sandbox, [REGION])[REGION]).toEqual({ arn, serial });
      expect(tagsOf(sandbox, 'leane.dev')).toMatchObject({ state: 'issued', serial, failures: 0 });
      expect(live(sandbox, 'leane.dev')).toEqual(pair);
      await sandbox.clock.advance(59 * DAY);
      expect(await sandbox.scan()).toMatchObject({ due: 0 });
      sandbox.faults.clear();
      await sandbox.clock.advance(2 * DAY);
      await sandbox.scan();
      expect(live(sandbox, 'leane.dev').issued.directoryUrl).toBe(sandbox.ca.directoryUrl);
      expect(imports(sandbox, [REGION])[REGION]?.arn).toBe(arn);
    });
  });
});
