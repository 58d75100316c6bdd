import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

const root = join(import.meta.dirname, '../..');
const run = promisify(execFile);

/** As a shell without AWS credentials and without a profile. */
const environment = (home: string) => ({
  PATH: `${join(root, 'node_modules/.bin')}:${process.env['PATH']}`,
  HOME: home,
  AWS_EC2_METADATA_DISABLED: 'true',
});

/** Three runs of real processes: slow, so that the single refusals are tested elsewhere. */
describe('the CDK app', () => {
  let folder: string;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'evercert-app-'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it('is synthesized by the CDK CLI without credentials, cdk-nag included, with bundles of the handlers', async () => {
    const cli = join(root, 'node_modules/aws-cdk/bin/cdk');
    const context = ['-c', 'domain=leane.dev', '-c', 'email=ops@leane.dev', '-c', 'region=eu-central-1'];
    const { stderr } = await run(process.execPath, [cli, 'synth', '--quiet', '--output', folder, ...context], {
      cwd: root,
      env: environment(folder),
    });
    expect(stderr).not.toMatch(/warning|error|flags/i);
    const { Resources: resources } = JSON.parse(readFileSync(join(folder, 'Evercert.template.json'), 'utf8'));
    const bundles = Object.values(
      resources as Record<string, { readonly Type: string; readonly Metadata: Record<string, string> }>,
    )
      .filter(({ Type }) => Type === 'AWS::Lambda::Function')
      .map(({ Metadata }) => readFileSync(join(folder, Metadata['aws:asset:path'] ?? '', 'index.mjs'), 'utf8'));
    expect(bundles).toHaveLength(3);
    // A sentence of node-forge's, which acme-client's index would bring along.
    for (const bundle of bundles) expect(bundle.includes('ASN.1 object is not an X509v3 Certificate')).toBe(false);
  }, 60_000);

  it('is checked by cdk-nag, whatever it defines', async () => {
    const app = run(
      process.execPath,
      [
        '--input-type=module',
        '--eval',
        `import { Stack } from 'aws-cdk-lib';
         import { Topic } from 'aws-cdk-lib/aws-sns';
         import { runApp } from './infra/run-app.ts';
         await runApp((app) => new Topic(new Stack(app, 'Unchecked'), 'Plain'));`,
      ],
      { cwd: root, env: { ...environment(folder), CDK_OUTDIR: join(folder, 'unchecked') } },
    );
    await expect(app).rejects.toMatchObject({ code: 1, stderr: expect.stringContaining('AwsSolutions-SNS3') });
  }, 30_000);

  it('says in one sentence what is wrong, without a stack trace, and fails', async () => {
    const file = join(folder, 'wrong.config.ts');
    writeFileSync(
      file,
      `const twice = { domainNames: ['leane.dev'], issuer: 'letsencrypt' };
       export const config = { issuers: { letsencrypt: { authority: 'letsencrypt' } }, certificates: [twice, twice] };`,
    );
    const app = run(process.execPath, [join(root, 'infra/app.ts')], {
      cwd: root,
      env: {
        ...environment(folder),
        CDK_OUTDIR: join(folder, 'out'),
        CDK_CONTEXT_JSON: JSON.stringify({ config: file, 'aws:cdk:bundling-stacks': [] }),
      },
    });
    const { code, stderr } = await app.then(
      () => ({ code: 0, stderr: '' }),
      (error: { readonly code: number; readonly stderr: string }) => error,
    );
    expect(code).toBe(1);
    expect(stderr).toBe(
      'evercert: configuration: there are two certificates of the name leane.dev: give one another name\n',
    );
  }, 30_000);
});
