import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { handshake } from '../sandbox/tls-handshake.ts';
import { type CertificateInput, type Deployment, ISSUER, REGION, startDeployment } from './deployment.ts';
import { type OnAwsRun, runOnAws } from './run-on-aws.ts';

const OTHER_REGION = 'us-east-1';
const PATIENCE = 180_000;
/** Three deployments and a removal; each has a deadline of its own. */
const WALK = 600_000;

const apex: CertificateInput = {
  domainNames: ['leane.dev', '*.leane.dev'],
  issuer: ISSUER,
  acm: [REGION, OTHER_REGION],
};
const mail: CertificateInput = {
  name: 'mail',
  domainNames: ['mail.leane.dev'],
  issuer: ISSUER,
  removalPolicy: 'destroy',
};

/** In this order: each case goes on with what the one before has left. */
describe('evercert, deployed by the CDK CLI', () => {
  let deployment: Deployment;
  let outputs: Readonly<Record<string, string>>;
  /** `npm run test:aws`, with the emulator for an account: in another stack and zone, beside everything else. */
  let walked: Promise<OnAwsRun>;
  let interrupted: Promise<OnAwsRun>;

  beforeAll(async () => {
    deployment = await startDeployment();
    const { environment, zoneIds } = deployment;
    const where = ['--domain', 'leane.example', '--hosted-zone-id', zoneIds[1] ?? ''];
    const args = [...where, '--email', 'ops@leane.dev', '--regions', `${REGION},${OTHER_REGION}`];
    walked = runOnAws(args, environment, { after: 'Write yes: ', act: ({ stdin }) => stdin.write('yes\n') });
    interrupted = walked.then(() =>
      runOnAws([...args, '--yes'], environment, { after: 'bootstrapped', act: (child) => child.kill('SIGINT') }),
    );
  });
  afterAll(async () => {
    await interrupted;
    await deployment?.stop();
  }, WALK);

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
    expect(await deployment.aws.txtValues(deployment.zoneIds[0] ?? '')).toEqual({});
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
  });

  describe('`npm run test:aws`', () => {
    /** Lines that begin with one of these words, up to the first punctuation mark; nobody's answer ended the first. */
    const said = (output: string) =>
      output
        .split(/\n|Write yes: /)
        .filter((line) =>
          /^(bootstrapped|deployed|scanned|renewed|changed|a failing|open:|NOT|destroyed|passed)/.test(line),
        )
        .map((line) => line.split(/[:,;]/, 1)[0]);

    it(
      'walks from the first deployment to the last secret',
      async () => {
        const { status, output } = await walked;
        expect({ status, output }).toMatchObject({ status: 0 });
        expect(said(output)).toEqual([
          'bootstrapped',
          'deployed',
          'scanned by hand',
          'renewed by hand',
          'changed a name',
          'a failing update was rolled back',
          'open',
          'open',
          'open',
          'open',
          'destroyed',
          'passed',
        ]);
        expect(output).toContain('rejectedIdentifier');
        expect(output.match(/^ {2}as the sandbox has it: .*$/gm)).toHaveLength(4);
        // All that nobody has scheduled for deletion: MiniStack sends no Delete for a Create that failed.
        const left = output.slice(output.indexOf('\ndestroyed')).match(/^ {2}.*: aws .*$|^ {2}TXT.*$/gm) ?? [];
        expect(left).toEqual([
          expect.stringContaining('secret evercert-on-aws/evercert-test-refused: aws secretsmanager'),
        ]);
      },
      WALK,
    );

    it(
      'destroys what it was deploying when it is interrupted, and says that it has failed',
      async () => {
        const { status, output } = await interrupted;
        expect({ status, output }).toMatchObject({ status: 1 });
        expect(said(output)).toEqual(['bootstrapped', 'destroyed']);
        expect(output).toContain('SIGINT: what is deployed is destroyed as soon as the step that runs has ended');
        expect(output.trim()).toMatch(/FAILED: stopped by SIGINT$/);
      },
      WALK,
    );
  });
});
