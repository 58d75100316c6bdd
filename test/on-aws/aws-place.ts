import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { ACMClient } from '@aws-sdk/client-acm';
import { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { Route53Client } from '@aws-sdk/client-route-53';
import { DeleteSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import type { EvercertConfig } from '../../infra/app-config.ts';
import { type CdkRun, cdk } from '../deploy/cdk.ts';
import { invoke } from '../deploy/invoke.ts';
import { lookAtAws } from '../interop/aws-view.ts';
import { listLeftovers } from './leftovers.ts';
import { askAll, openPoints } from './open-points.ts';
import type { Options } from './options.ts';
import type { Place } from './walk.ts';

/** Its secrets and its stack are told apart from those of a deployment that is used. */
const PREFIX = 'evercert-on-aws';
const STACK = 'EvercertOnAws';
const ISSUER = 'staging';

/** A name that no zone of an account serves, and that no CA issues anything for. */
export const REFUSED = 'evercert-test.example.com';

/** What each command may take, seconds: CloudFormation waits 35 minutes for a custom resource. */
const LONGEST = 45 * 60;

export interface AwsPlace extends Place {
  /** Asks what the documentation leaves open, while the stack is there. */
  ask(say: (line: string) => void): Promise<void>;
  stop(): void;
}

/** Bootstraps if that was never done. Credentials and endpoints come from the environment, as everywhere. */
export async function awsPlace(options: Options): Promise<AwsPlace> {
  const { domain, email, hostedZoneId, regions } = options;
  const [region = ''] = regions;
  const apex = `evercert-test.${domain}`;
  const folder = mkdtempSync(join(tmpdir(), 'evercert-on-aws-'));
  const configFile = join(folder, 'evercert.config.mjs');
  const context = ['-c', `config=${configFile}`];
  const configure = (certificates: readonly EvercertConfig['certificates'][number][]) => {
    const config: EvercertConfig = {
      stackName: STACK,
      region,
      prefix: PREFIX,
      renewer: PREFIX,
      execution: 'durable',
      hostedZoneIds: [hostedZoneId],
      issuers: { [ISSUER]: { authority: 'letsencrypt-staging', email } },
      certificates: [...certificates],
    };
    writeFileSync(configFile, `export const config = ${JSON.stringify(config)};\n`);
  };
  const environment: CdkRun['environment'] = { ...definedOnly(process.env), HOME: process.env['HOME'] ?? folder };
  const run = { environment, seconds: LONGEST };
  const aws = lookAtAws(PREFIX);
  const lambda = new LambdaClient({ region });
  const route53 = new Route53Client({});
  const secrets = new SecretsManagerClient({ region });
  const cloudFormation = new CloudFormationClient({ region });
  const logs = new CloudWatchLogsClient({ region });
  const sts = new STSClient({ region });
  const acm = new Map(regions.map((each) => [each, new ACMClient({ region: each })]));
  const acmIn = (each: string) => acm.get(each) ?? new ACMClient({ region: each });
  const clients = [lambda, route53, secrets, cloudFormation, logs, sts, ...acm.values()];
  const stop = () => {
    aws.close();
    for (const client of clients) client.destroy();
    rmSync(folder, { recursive: true, force: true });
  };
  configure([]);
  let scan = '';
  /** As last deployed, so that a removal synthesizes nothing. */
  let assembly = '';
  let deployments = 0;
  try {
    const { Account } = await sts.send(new GetCallerIdentityCommand({}));
    // Without an app, also none of cdk.json's, because it would be run.
    const { CDK_APP: _app, ...withoutApp } = environment;
    await cdk(['bootstrap', `aws://${Account}/${region}`], { ...run, environment: withoutApp, folder });
  } catch (error) {
    stop();
    throw error;
  }
  return {
    domain,
    regions,
    issuer: ISSUER,
    refusedName: REFUSED,
    aws,
    byHand: `aws cloudformation delete-stack --region ${region} --stack-name ${STACK}`,
    deploy: async (certificates) => {
      configure(certificates);
      deployments += 1;
      assembly = join(folder, `assembly-${deployments}`);
      const outputs = join(folder, 'outputs.json');
      const places = ['--output', assembly, '--outputs-file', outputs];
      await cdk(['deploy', ...context, '--require-approval', 'never', ...places], run);
      const all = JSON.parse(readFileSync(outputs, 'utf8')) as Record<string, Record<string, string>>;
      scan = all[STACK]?.['ScanFunctionName'] ?? scan;
      return all[STACK] ?? {};
    },
    invoke: (functionName, event) => invoke(lambda, functionName, event),
    start: async (functionName, event) => {
      const Payload = JSON.stringify(event);
      await lambda.send(new InvokeCommand({ FunctionName: functionName, InvocationType: 'Event', Payload }));
    },
    destroy: async () => {
      const app = existsSync(join(assembly, 'manifest.json')) ? ['--app', assembly] : context;
      await cdk(['destroy', ...app, '--force'], run);
      // A stack leaves its issuers' accounts. Nobody needs this one any more.
      const account = { SecretId: `${PREFIX}/_issuers/${ISSUER}`, ForceDeleteWithoutRecovery: true };
      await secrets.send(new DeleteSecretCommand(account));
    },
    leftovers: () => {
      const ours = { region, regions, stackName: STACK, prefix: PREFIX, apex, hostedZoneId };
      return listLeftovers(ours, { cloudFormation, logs, secrets, acm: acmIn, aws });
    },
    ask: (say) => {
      const name = `_acme-challenge.probe.${apex}`;
      const on = { route53, lambda, acm: acmIn(region), hostedZoneId, name, apex, functionName: scan, wait };
      return askAll(openPoints(on), say);
    },
    stop,
  };
}

function definedOnly(environment: NodeJS.ProcessEnv): Record<string, string> {
  return Object.fromEntries(
    Object.entries(environment).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
}
