/**
 * The CDK app: `npx cdk deploy -c domain=leane.dev -c email=ops@leane.dev`, or `-c config=evercert.config.ts` for more.
 * Synthesizing needs neither a network nor credentials.
 */
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { App } from 'aws-cdk-lib';
import { messageOf } from '../lambdas/core/failure.ts';
import { parseConfig } from './app-config.ts';
import { readContext } from './app-context.ts';
import { EvercertStack } from './evercert-stack.ts';
import { refusal } from './refusal.ts';
import { expectKnownRegion } from './regions.ts';
import { runApp } from './run-app.ts';

/** As the CDK CLI: it sets the variables from the AWS profile, and this region where the profile has none. */
const REGION = process.env['CDK_DEFAULT_REGION'] ?? process.env['AWS_REGION'] ?? 'us-east-1';
const ACCOUNT = process.env['CDK_DEFAULT_ACCOUNT'];

async function define(app: App): Promise<void> {
  const request = readContext(app.node.getAllContext());
  const config = parseConfig('file' in request ? await load(request.file) : request.config);
  const region = config.region ?? REGION;
  expectKnownRegion(region, 'configuration: region');
  const env = { region, ...(ACCOUNT === undefined ? {} : { account: ACCOUNT }) };
  new EvercertStack(app, config.stackName, { env, tags: config.tags, config });
}

/** The export `config` of a TypeScript or JavaScript module. */
async function load(file: string): Promise<unknown> {
  let module: { readonly config?: unknown };
  try {
    module = await import(pathToFileURL(resolve(file)).href);
  } catch (error) {
    throw refusal(`context: config: ${file} can not be loaded: ${messageOf(error)}`);
  }
  if (module.config === undefined) throw refusal(`context: config: ${file} has no export named config`);
  return module.config;
}

await runApp(define);
