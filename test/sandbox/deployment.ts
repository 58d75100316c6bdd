import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  parseSettings,
  type SettingsInput,
  settingsFromEnvironment,
  settingsToEnvironment,
} from '../../lambdas/core/settings.ts';
import type * as provisionHandler from '../../lambdas/handlers/provision.ts';
import type * as renewHandler from '../../lambdas/handlers/renew.ts';
import type * as scanHandler from '../../lambdas/handlers/scan.ts';
import type { Faults } from './faults.ts';
import type { Iam } from './iam.ts';
import { allowances, dnsRolesOf, type IamRole, rolesOf } from './iam-roles.ts';
import type { FunctionOptions, Invocation, LambdaService } from './lambda.ts';
import type { LambdaHandler } from './lambda-handler.ts';
import { nativeRequire } from './native-require.ts';
import type { DeployedResource, DeployedTemplate } from './template.ts';
import { deployTemplate } from './template.ts';
import type { VirtualClock } from './virtual-clock.ts';

type Kind = 'scan' | 'renew' | 'provision';

/** A synthesized app, read. */
export interface App {
  readonly template: DeployedTemplate;
  /** By physical name; those of other accounts by `dnsRoleName`. */
  readonly roles: Readonly<Record<string, IamRole>>;
  /** Every allowance of every role. */
  readonly grants: readonly string[];
  /** The file that a function's code begins with. */
  bundle(fn: DeployedResource): string;
}

export interface DeployOptions {
  readonly lambda: LambdaService;
  readonly iam: Iam;
  readonly clock: VirtualClock;
  readonly faults: Faults;
  /** What each process of a function gets besides its environment. */
  readonly surroundings: () => Omit<AnySurroundings, 'environment'>;
  /** What only the sandbox needs, or a test wants. */
  readonly settings: SettingsInput;
  /** Whether each invocation, a resume of a durable execution too, is in a process that knows nothing of the last one. */
  readonly coldStarts: boolean;
}

export interface Deployment {
  /** What each function is invoked as: its name, with the alias if there is one. */
  readonly functions: Readonly<Record<Kind, string>>;
  /** The physical names of the functions' roles: in whose name their requests are sent. */
  readonly roles: Readonly<Record<Kind, string>>;
  /** The physical name of the schedule's role. */
  readonly scheduleRole: string;
  readonly environments: Readonly<Record<Kind, Readonly<Record<string, string>>>>;
  /** Events that were discarded, by the ARN of their queue: they failed each time or got too old. */
  readonly deadLetters: readonly { readonly queue: string; readonly event: unknown }[];
  /** The custom resources, in the template's order. */
  readonly customResources: readonly DeployedResource[];
  /** What each of them has as ServiceTimeout; for stacks that a test writes itself. */
  readonly serviceTimeout: unknown;
  /** One run of the schedule: resolves when the scan that it starts is over, with its repetitions. */
  runSchedule(): Promise<Invocation>;
}

const apps = new Map<string, App>();

/** Reads what `synthesizedApp` has written; once in a process. */
export function readApp(folder: string): App {
  const known = apps.get(folder);
  if (known) return known;
  const json = JSON.parse(readFileSync(join(folder, 'Evercert.template.json'), 'utf8'));
  const template = deployTemplate(json, { stackName: 'Evercert', region: 'eu-central-1' });
  const roles = { ...rolesOf(template), ...dnsRolesOf(json.Outputs) };
  const app: App = {
    template,
    roles,
    grants: Object.values(roles).flatMap(allowances.all),
    bundle({ properties }) {
      const { S3Key } = properties['Code'] as { readonly S3Key: string };
      return join(folder, `asset.${S3Key.replace(/\.zip$/, '')}`, 'index.mjs');
    },
  };
  apps.set(folder, app);
  return app;
}

/**
 * Deploys the functions of a template into the sandbox's Lambda. Their code is the bundles' own; only what `handler` takes
 * from its process (the clock, the log) comes from the sandbox.
 */
