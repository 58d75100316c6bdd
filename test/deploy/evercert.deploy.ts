import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { walk } from '../on-aws/walk.ts';
import { handshake } from '../sandbox/tls-handshake.ts';
import { type Deployment, REGION, startDeployment } from './deployment.ts';
import type { CertificateInput } from './synthesis.ts';

const OTHER_REGION = 'us-east-1';
const PATIENCE = 180_000;
/** Four deployments and a removal; each has a deadline of its own. */
const WALK = 600_000;

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
    // Something to do while time passes.
    deployment.prepare([apex, mail]);
    await eventually(async () => {
      expect(await deployment.aws.tags('mail')).toMatchObject({ state: 'issued' });
    });
    expect((await deployment.aws.pair('mail')).domainNames).toEqual(mail.domainNames);
    expect((await imports('mail.leane.dev'))[0]).toEqual([{ arn: expect.any(String), serial: await serial('mail') }]);
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
      outputs = await deployment.deploy([apex, mail]);
      expect(await serial('leane.dev')).toBe(kept);
      expect(await imports('leane.dev')).toEqual(arns);
      expect(arns[0]?.[0]?.arn).toBe(output('CertificateArnleanedev'));
      expect((await imports('mail.leane.dev'))[0]).toEqual([
        { arn: output('CertificateArnmail'), serial: await serial('mail') },
      ]);
    });

    it(
      'is renewed by hand, changed, rolled back and destroyed as `npm run test:aws` does it',
      async () => {
        const said: string[] = [];
        const regions = [REGION, OTHER_REGION];
        const leftovers = async () =>
          (await Promise.all(regions.map((region) => deployment.aws.imports(region, 'evercert-test.leane.dev'))))
            .flat()
            .map(({ arn }) => arn);
        const place = { ...deployment, domain: 'leane.dev', issuer: 'pebble', regions, leftovers };
        await walk(place, (line) => said.push(line));
        expect(said.map((line) => line.split(/[:,;]/, 1)[0])).toEqual([
          'deployed',
          'scanned by hand',
          'renewed by hand',
          'changed a name',
          'a failing update was rolled back',
          'destroyed',
        ]);
        expect(said.at(-2)).toContain('rejectedIdentifier');
        expect(said.at(-1)).toBe('destroyed; nothing is left');
      },
      WALK,
    );
  });
});
