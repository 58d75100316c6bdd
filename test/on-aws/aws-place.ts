import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { Route53Client } from '@aws-sdk/client-route-53';
import { ListSecretsCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import type { EvercertConfig } from '../../infra/app-config.ts';
import { cdk } from '../deploy/cdk.ts';
import { lookAtAws } from '../interop/aws-view.ts';
import { askAll, openPoints } from './open-points.ts';
import type { Options } from './options.ts';
import type { Place } from './walk.ts';

/** Its secrets and its stack are told apart from those of a deployment that is used. */
const PREFIX = 'evercert-on-aws';
const STACK = 'EvercertOnAws';

/** A name that no zone of the account serves: the deployment is refused before anything is ordered. */
const REFUSED = 'evercert-test.example.com';

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
      issuers: { staging: { authority: 'letsencrypt-staging', email } },
      certificates: [...certificates],
    };
    writeFileSync(configFile, `export const config = ${JSON.stringify(config)};\n`);
  };
  const home = process.env['HOME'] ?? folder;
  const environment = { ...definedOnly(process.env), HOME: home };
  const run = { environment, seconds: LONGEST };
  const aws = lookAtAws(PREFIX);
  const lambda = new LambdaClient({ region });
  const route53 = new Route53Client({});
  const secrets = new SecretsManagerClient({ region });
  let scan = '';
  configure([]);
  await cdk(['bootstrap', ...context], run);
  return {
    domain,
    regions,
    issuer: 'staging',
    refusedName: REFUSED,
    aws,
    deploy: async (certificates) => {
      configure(certificates);
      const file = join(folder, 'outputs.json');
      await cdk(['deploy', ...context, '--require-approval', 'never', '--outputs-file', file], run);
      const outputs = (JSON.parse(readFileSync(file, 'utf8')) as Record<string, Record<string, string>>)[STACK] ?? {};
      scan = outputs['ScanFunctionName'] ?? scan;
      return outputs;
    },
    invoke: async (functionName, event) => {
      const command = new InvokeCommand({ FunctionName: functionName, Payload: JSON.stringify(event) });
      const { Payload, FunctionError } = await lambda.send(command);
      const text = Buffer.from(Payload ?? []).toString();
      if (FunctionError !== undefined) throw new Error(`${functionName} failed (${FunctionError}): ${text}`);
      return JSON.parse(text);
    },
    start: async (functionName, event) => {
      const Payload = JSON.stringify(event);
      await lambda.send(new InvokeCommand({ FunctionName: functionName, InvocationType: 'Event', Payload }));
    },
    destroy: async () => {
      await cdk(['destroy', ...context, '--force'], run);
    },
    leftovers: async () => {
      const filter = { Filters: [{ Key: 'name' as const, Values: [`${PREFIX}/`] }], IncludePlannedDeletion: true };
      const { SecretList = [] } = await secrets.send(new ListSecretsCommand(filter));
      const imports = await Promise.all(regions.map((each) => aws.imports(each, `evercert-test.${domain}`)));
      const records = Object.keys(await aws.txtValues(hostedZoneId));
      return [
        ...SecretList.map(({ Name, DeletedDate }) =>
          DeletedDate === undefined
            ? `secret ${Name}: aws secretsmanager delete-secret --region ${region} --secret-id ${Name}`
            : `secret ${Name}, scheduled for deletion (costs nothing)`,
        ),
        ...imports.flat().map(({ arn }) => `import ${arn}: aws acm delete-certificate --certificate-arn ${arn}`),
        ...records
          .filter((name) => name.startsWith('_acme-challenge.') && name.endsWith(`evercert-test.${domain}`))
          .map((name) => `TXT record set ${name} in ${hostedZoneId}`),
      ];
    },
    ask: (say) => {
      const name = `_acme-challenge.probe.evercert-test.${domain}`;
      return askAll(openPoints({ route53, lambda, hostedZoneId, name, functionName: scan, wait }), say);
    },
    stop: () => {
      for (const client of [aws, { close: () => lambda.destroy() }, { close: () => route53.destroy() }]) client.close();
      secrets.destroy();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function definedOnly(environment: NodeJS.ProcessEnv): Record<string, string> {
  return Object.fromEntries(
    Object.entries(environment).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
}