export function deploy(app: App, options: DeployOptions): Deployment {
  const { template } = app;
  const { lambda, iam, clock, faults } = options;
  const deadLetters: { queue: string; event: unknown }[] = [];
  const functions = new Map<Kind, string>();
  const roles = new Map<Kind, string>();
  const environments = new Map<Kind, Readonly<Record<string, string>>>();

  /** What AWS does with the rights of a role, which nothing of ours asks for. */
  async function letAws(role: string, action: string, resource: string): Promise<boolean> {
    const policy = template
      .resources('AWS::SQS::QueuePolicy')
      .find(({ properties }) => JSON.stringify(properties['PolicyDocument']).includes(`"${resource}"`));
    const resourcePolicy = policy?.properties['PolicyDocument'];
    return clock.run(() => iam.allows(role, { action, resource, ...(resourcePolicy ? { resourcePolicy } : {}) }));
  }

  async function keepDeadLetter(role: string, queue: string, event: unknown): Promise<void> {
    if (await letAws(role, 'sqs:SendMessage', queue)) deadLetters.push({ queue, event });
  }

  for (const fn of template.resources('AWS::Lambda::Function')) {
    const { kind, make } = bundled(app.bundle(fn), String(fn.properties['Handler']));
    const role = roleNameOf(template, fn.properties['Role']);
    const environment = withSettings(environmentOf(fn), options.settings);
    const start = () => make({ ...options.surroundings(), environment });
    const durable = durableOf(fn);
    const handle = inProcesses(start, clock, options.coldStarts);
    const logs = logGroupOf(template, fn);
    const handler: LambdaHandler = async (event, context) => {
      if (!(await iam.mayAssume('lambda.amazonaws.com', role)))
        throw new Error(`The role defined for the function cannot be assumed by Lambda: ${role}`);
      await letAws(role, 'logs:CreateLogStream', `${logs}:log-stream:${context.logStreamName}`);
      await letAws(role, 'logs:PutLogEvents', `${logs}:log-stream:${context.logStreamName}`);
      if (isTraced(fn)) {
        await letAws(role, 'xray:PutTraceSegments', '*');
        await letAws(role, 'xray:PutTelemetryRecords', '*');
      }
      return handle(event, context);
    };
    const alias = template
      .resources('AWS::Lambda::Alias')
      .find(({ properties }) => properties['FunctionName'] === fn.ref);
    const name = alias ? `${fn.ref}:${String(alias.properties['Name'])}` : fn.ref;
    const queue = (fn.properties['DeadLetterConfig'] as { readonly TargetArn: string } | undefined)?.TargetArn;
    lambda.register(name, handler, {
      durable,
      role,
      timeoutMilliseconds: Number(fn.properties['Timeout']) * 1_000,
      ...asyncOptionsOf(template, fn, String(alias?.properties['Name'] ?? '$LATEST')),
      ...(queue === undefined ? {} : { onDiscarded: ({ event }) => keepDeadLetter(role, queue, event) }),
    });
    functions.set(kind, name);
    roles.set(kind, role);
    environments.set(kind, environment);
  }

  async function runSchedule(): Promise<Invocation> {
    const { target, role, context } = scheduleOf(template);
    // In a run: the first answer takes the processor long, and time must not pass meanwhile.
    if (!(await clock.run(() => iam.mayAssume('scheduler.amazonaws.com', role, context))))
      throw new Error(
        `The execution role you provide must allow AWS EventBridge Scheduler to assume the role: ${role}`,
      );
    const event: unknown = JSON.parse(target.Input);
    for (let attempt = 0; attempt <= target.RetryPolicy.MaximumRetryAttempts; attempt += 1) {
      const fault = await faults.at('before', 'scheduler:start', event);
      if (fault) continue;
      if (!(await letAws(role, 'lambda:InvokeFunction', target.Arn))) continue;
      const { invocation } = await lambda.invoke(target.Arn, event, { type: 'Event' });
      return invocation;
    }
    await keepDeadLetter(role, target.DeadLetterConfig.Arn, event);
    throw new Error(`The schedule could not start ${target.Arn}.`);
  }

  const customResources = ['Custom::AcmeIssuer', 'Custom::AcmeCertificate'].flatMap(template.resources);
  return {
    functions: record(functions),
    roles: record(roles),
    scheduleRole: scheduleOf(template).role,
    environments: record(environments),
    deadLetters,
    customResources,
    serviceTimeout: customResources[0]?.properties['ServiceTimeout'],
    runSchedule,
  };
}

type Bundle = Partial<typeof renewHandler & typeof scanHandler & typeof provisionHandler>;
type AnySurroundings = renewHandler.RenewSurroundings & provisionHandler.ProvisionSurroundings;
type Make = (surroundings: AnySurroundings) => LambdaHandler;

/** What a bundle's handler is made of. Throws when it has none of that name, as Lambda would. */
function bundled(file: string, handler: string): { readonly kind: Kind; readonly make: Make } {
  const bundle = nativeRequire(file) as Bundle;
  const name = handler.replace(/^index\./, '');
  if (typeof (bundle as Readonly<Record<string, unknown>>)[name] !== 'function') {
    throw new Error(`Runtime.HandlerNotFound: ${handler} is undefined or not exported`);
  }
  const { createDurableRenew, createRenew, createScan, createProvision } = bundle;
  if (createDurableRenew && name === 'durableHandler') {
    return { kind: 'renew', make: (surroundings) => createDurableRenew(surroundings) as LambdaHandler };
  }
  if (createRenew) return { kind: 'renew', make: createRenew as Make };
  if (createScan) return { kind: 'scan', make: createScan as Make };
  if (createProvision) return { kind: 'provision', make: createProvision as Make };
  throw new Error(`${file} exports nothing that makes a handler.`);
}

/**
 * Processes as Lambda has them: each has one invocation at a time, the last one that was used comes first, and what may have
 * been killed during its invocation is not used again. Or one for each invocation.
 */
