import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { RENEW_ROLES as RENEW } from '../../infra/dns-role.ts';

/** Runs of real processes: slow. */
describe('the CDK app of a role in the account with the zones', () => {
  it('deploys what the command of docs/operations/dns.md says', () => {
    expect(readFileSync('docs/operations/dns.md', 'utf8')).toContain(
      "--app 'node infra/dns-role-app.ts' -c renewRoleArns='arn:aws:iam::123456789012:role/evercert/evercert/*'",
    );
    const second = 'arn:aws:iam::444455556666:role/evercert/blue/*';
    const { folder, status, stderr } = run({
      renewRoleArns: `${RENEW},${second}`,
      externalId: 'evercert-1',
      hostedZoneIds: 'Z1,Z2',
    });
    expect([status, stderr]).toEqual([0, expect.any(String)]);
    const template = readFileSync(join(folder, 'EvercertDns.template.json'), 'utf8');
    for (const part of [RENEW, second, 'evercert-1', 'hostedzone/Z1', 'hostedzone/Z2'])
      expect(template).toContain(part);
    rmSync(folder, { recursive: true });
  });

  it.each([
    [{ externalId: 'evercert-1' }, `renewRoleArns is missing; give -c renewRoleArns='${RENEW}'`],
    // Without it the role would be for every zone.
    [
      { renewRoleArns: RENEW, hostedZoneId: 'Z1' },
      'unknown key "hostedZoneId"; evercert knows renewRoleArns, externalId, roleName, hostedZoneIds, cnameTargets, stackName',
    ],
  ])('says in a sentence what it lacks, or has too much: %j', (context, sentence) => {
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
