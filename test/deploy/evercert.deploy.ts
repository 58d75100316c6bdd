import { X509Certificate } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { EvercertConfig } from '../../infra/app-config.ts';
import { handshake } from '../sandbox/tls-handshake.ts';
import { type Deployment, REGION, startDeployment } from './deployment.ts';

const OTHER_REGION = 'us-east-1';
const PATIENCE = 180_000;

type CertificateInput = EvercertConfig['certificates'][number];

const apex: CertificateInput = {
  domainNames: ['leane.dev', '*.leane.dev'],
  issuer: 'pebble',
  acm: [REGION, OTHER_REGION],
};
const mail: CertificateInput = {
  name: 'mail',
  domainNames: ['mail.leane.dev'],
  issuer: 'pebble',
  removalPolicy: 'destroy',
};

/** In this order: each case goes on with what the one before has left. */
describe('evercert, deployed by the CDK CLI', () => {
  let deployment: Deployment;
  let outputs: Readonly<Record<string, string>>;

  beforeAll(async () => {
    deployment = await startDeployment();
  });
  afterAll(() => deployment?.stop());

  const output = (name: string): string => {
    const value = outputs[name];
    if (value === undefined) throw new Error(`no output ${name} among ${Object.keys(outputs).join(', ')}`);
    return value;
  };
  const imports = (domainName: string) =>
    Promise.all([REGION, OTHER_REGION].map((region) => deployment.aws.imports(region, domainName)));
  const serial = async (certificate: string) => (await deployment.aws.pair(certificate)).issued.serialNumber;
  /** Asks again until `check` no longer throws; patience is for what hangs. */
  const eventually = async (check: () => Promise<void>): Promise<void> => {
    for (const giveUpAt = Date.now() + PATIENCE; ; ) {
      try {
        return await check();
      } catch (error) {
        if (Date.now() > giveUpAt) throw error;
        await new Promise((resolve) => setTimeout(resolve, 1_000));
      }
    }
  };

  it('issues a certificate, which exists in the secret and in ACM under the ARNs that are stack outputs', async () => {
    outputs = await deployment.deploy([apex, { ...mail, waitForIssuance: false }]);
    const live = await deployment.aws.pair('leane.dev');
    expect(live.domainNames).toEqual(apex.domainNames);
    expect(await handshake(live, 'www.leane.dev', deployment.ca.roots)).toBeUndefined();
    expect(await imports('leane.dev')).toEqual([
      [{ arn: output('CertificateArnleanedev'), serial: live.issued.serialNumber }],
      [{ arn: output('CertificateArnleanedevuseast1'), serial: live.issued.serialNumber }],
    ]);
    expect((await deployment.aws.tags('leane.dev')).stack).toContain(':stack/Evercert/');
    for (const zoneId of deployment.zoneIds) expect(await deployment.aws.txtValues(zoneId)).toEqual({});
    // Nobody has waited for this one. It is the schedule's.
    expect(await deployment.aws.tags('mail')).toMatchObject({ state: 'registered' });
  });

  it('scans and renews by hand, under the same secret and ARNs', async () => {
    const [scan, renew] = [output('ScanFunctionName'), output('RenewFunctionArn')];
    const [before, arns] = [await serial('leane.dev'), await imports('leane.dev')];
    expect(await deployment.invoke(scan, { certificates: ['leane.dev'], force: true })).toMatchObject({
      scanned: 1,
      started: 1,
      failed: 0,
    });
    await eventually(async () => {
      expect(await deployment.aws.tags('leane.dev')).toMatchObject({ state: 'issued' });
      expect(await serial('leane.dev')).not.toBe(before);
    });
    const scanned = await serial('leane.dev');
    expect(await deployment.invoke(renew, { certificate: 'leane.dev', force: true })).toMatchObject({
      decision: 'renewed',
    });
    const renewed = await serial('leane.dev');
    expect(renewed).not.toBe(scanned);
    expect(await imports('leane.dev')).toEqual(arns.map(([each]) => [{ arn: each?.arn, serial: renewed }]));
    await expect(deployment.invoke(scan, { certificates: ['nobody'] })).rejects.toThrow('no certificate nobody');
  });

  it('scans on schedule: a certificate that was only registered is issued', async () => {
    await eventually(async () => {
      expect(await deployment.aws.tags('mail')).toMatchObject({ state: 'issued' });
    });
    expect((await deployment.aws.pair('mail')).domainNames).toEqual(mail.domainNames);
    expect((await imports('mail.leane.dev'))[0]).toEqual([{ arn: expect.any(String), serial: await serial('mail') }]);
  });

  it('reissues a certificate under the same ARN when a name is added', async () => {
    const before = await deployment.aws.pair('leane.dev');
    const arn = output('CertificateArnleanedev');
    const domainNames = [...apex.domainNames, 'www.leane.example'];
    outputs = await deployment.deploy([
      { ...apex, domainNames },
      { ...mail, waitForIssuance: false },
    ]);
    const live = await deployment.aws.pair('leane.dev');
    expect(new X509Certificate(live.certificate).subjectAltName?.split(', ').sort()).toEqual(
      domainNames.map((name) => `DNS:${name}`).sort(),
    );
    expect(live.issued.serialNumber).not.toBe(before.issued.serialNumber);
    expect(output('CertificateArnleanedev')).toBe(arn);
    expect((await imports('www.leane.example'))[0]).toEqual([{ arn, serial: live.issued.serialNumber }]);
  });

  describe('destroyed', () => {
    beforeAll(() => deployment.destroy());

    it('keeps the secret and the imports of a certificate that it retains, and lets go of them', async () => {
      const live = await serial('leane.dev');
      expect(await imports('leane.dev')).toEqual(
        [REGION, OTHER_REGION].map(() => [expect.objectContaining({ serial: live })]),
      );
      expect((await deployment.aws.tags('leane.dev')).stack).toBeUndefined();
    });

    it('takes the secret and the import of a certificate that it destroys away', async () => {
      await expect(deployment.aws.pair('mail')).rejects.toThrow(/deletion/);
      expect(await imports('mail.leane.dev')).toEqual([[], []]);
    });

    it('takes over what was kept, and brings back what was destroyed, when it is deployed again', async () => {
      const [kept, arns] = [await serial('leane.dev'), await imports('leane.dev')];
      const domainNames = [...apex.domainNames, 'www.leane.example'];
      outputs = await deployment.deploy([{ ...apex, domainNames }, mail]);
      expect(await serial('leane.dev')).toBe(kept);
      expect(await imports('leane.dev')).toEqual(arns);
      expect(arns[0]?.[0]?.arn).toBe(output('CertificateArnleanedev'));
      expect((await imports('mail.leane.dev'))[0]).toEqual([
        { arn: output('CertificateArnmail'), serial: await serial('mail') },
      ]);
    });
  });
});