function inProcesses(start: () => LambdaHandler, clock: VirtualClock, coldStarts: boolean): LambdaHandler {
  const idle = [start()];
  return async (event, context) => {
    const { deaths } = clock;
    const handler = (coldStarts ? undefined : idle.pop()) ?? start();
    try {
      return await handler(event, context);
    } finally {
      if (deaths === clock.deaths) idle.push(handler);
    }
  };
}

function environmentOf({ properties }: DeployedResource): Readonly<Record<string, string>> {
  return (properties['Environment'] as { readonly Variables: Readonly<Record<string, string>> }).Variables;
}

/** The variables of an environment with some settings changed. */
function withSettings(
  environment: Readonly<Record<string, string>>,
  changes: SettingsInput,
): Readonly<Record<string, string>> {
  const settings = settingsFromEnvironment(environment);
  const before = settingsToEnvironment(settings);
  const after = settingsToEnvironment(parseSettings({ ...settings, ...changes }));
  const changed = Object.entries(after).filter(([name, value]) => before[name] !== value);
  return { ...environment, ...Object.fromEntries(changed) };
}

function durableOf({ properties }: DeployedResource): FunctionOptions['durable'] {
  const config = properties['DurableConfig'] as
    | { readonly ExecutionTimeout: number; readonly RetentionPeriodInDays: number }
    | undefined;
  return config && { executionTimeoutSeconds: config.ExecutionTimeout, retentionDays: config.RetentionPeriodInDays };
}

/** The KMS key of the durable executions' history. */
export function executionKeyOf({ template }: App): string | undefined {
  const configs = template.resources('AWS::Lambda::Function').map(({ properties }) => properties['DurableConfig']);
  const keys = configs.flatMap((config) => (Object(config) as { readonly KMSKeyArn?: string }).KMSKeyArn ?? []);
  return keys[0];
}

function asyncOptionsOf(
  template: DeployedTemplate,
  fn: DeployedResource,
  qualifier: string,
): Required<Pick<FunctionOptions, 'asyncRetries' | 'maximumEventAgeMilliseconds'>> {
  const found = template
    .resources('AWS::Lambda::EventInvokeConfig')
    .find(({ properties }) => properties['FunctionName'] === fn.ref && properties['Qualifier'] === qualifier);
  if (!found) throw new Error(`${fn.logicalId} has no settings for asynchronous invocations of ${qualifier}.`);
  const { MaximumRetryAttempts = 2, MaximumEventAgeInSeconds = 21_600 } = found.properties;
  return {
    asyncRetries: MaximumRetryAttempts as 0 | 1 | 2,
    maximumEventAgeMilliseconds: Number(MaximumEventAgeInSeconds) * 1_000,
  };
}

function isTraced({ properties }: DeployedResource): boolean {
  return (properties['TracingConfig'] as { readonly Mode: string } | undefined)?.Mode === 'Active';
}

/** Its ARN without the `:*` at the end. */
function logGroupOf(template: DeployedTemplate, { properties }: DeployedResource): string {
  const { LogGroup } = properties['LoggingConfig'] as { readonly LogGroup: string };
  const found = template.resources('AWS::Logs::LogGroup').find(({ ref }) => ref === LogGroup);
  if (!found) throw new Error(`The template has no log group ${LogGroup}.`);
  return found.arn.replace(/:\*$/, '');
}

/** The physical name of a role by its ARN. Throws unless the service may assume it. */
function roleNameOf(template: DeployedTemplate, arn: unknown): string {
  return template.resource(template.logicalIdOf(String(arn))).ref;
}

interface ScheduleTarget {
  readonly Arn: string;
  readonly RoleArn: string;
  readonly Input: string;
  readonly RetryPolicy: { readonly MaximumRetryAttempts: number };
  readonly DeadLetterConfig: { readonly Arn: string };
}

interface DeployedSchedule {
  readonly target: ScheduleTarget;
  readonly role: string;
  /** What the role's trust policy is asked about: the group's ARN, not the schedule's. */
  readonly context: Readonly<Record<string, string>>;
}

function scheduleOf(template: DeployedTemplate): DeployedSchedule {
  const [schedule, another] = template.resources('AWS::Scheduler::Schedule');
  if (!schedule || another) throw new Error('The template has not exactly one schedule.');
  const { State: state, GroupName: group = 'default', Target } = schedule.properties;
  if (state !== 'ENABLED') throw new Error('The schedule is not enabled.');
  const target = Target as ScheduleTarget;
  const [, , , region, account] = target.Arn.split(':');
  return {
    target,
    role: roleNameOf(template, target.RoleArn),
    context: {
      'aws:SourceAccount': String(account),
      'aws:SourceArn': `arn:aws:scheduler:${region}:${account}:schedule-group/${group}`,
    },
  };
}

function record<T>(values: ReadonlyMap<Kind, T>): Readonly<Record<Kind, T>> {
  for (const kind of ['scan', 'renew', 'provision']) {
    if (!values.has(kind as Kind)) throw new Error(`The template has no function for ${kind}.`);
  }
  return Object.fromEntries(values) as Record<Kind, T>;
}
