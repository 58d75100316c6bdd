import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Duration, RemovalPolicy } from 'aws-cdk-lib';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Architecture, type DurableConfig, type FunctionOptions, Runtime, Tracing } from 'aws-cdk-lib/aws-lambda';
import { type BundlingOptions, LogLevel, NodejsFunction, OutputFormat } from 'aws-cdk-lib/aws-lambda-nodejs';
import { LogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { acknowledgeTracing } from './findings.ts';
import { refusal } from './refusal.ts';

const PROJECT = join(import.meta.dirname, '..');

/**
 * Everything is bundled, the AWS SDK as well: what runs is what the lock file names and the tests ran. esbuild runs on this
 * machine; without it in node_modules, CDK would go for Docker.
 */
const BUNDLING: BundlingOptions = {
  minify: true,
  format: OutputFormat.ESM,
  target: 'node24',
  mainFields: ['module', 'main'],
  externalModules: [],
  logLevel: LogLevel.ERROR,
  // Licences are shipped beside the code, where no cold start parses them.
  esbuildArgs: {
    '--legal-comments': 'external',
    '--alias:@aws-sdk/credential-provider-node': join(PROJECT, 'lambdas/aws/function-credentials.ts'),
  },
  // CommonJS packages in an ES module: they require Node's own modules.
  banner: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
};

/** As `Function` of CDK has them. */
export type FunctionNetwork = Pick<FunctionOptions, 'vpc' | 'vpcSubnets' | 'securityGroups'>;

export interface FunctionBundleProps {
  /** `lambdas/handlers/<handlerFile>.ts`. */
  readonly handlerFile: string;
  readonly handler: string;
  readonly description: string;
  readonly timeout: Duration;
  readonly environment: Readonly<Record<string, string>>;
  readonly deadLetterQueue?: Queue;
  readonly logRetention: RetentionDays;
  /** The VPC; Lambda's own network when there is none in it. */
  readonly network: FunctionNetwork;
  /** Of the role; `/` when left out. */
  readonly rolePath?: string;
  readonly durableConfig?: DurableConfig;
  /** For asynchronous invocations without a qualifier; an alias has its own. */
  readonly asyncRetries?: { readonly retryAttempts: number; readonly maxEventAge: Duration };
}

/**
 * One of our functions. Its role may write to its own log group, its dead-letter queue if it has one, and X-Ray; everything
 * else is added by permissions.ts. CDK's own role would have the right to write to every log group of the account.
 */
export function bundledFunction(scope: Construct, id: string, props: FunctionBundleProps): NodejsFunction {
  const { handlerFile, logRetention, rolePath, network, asyncRetries, ...rest } = props;
  const entry = join(PROJECT, 'lambdas/handlers', `${handlerFile}.ts`);
  if (!existsSync(join(PROJECT, 'node_modules/esbuild'))) {
    throw refusal('esbuild is not in node_modules, and without it CDK bundles in Docker: run npm ci');
  }
  const role = new Role(scope, `${id}Role`, {
    assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
    description: `evercert: ${props.description}`,
    ...(rolePath === undefined ? {} : { path: rolePath }),
  });
  const logGroup = new LogGroup(scope, `${id}Logs`, { retention: logRetention, removalPolicy: RemovalPolicy.DESTROY });
  logGroup.grantWrite(role);
  acknowledgeTracing(role);
  return new NodejsFunction(scope, id, {
    ...rest,
    ...network,
    ...asyncRetries,
    entry,
    projectRoot: PROJECT,
    depsLockFilePath: join(PROJECT, 'package-lock.json'),
    bundling: BUNDLING,
    runtime: Runtime.NODEJS_24_X,
    architecture: Architecture.ARM_64,
    memorySize: 512,
    role,
    logGroup,
    tracing: Tracing.ACTIVE,
    awsSdkConnectionReuse: false,
  });
}
