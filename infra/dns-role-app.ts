import { App } from 'aws-cdk-lib';
import { DnsRoleStack } from './dns-role.ts';
import { runApp } from './run-app.ts';

/**
 * The role for evercert in an account that has zones:
 *
 * ```sh
 * npx cdk deploy --app 'node infra/dns-role-app.ts' -c renewRoleArn=arn:… [-c externalId=…] [-c hostedZoneIds=Z1,Z2]
 * ```
 */
function synthesize(): void {
  const app = new App({ autoSynth: false });
  const text = (name: string): string | undefined => app.node.tryGetContext(name) as string | undefined;
  const list = (name: string): string[] | undefined => text(name)?.split(',');
  const given = Object.entries({
    renewRoleArn: text('renewRoleArn'),
    externalId: text('externalId'),
    roleName: text('roleName'),
    hostedZoneIds: list('hostedZoneIds'),
    cnameTargets: list('cnameTargets'),
  }).filter(([, value]) => value !== undefined);
  new DnsRoleStack(app, text('stackName') ?? 'EvercertDns', { role: Object.fromEntries(given) as never });
  app.synth();
}

await runApp(synthesize);
