import { CfnOutput, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import type { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { Alias, type Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import type { AssumedRole } from '../lambdas/core/dns-role.ts';
import type { PrivateCa } from '../lambdas/core/private-ca.ts';
import { variableOf } from '../lambdas/core/settings.ts';
import { Alarms } from './alarms.ts';
import { alertsTopic, letAlarmsPublish } from './alerts-topic.ts';
import { expectAlone } from './alone-in-stack.ts';
import type { CertificateRenewerProps } from './certificate-renewer-props.ts';
import { allowCheckpoints } from './checkpoints.ts';
import { dashboard } from './dashboard.ts';
import { deadLetterQueue } from './dead-letters.ts';
import { definedOnly } from './defined-only.ts';
import { assumeStatement } from './dns-permissions.ts';
import { addDnsRoleOutputs } from './dns-role-outputs.ts';
import { acknowledgeDestinations, acknowledgeWildcards } from './findings.ts';
import { bundledFunction } from './function-bundle.ts';
import { expectNoAlias } from './key-not-alias.ts';
import {
  bindingStatement,
  networkStatements,
  provisionStatements,
  renewStatements,
  type Scope,
  scanStatements,
  secretsKeyStatement,
  startStatement,
} from './permissions.ts';
import { MOST_LAYERS, PRIVATE_CA_FOLDER, privateCaLayer } from './private-ca-layer.ts';
import { PROVISION_EVENT_AGE } from './provision-timeout.ts';
import { refusal } from './refusal.ts';
import { renewRolePath } from './renew-principal.ts';
import { durableConfigOf, environmentOf, percentOf, settingsOf } from './renewer-settings.ts';
import { hourlySchedule } from './schedule.ts';
import { secretArnPattern } from './secret-arns.ts';

/**
 * The engine: scans all certificates once an hour and renews those that are due. One per account and region is enough for
 * all stacks; certificates are added by `AcmeCertificate`.
 */
export class CertificateRenewer extends Construct {
  /** Looks at every certificate and starts renewals: `{}`, or `{"certificates": ["name"], "force": true}`. */
  readonly scanFunction: LambdaFunction;
  /** One renewal. To be invoked through `renewAlias`, because running executions belong to a version. */
  readonly renewFunction: LambdaFunction;
  readonly renewAlias: Alias;
  /** Handles `Custom::AcmeIssuer` and `Custom::AcmeCertificate`. */
  readonly provisionFunction: LambdaFunction;
  readonly alertsTopic: ITopic;
  readonly encryptionKey: IKey | undefined;
  /** The keys of yours that secrets may be under, by ARN. */
  readonly secretsKeyArns: readonly string[];
  /** The dimension of the metrics that scans write for each certificate; `undefined` where they don't. */
  readonly certificateMetrics: { readonly renewer: string } | undefined;

  private readonly names = new Set<string>();
  private readonly dnsRoleArns = new Set<string>();
  private readonly renewer: string;
  private readonly cnameTargets: readonly string[];
  private privateCas = 0;
  private bindings: PolicyStatement | undefined;
  private dnsRoles: PolicyStatement | undefined;

  constructor(scope: Construct, id: string, props: CertificateRenewerProps = {}) {
    super(scope, id);
    const stack = Stack.of(this);
    const { execution = 'durable', encryptionKey, logRetention = RetentionDays.THREE_MONTHS } = props;
    const durable = execution === 'durable';
    const settings = settingsOf(props, execution);
    expectAlone(stack, settings.renewer);
    const minimumRemainingShare = percentOf(props.minimumRemainingShare ?? 20);
    this.encryptionKey = encryptionKey;
    const keys = [...(encryptionKey ? [encryptionKey] : []), ...(props.otherEncryptionKeys ?? [])];
    for (const key of keys) expectNoAlias(key);
    this.secretsKeyArns = keys.map(({ keyArn }) => keyArn);
    this.certificateMetrics = settings.certificateMetrics ? { renewer: settings.renewer } : undefined;

    const scanLetters = deadLetterQueue(this, 'ScanDeadLetters');
    // Durable executions have none, and are never repeated: decision 2.
    const renewLetters = durable ? undefined : deadLetterQueue(this, 'RenewDeadLetters');
    const provisionLetters = deadLetterQueue(this, 'ProvisionDeadLetters');
    const network = definedOnly({
      vpc: props.vpc,
      vpcSubnets: props.vpcSubnets,
      securityGroups: props.securityGroups && [...props.securityGroups],
    });
    const maxEventAge = Duration.hours(1);
    const asyncRetries = { retryAttempts: 2, maxEventAge };

    // Another id means another function: CloudFormation would fail to add durability to an existing one in place.
    this.renewFunction = bundledFunction(this, durable ? 'Renew' : 'RenewDirect', {
      handlerFile: 'renew',
      handler: durable ? 'durableHandler' : 'handler',
      description: 'Renews one certificate',
      timeout: Duration.minutes(15),
      environment: environmentOf(settings, { encryptionKey }),
      logRetention,
      network,
      rolePath: renewRolePath(settings.renewer),
      ...(renewLetters ? { deadLetterQueue: renewLetters } : {}),
      ...(durable ? { durableConfig: durableConfigOf(props) } : {}),
    });
    // Running executions are pinned to their version. What an update made that is rolled back goes again: Lambda publishes no
    // second version of the same code, so that the next attempt would fail.
    // https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-attribute-deletionpolicy.html
    this.renewFunction.currentVersion.applyRemovalPolicy(RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE);
    this.renewAlias = new Alias(this, durable ? 'RenewLive' : 'RenewDirectLive', {
      aliasName: 'live',
      version: this.renewFunction.currentVersion,
      ...(durable ? { maxEventAge } : asyncRetries),
    });
    if (durable) allowCheckpoints(this, this, this.secretsKeyArns);

    const environment = environmentOf(settings, { encryptionKey, renewFunctionArn: this.renewAlias.functionArn });
    this.scanFunction = bundledFunction(this, 'Scan', {
      handlerFile: 'scan',
      handler: 'handler',
      description: 'Starts the renewal of each certificate that is due',
      timeout: Duration.minutes(10),
      environment,
      deadLetterQueue: scanLetters,
      logRetention,
      network,
      asyncRetries,
    });
    this.provisionFunction = bundledFunction(this, 'Provision', {
      handlerFile: 'provision',
      handler: 'handler',
      description: 'Custom resources: issuers and certificates',
      timeout: Duration.minutes(15),
      environment,
      deadLetterQueue: provisionLetters,
      logRetention,
      network,
      asyncRetries: { ...asyncRetries, maxEventAge: PROVISION_EVENT_AGE },
    });
    hourlySchedule(this, 'Schedule', this.scanFunction, scanLetters);

    const granted: Scope = {
      stack,
      prefix: settings.prefix,
      renewer: settings.renewer,
      adoptedSecrets: (props.adoptedSecrets ?? []).map((secret) => secretArnPattern(secret, stack)),
      hostedZoneIds: (props.hostedZones ?? []).map(({ hostedZoneId }) => hostedZoneId),
      cnameTargets: settings.cnameTargets,
    };
    grant(this.scanFunction, scanStatements(granted));
    grant(this.renewFunction, renewStatements(granted));
    grant(this.provisionFunction, provisionStatements(granted));
    for (const starter of [this.scanFunction, this.provisionFunction])
      grant(starter, [startStatement(this.renewAlias.functionArn)]);
    if (keys.length > 0) {
      for (const reader of [this.renewFunction, this.provisionFunction])
        grant(reader, [secretsKeyStatement(this.secretsKeyArns, stack)]);
    }
    if (props.vpc) {
      for (const fn of [this.scanFunction, this.renewFunction, this.provisionFunction])
        grant(fn, networkStatements(stack));
    }
    for (const secret of props.externalAccountBindings ?? []) this.allowBinding(secret);
    this.renewer = settings.renewer;
    this.cnameTargets = settings.cnameTargets;
    for (const roleArn of props.dnsRoleArns ?? []) this.allowDnsRole({ roleArn });
    for (const role of settings.dnsRoles) this.allowDnsRole(role);
    acknowledgeDestinations(this);

    this.alertsTopic = props.alertsTopic ?? alertsTopic(this);
    letAlarmsPublish(this.alertsTopic, stack);
    const watched = { scan: this.scanFunction, renew: this.renewFunction, renewer: settings.renewer };
    new Alarms(this, 'Alarms', {
      ...watched,
      topic: this.alertsTopic,
      deadLetterQueues: [scanLetters, ...(renewLetters ? [renewLetters] : []), provisionLetters],
      durable,
      minimumRemainingShare,
    });
    if (props.dashboard ?? true) dashboard(this, 'Dashboard', { ...watched, minimumRemainingShare });
    this.addOutputs();
  }

  /**
   * Takes a name for an issuer or a certificate of this stack. Refuses one that is taken: two custom resources would
   * fight for one secret.
   */
  takeName(kind: 'issuer' | 'certificate', name: string): void {
    const taken = `${kind} ${name}`;
    if (this.names.has(taken)) throw refusal(`there are two ${kind}s of the name ${name}: give one another name`);
    this.names.add(taken);
  }

  /** Lets scans ask the CA of an issuer for renewal information although it is not reached like a public one. */
  reachPrivateCa(issuer: string, ca: PrivateCa): void {
    this.privateCas += 1;
    if (this.privateCas > MOST_LAYERS) {
      throw refusal(
        `issuer ${issuer}: one renewer takes at most ${MOST_LAYERS} issuers with caBundle, allowPrivateAddresses or allowHttp; make another CertificateRenewer for it, with a renewer of its own`,
      );
    }
    this.scanFunction.addLayers(privateCaLayer(this, issuer, ca));
    this.scanFunction.addEnvironment(variableOf('privateCaFolder'), PRIVATE_CA_FOLDER);
  }

  /** Lets renewals read the secret of an external account binding, by name or ARN. */
  allowBinding(secret: string): void {
    const arn = secretArnPattern(secret, Stack.of(this));
    if (this.bindings) {
      this.bindings.addResources(arn);
      return;
    }
    this.bindings = bindingStatement([arn]);
    grant(this.renewFunction, [this.bindings]);
    grant(this.provisionFunction, [this.bindings]);
  }

  /** Lets renewals assume a role in another account, and prints what that account needs. */
  allowDnsRole({ roleArn, externalId }: AssumedRole): void {
    if (this.dnsRoleArns.has(roleArn)) return;
    this.dnsRoleArns.add(roleArn);
    if (this.dnsRoles) this.dnsRoles.addResources(roleArn);
    else {
      this.dnsRoles = assumeStatement([roleArn]);
      grant(this.renewFunction, [this.dnsRoles]);
    }
    const { renewer, cnameTargets } = this;
    addDnsRoleOutputs(Stack.of(this), { roleArn, externalId }, { renewer, cnameTargets });
  }

  /** Under these very names in the stack's outputs; those of the first renewer, if a stack has two. */
  private addOutputs(): void {
    const stack = Stack.of(this);
    if (stack.node.tryFindChild('ScanFunctionName')) return;
    new CfnOutput(stack, 'ScanFunctionName', { value: this.scanFunction.functionName });
    new CfnOutput(stack, 'RenewFunctionArn', { value: this.renewAlias.functionArn });
    new CfnOutput(stack, 'RenewRoleArn', { value: this.renewFunction.role?.roleArn ?? '' });
    new CfnOutput(stack, 'AlertsTopicArn', { value: this.alertsTopic.topicArn });
  }
}

function grant(fn: LambdaFunction, statements: readonly PolicyStatement[]): void {
  for (const statement of statements) fn.addToRolePolicy(statement);
  if (fn.role) acknowledgeWildcards(fn.role, statements);
}
